"""Requests that two servers could read in two ways, and good ones that look odd.

REFUSED: name, bytes, status. Exactly one answer may come, and the connection must be closed, whatever
follows. Some hold a second request, to /smuggled, where a careless reader would find one.
ACCEPTED: name, bytes, statuses of all its answers, methods of the requests.
"""

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LENGTH = len(SMUGGLED)


def post(*headers, body=b""):
    return (b"POST /echo HTTP/1.1\r\nHost: a\r\n" + b"".join(h + b"\r\n" for h in headers) +
            b"\r\n" + body)


def get(*headers, line=b"GET /echo HTTP/1.1"):
    return line + b"\r\nHost: a\r\n" + b"".join(h + b"\r\n" for h in headers) + b"\r\n"


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


ZERO_THEN_SMUGGLED = b"0\r\n\r\n" + SMUGGLED

REFUSED = [
    # Which length?
    ("two equal lengths", post(b"Content-Length: 1", b"Content-Length: 1", body=b"x"), 400),
    ("two lengths, the first shorter",
     post(b"Content-Length: 0", b"Content-Length: %d" % LENGTH, body=SMUGGLED), 400),
    ("two lengths, the second shorter",
     post(b"Content-Length: %d" % LENGTH, b"Content-Length: 0", body=SMUGGLED), 400),
    ("a list of lengths", post(b"Content-Length: 0, %d" % LENGTH, body=SMUGGLED), 400),
    ("a signed length", post(b"Content-Length: +%d" % LENGTH, body=SMUGGLED), 400),
    ("a negative length", post(b"Content-Length: -1", body=SMUGGLED), 400),
    ("a hexadecimal length", post(b"Content-Length: 0x1", body=SMUGGLED), 400),
    ("an empty length", post(b"Content-Length:", body=SMUGGLED), 400),
    ("a length with a space within", post(b"Content-Length: 1 0", body=SMUGGLED), 400),
    ("a length past 64 bits", post(b"Content-Length: 18446744073709551617", body=b"x"), 413),
    ("length, then coding", post(b"Content-Length: %d" % len(ZERO_THEN_SMUGGLED),
                                 b"Transfer-Encoding: chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("coding, then length", post(b"Transfer-Encoding: chunked", b"Content-Length: 4",
                                 body=b"%x\r\n%s\r\n0\r\n\r\n" % (LENGTH, SMUGGLED)), 400),
    # Which coding?
    ("xchunked", post(b"Transfer-Encoding: xchunked", body=ZERO_THEN_SMUGGLED), 400),
    ("identity", post(b"Transfer-Encoding: identity", body=ZERO_THEN_SMUGGLED), 400),
    ("gzip, chunked", post(b"Transfer-Encoding: gzip, chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("chunked, identity", post(b"Transfer-Encoding: chunked, identity", body=ZERO_THEN_SMUGGLED), 400),
    ("chunked twice in a line", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 400),
    ("chunked in two lines", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
                                  body=b"0\r\n\r\n"), 400),
    ("chunked, then another coding", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: cow",
                                          body=ZERO_THEN_SMUGGLED), 400),
    ("chunked and a space", post(b"Transfer-Encoding: chunked ", body=b"0\r\n\r\n"), 400),
    ("a tab and chunked", post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"), 400),
    ("a vertical tab and chunked", post(b"Transfer-Encoding: \x0bchunked", body=ZERO_THEN_SMUGGLED), 400),
    ("chunked in capitals", post(b"Transfer-Encoding: CHUNKED", body=b"0\r\n\r\n"), 400),
    ("chunked in quotes", post(b'Transfer-Encoding: "chunked"', body=ZERO_THEN_SMUGGLED), 400),
    ("an empty coding", post(b"Transfer-Encoding:", body=ZERO_THEN_SMUGGLED), 400),
    ("space before the coding's colon", post(b"Transfer-Encoding : chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("a folded coding", post(b"Transfer-Encoding:\r\n chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("a coding behind a bare LF", post(b"X: y\nTransfer-Encoding: chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("a coding behind a bare CR", post(b"X: y\rTransfer-Encoding: chunked", body=ZERO_THEN_SMUGGLED), 400),
    ("a coding in HTTP/1.0", b"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
     ZERO_THEN_SMUGGLED, 400),
    # Chunks.
    ("a chunk size with 0x", chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size with a sign", chunked(b"+5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a negative chunk size", chunked(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a space before a chunk size", chunked(b" 5\r\nhello\r\n0\r\n\r\n"), 400),
    ("a space after a chunk size", chunked(b"5 \r\nhello\r\n0\r\n\r\n"), 400),
    ("a huge chunk", chunked(b"fffffff0\r\nhello"), 413),
    ("a chunk size that overflows", chunked(b"100000000\r\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk size past 64 bits", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    ("too many chunks together", chunked(b"8000\r\n" + b"x" * 0x8000 + b"\r\n8001\r\n"), 413),
    ("bare LF after a chunk size", chunked(b"5\nhello\r\n0\r\n\r\n"), 400),
    ("bare LF after chunk data", chunked(b"5\r\nhello\n0\r\n\r\n"), 400),
    ("bare LF in an extension", chunked(b"5;a\nhello\r\n0\r\n\r\n"), 400),
    ("bare CR in an extension", chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), 400),
    ("extensions without end", chunked(b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("garbage after chunk data", chunked(b"5\r\nhelloworld\r\n0\r\n\r\n"), 400),
    ("garbage instead of a size", chunked(b"zz\r\nhello\r\n0\r\n\r\n"), 400),
    ("an empty chunk size", chunked(b"\r\nhello\r\n0\r\n\r\n"), 400),
    ("trailers", chunked(b"0\r\nX: y\r\n\r\n"), 400),
    ("a length in the trailers", chunked(b"0\r\nContent-Length: 5\r\n\r\n"), 400),
    # Bodies where none belongs.
    ("GET with a body", get(b"Content-Length: %d" % LENGTH) + SMUGGLED, 400),
    ("HEAD with a body", get(b"Content-Length: %d" % LENGTH, line=b"HEAD /echo HTTP/1.1") + SMUGGLED, 400),
    ("DELETE with a body", get(b"Content-Length: %d" % LENGTH, line=b"DELETE /e HTTP/1.1") + SMUGGLED, 400),
    ("OPTIONS with a body", get(b"Content-Length: %d" % LENGTH, line=b"OPTIONS * HTTP/1.1") + SMUGGLED, 400),
    ("GET with chunks", get(b"Transfer-Encoding: chunked") + ZERO_THEN_SMUGGLED, 400),
    ("HEAD with chunks", get(b"Transfer-Encoding: chunked", line=b"HEAD /e HTTP/1.1") + ZERO_THEN_SMUGGLED, 400),
    # Lines.
    ("a folded header", get(b"X: a", b" b"), 400),
    ("a header folded by a tab", get(b"X: a", b"\tb"), 400),
    ("space before the first header", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    ("bare LF everywhere", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("bare LF after a header", b"GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    ("bare LF as the empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ("bare CR in a value", get(b"X: a\rb"), 400),
    ("bare CR as a line end", b"GET / HTTP/1.1\rHost: a\r\r\n\r\n", 400),
    ("NUL in a value", get(b"X: good\0evil"), 400),
    ("NUL in a name", get(b"X\0: y"), 400),
    ("a control character in a value", get(b"X: \x01"), 400),
    ("DEL in a value", get(b"X: \x7f"), 400),
    ("space before a colon", get(b"X : y"), 400),
    ("tab before a colon", get(b"X\t: y"), 400),
    ("an empty header name", get(b": y"), 400),
    ("a header without a colon", get(b"X"), 400),
    ("8-bit in a header name", get(b"X\xe4: y"), 400),
    ("parentheses in a header name", get(b"X(y): z"), 400),
    # Hosts.
    ("two equal Hosts", get(b"Host: a"), 400),
    ("two Hosts", get(b"Host: b"), 400),
    ("no Host", b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("a Host with a user", b"GET / HTTP/1.1\r\nHost: b@a\r\n\r\n", 400),
    ("a list of Hosts", b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    # Request lines.
    ("absolute form", get(line=b"GET http://evil/ HTTP/1.1"), 400),
    ("authority form", get(line=b"CONNECT a:443 HTTP/1.1"), 400),
    ("asterisk form for GET", get(line=b"GET * HTTP/1.1"), 400),
    ("a target without a slash", get(line=b"GET echo HTTP/1.1"), 400),
    ("a target of two slashes", get(line=b"GET //evil/p HTTP/1.1"), 400),
    ("parent segments", get(line=b"GET /a/../b HTTP/1.1"), 400),
    ("escaped parent segments", get(line=b"GET /a/%2e%2e/b HTTP/1.1"), 400),
    ("an escaped slash", get(line=b"GET /a%2fb HTTP/1.1"), 400),
    ("an escaped NUL", get(line=b"GET /a%00 HTTP/1.1"), 400),
    ("an escaped line end in a query", get(line=b"GET /a?b=%0d%0aX:y HTTP/1.1"), 400),
    ("a bad escape", get(line=b"GET /a%zz HTTP/1.1"), 400),
    ("a fragment", get(line=b"GET /a#b HTTP/1.1"), 400),
    ("8-bit in the target", get(line=b"GET /\xc3\xa4 HTTP/1.1"), 400),
    ("NUL in the target", get(line=b"GET /\0 HTTP/1.1"), 400),
    ("two spaces before the target", get(line=b"GET  / HTTP/1.1"), 400),
    ("two spaces before the version", get(line=b"GET /  HTTP/1.1"), 400),
    ("a tab for a space", get(line=b"GET\t/ HTTP/1.1"), 400),
    ("a space after the version", get(line=b"GET / HTTP/1.1 "), 400),
    ("a space before the method", get(line=b" GET / HTTP/1.1"), 400),
    ("no version (HTTP/0.9)", b"GET /\r\n\r\n", 400),
    ("a lower-case version", get(line=b"GET / http/1.1"), 400),
    ("a version with blanks", get(line=b"GET / HTTP/ 1.1"), 400),
    ("HTTP/1.2", get(line=b"GET / HTTP/1.2"), 505),
    ("HTTP/2.0 in words", get(line=b"GET / HTTP/2.0"), 505),
    ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("an unknown method", get(line=b"BREW / HTTP/1.1"), 501),
    ("a method in small letters", get(line=b"get / HTTP/1.1"), 501),
    ("two empty lines before", b"\r\n\r\n" + get(), 400),
    ("a bare LF before", b"\n" + get(), 400),
    ("an unknown expectation", post(b"Expect: 200-ok", b"Content-Length: 1", body=b"x"), 417),
    # Limits.
    ("a request line of 16385 bytes", get(line=b"GET /" + b"x" * 16369 + b" HTTP/1.1"), 414),
    ("headers of 8193 bytes", get(b"X: " + b"x" * 8177), 431),
    ("101 header fields", get(*[b"X%d: y" % i for i in range(100)]), 431),
    ("a body of 64 KiB and a byte", post(b"Content-Length: 65537"), 413),
    ("33 parameters", get(line=b"GET /?" + b"&".join(b"a%d" % i for i in range(33)) + b" HTTP/1.1"), 400),
]

CLOSE = b"Connection: close"

ACCEPTED = [
    ("GET", get(CLOSE), [200], ["GET"]),
    ("HEAD has no body", get(CLOSE, line=b"HEAD /fixed HTTP/1.1"), [200], ["HEAD"]),
    ("OPTIONS in asterisk form", get(CLOSE, line=b"OPTIONS * HTTP/1.1"), [200], ["OPTIONS"]),
    ("HTTP/1.0 without Host closes", b"GET /echo HTTP/1.0\r\n\r\n" + get(), [200], ["GET"]),
    ("HTTP/1.0 with keep-alive closes as well",
     b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get(), [200], ["GET"]),
    ("nothing is answered after close", get(CLOSE) + get(), [200], ["GET"]),
    ("an empty line before", b"\r\n" + get(CLOSE), [200], ["GET"]),
    ("an empty line between two", get() + b"\r\n" + get(CLOSE), [200, 200], []),
    ("two pipelined", get() + get(CLOSE), [200, 200], []),
    ("HEAD, GET, HEAD, 204, 304, GET pipelined",
     get(line=b"HEAD /fixed HTTP/1.1") + get(line=b"GET /fixed HTTP/1.1") +
     get(line=b"HEAD /stream HTTP/1.1") + get(line=b"GET /status?code=204 HTTP/1.1") +
     get(line=b"GET /status?code=304 HTTP/1.1") + get(CLOSE),
     [200, 200, 200, 204, 304, 200], ["HEAD", "GET", "HEAD", "GET", "GET", "GET"]),
    ("good, bad, good pipelined", get() + get(b"Host: b") + get(CLOSE), [200, 400], []),
    ("slow and fast pipelined stay in order",
     get(line=b"GET /slow?ms=50 HTTP/1.1") + get() + get(line=b"GET /slow?ms=10 HTTP/1.1") + get(CLOSE),
     [200, 200, 200, 200], []),
    ("a slow one, then a bad one", get(line=b"GET /slow?ms=50 HTTP/1.1") + get(b"X : y") + get(), [200, 400], []),
    ("stream, big and small pipelined",
     get(line=b"GET /stream HTTP/1.1") + get(line=b"GET /big HTTP/1.1") + get(CLOSE), [200, 200, 200], []),
    ("POST and GET pipelined", post(b"Content-Length: 5", body=b"hello") + get(CLOSE), [200, 200], []),
    ("chunked POST and GET pipelined", chunked(b"5\r\nhello\r\n0\r\n\r\n") + get(CLOSE), [200, 200], []),
    ("a body that looks like a request is a body",
     post(b"Content-Length: %d" % LENGTH, body=SMUGGLED) + get(CLOSE), [200, 200], []),
    ("chunks that look like a request are a body",
     chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (LENGTH, SMUGGLED)) + get(CLOSE), [200, 200], []),
    ("100-continue, the body at once",
     post(b"Expect: 100-continue", b"Content-Length: 5", CLOSE, body=b"hello"), [200], []),
    ("GET with Content-Length 0", get(b"Content-Length: 0", CLOSE), [200], []),
    ("the longest request line", get(CLOSE, line=b"GET /" + b"x" * 8176 + b" HTTP/1.1"), [200], []),
    ("the longest headers", get(b"X: " + b"x" * 8157, CLOSE), [200], []),
    ("the longest body", post(b"Content-Length: 65536", CLOSE, body=b"x" * 65536), [200], []),
    ("the longest body in chunks of one byte",
     post(b"Transfer-Encoding: chunked", CLOSE, body=b"1\r\nx\r\n" * 4096 + b"0\r\n\r\n"), [200], []),
    ("8-bit in a header value", get(b"X: \xc3\xa4", CLOSE), [200], []),
]
