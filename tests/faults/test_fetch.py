"""What ingest/fetch.c makes of an upstream that breaks HTTP, TLS or the rules of the network."""
import concurrent.futures
import datetime
import gzip
import ipaddress
import ssl
import threading
import time
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fetching import Fetcher
from raw_server import RawServer, reset, wait_gone

GOOD = b'{"price":"1.25","symbol":"BTCUSDT"}'
ZIPPED = gzip.compress(GOOD, mtime=0)


def answer(body=GOOD, *headers, status=b"200 OK", length=None):
    lines = [b"HTTP/1.1 " + status, b"Content-Type: application/json", *headers]
    if length is None:
        length = len(body)
    return b"\r\n".join(lines) + b"\r\nContent-Length: %d\r\n\r\n" % length + body


def chunked(body=GOOD, first=None, last=b"0\r\n\r\n"):
    first = b"%x" % len(body) if first is None else first
    return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + first + b"\r\n" + body +
            b"\r\n" + last)


@pytest.fixture
def server():
    upstream = RawServer()
    yield upstream
    upstream.stop()


@pytest.fixture
def fetcher():
    probe = Fetcher(timeout_ms=4000)
    yield probe
    probe.stop()


def sends(server, data, end="fin"):
    """Answers the first request with `data`, then ends the connection this way."""
    def play(connection):
        server.read_request(connection)
        connection.sendall(data)
        if end == "rst":
            reset(connection)
        elif end == "hang":
            wait_gone(connection)
    server.play = play


# Cut off.

CUT = {
    "with a length": answer(),
    "in chunks": chunked(),
    "zipped": answer(ZIPPED, b"Content-Encoding: gzip"),
    "zipped, in chunks": chunked(ZIPPED).replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n", 1),
}


@pytest.mark.parametrize("how", CUT)
def test_an_answer_cut_off_at_any_byte_is_no_answer(server, fetcher, how):
    """Closed or reset at any byte of status line, headers, framing and body: never taken for whole."""
    whole = CUT[how]
    for end in ("fin", "rst"):
        sends(server, whole)
        assert fetcher.get(server.url)["body"] == GOOD.decode()
        for size in range(len(whole)):
            sends(server, whole[:size], end)
            found = fetcher.get(server.url)
            if "chunks" in how and size == len(whole) - 1 and found["ok"]:
                assert found["body"] == GOOD.decode()  # but for the last line feed it was whole
                continue
            assert not found["ok"] and found["kind"] == "retry", (end, size, found)
            assert found["code"] in ("fetch.truncated", "fetch.protocol"), (end, size, found)


def test_a_connection_that_ends_before_anything_is_asked_is_no_answer(server, fetcher):
    """Closed and reset right after the accept: a failure that may heal, each time, and at once."""
    for play in (lambda connection: None, reset):
        server.play = play
        found = fetcher.get(server.url)
        assert found["kind"] == "retry" and found["code"] in ("fetch.truncated", "fetch.connect")
        assert found["ms"] < 2000


# Framing that is wrong.

BROKEN = {
    "a length that is too long": answer(length=99),
    "a negative length": answer(length=-5),
    "a length that is a word": answer().replace(b"-Length: %d" % len(GOOD), b"-Length: ten"),
    "a chunk's size that is a word": chunked(first=b"zz"),
    "a negative chunk": chunked(first=b"-10"),
    "a chunk's size beyond 64 bits": chunked(first=b"ffffffffffffffff1"),
    "a chunk that is longer than it says": chunked(first=b"5"),
    "a chunk that is shorter than it says": chunked(first=b"50"),
    "no last chunk": chunked(last=b""),
    "a body without a head": GOOD,
    "a status of two digits": answer(status=b"20 OK"),
    "a status of four digits": answer(status=b"2000 OK"),
    "a status that is a word": answer(status=b"fine OK"),
    "a version that does not exist": answer().replace(b"HTTP/1.1", b"HTTP/7.3"),
    "a NUL in a header": answer(GOOD, b"X: a\0b"),
    "zipped, it says, but it is not": answer(GOOD, b"Content-Encoding: gzip"),
    "a checksum that is wrong": answer(ZIPPED[:-8] + b"12345678", b"Content-Encoding: gzip"),
    "bytes behind the zipped ones": answer(ZIPPED + b"more", b"Content-Encoding: gzip"),
    "an encoding that nobody knows": answer(GOOD, b"Content-Encoding: lzw"),
    "zipped ten times": answer(ZIPPED, b"Content-Encoding: " + b",".join([b"gzip"] * 10)),
    "a header of 200 kB": answer(GOOD, b"X: " + b"x" * 200_000),
    "10,000 headers": answer(GOOD, *[b"a: b"] * 10_000),
    "a trailer of 10,000 lines": chunked(last=b"0\r\n" + b"a: b\r\n" * 10_000 + b"\r\n"),
    "2,000 interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000 + answer(),
}


def test_framing_that_is_wrong_is_no_answer(server, fetcher):
    """Wrong lengths, chunks, statuses, versions and encodings: each a failure that may heal, none a body."""
    for name, data in BROKEN.items():
        sends(server, data)
        found = fetcher.get(server.url)
        assert not found["ok"] and found["kind"] == "retry", (name, found)
        assert found["code"] in ("fetch.truncated", "fetch.protocol"), (name, found)
        sends(server, answer())
        assert fetcher.get(server.url)["body"] == GOOD.decode(), f"after {name}"


ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Flood: 0123456789\r\n" * 3000, "fetch.protocol"),
    "one header": (b"HTTP/1.1 200 OK\r\nX-Flood: ", b"x" * 65536, "fetch.protocol"),
    "a status line": (b"HTTP/1.1 200 ", b"x" * 65536, "fetch.protocol"),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000, "fetch.protocol"),
    "chunk extensions": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x" * 65536,
                         "fetch.timeout"),
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536, "fetch.too_large"),
    "a trailer": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n",
                  b"a: b\r\n" * 3000, "fetch.protocol"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_is_given_up(server, what):
    """Headers, one header, interim answers, extensions, a body or a trailer without end: given up in bounded memory."""
    first, more, code = ENDLESS[what]
    sent = []

    def play(connection):
        server.read_request(connection)
        connection.sendall(first)
        while True:
            connection.sendall(more)
            sent.append(len(more))

    server.play = play
    fetcher = Fetcher(timeout_ms=2000, ASAN_OPTIONS="quarantine_size_mb=0:detect_leaks=0")
    before = fetcher.peak_kb()
    found = fetcher.get(server.url)
    grown = fetcher.peak_kb() - before
    print(f"{what}: {sum(sent) >> 20} MiB sent, {found['code']} after {found['ms']} ms,"
          f" {grown / 1024:.1f} MiB of memory")
    assert found["code"] == code and found["ms"] < 4000
    assert grown < 64 * 1024
    fetcher.stop()


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one(server, fetcher):
    """A second answer on a kept connection, and a close of it, cost a new connection and nothing else."""
    wrong, sent = answer(GOOD.replace(b"1.25", b"6.66")), threading.Event()

    def play(connection):
        server.read_request(connection)
        connection.sendall(answer())
        connection.sendall(wrong)
        sent.set()
        while server.read_request(connection):
            connection.sendall(wrong)

    server.play = play
    for _ in range(10):
        assert fetcher.get(server.url)["body"] == GOOD.decode()
        assert sent.wait(10)  # the second one shall have arrived: later it would be an answer like any
        sent.clear()
    assert server.accepted == 10 and len(server.received) == 10


def test_a_kept_connection_is_used_again(server, fetcher):
    """Ten fetches, one connection: what the test above sees is no connection a fetch."""
    def play(connection):
        while server.read_request(connection):
            connection.sendall(answer())

    server.play = play
    for _ in range(10):
        assert fetcher.get(server.url)["ok"]
    assert server.accepted == 1


# Time.

SLOW = {
    "accepts and never answers": b"",
    "falls silent in the status line": b"HTTP/1.1 2",
    "falls silent in the headers": answer()[:40],
    "falls silent in the body": answer()[:-5],
    "falls silent before the last chunk": chunked(last=b""),
}


def test_an_upstream_that_falls_silent_is_given_up():
    """Silent after accept, in status line, headers, body or before the last chunk: given up within the time limit."""
    silent = {name: RawServer() for name in SLOW}
    for name, data in SLOW.items():
        sends(silent[name], data, "hang")
    fetchers = {name: Fetcher(timeout_ms=1500) for name in SLOW}
    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
        found = dict(zip(SLOW, pool.map(lambda name: fetchers[name].get(silent[name].url), SLOW)))
    for name, one in found.items():
        assert one["code"] == "fetch.timeout" and one["kind"] == "retry", (name, one)
        assert one["ms"] < 4000, (name, one)
        fetchers[name].stop()


def test_a_byte_at_a_time_is_given_up(server):
    """Twenty bytes a second in head and body: too slow, given up within the time limit."""
    data = answer(GOOD * 100)

    def play(connection):
        server.read_request(connection)
        for at in range(len(data)):
            connection.sendall(data[at:at + 1])
            time.sleep(0.05)

    server.play = play
    fetcher = Fetcher(timeout_ms=2000)
    found = fetcher.get(server.url)
    assert found["code"] == "fetch.timeout" and found["ms"] < 4000
    fetcher.stop()


# Where it leads.

def test_a_redirect_is_an_answer_and_its_target_is_never_asked(server, fetcher):
    """Every 30x, to another path, port, scheme or file, Refresh and Alt-Svc too: handed over, not followed."""
    other = RawServer(lambda connection: connection.sendall(answer()))
    targets = [f"{other.url}/stolen", f"{server.url}/elsewhere", "/elsewhere", "//127.0.0.1/x",
               "file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "https://127.0.0.1/"]
    for status in (300, 301, 302, 303, 307, 308):
        for target in targets:
            sends(server, answer(b"", b"Location: " + target.encode(), status=b"%d X" % status))
            found = fetcher.get(server.url, "/asked", key="canary-4711")
            assert found["ok"] and found["status"] == status, found
    sends(server, answer(GOOD, b"Refresh: 0; url=" + other.url.encode(),
                         f'Alt-Svc: h2="127.0.0.1:{other.port}"'.encode()))
    for _ in range(2):
        assert fetcher.get(server.url, "/asked")["ok"]
    assert other.accepted == 0
    assert {head.split(b" ")[1] for head in server.received} == {b"/asked"}
    other.stop()


PRIVATE = ("127.0.0.1 127.1 127.255.255.254 0x7f000001 0x7f.1 2130706433 017700000001 0177.0.0.1"
           " localhost LOCALHOST 0.0.0.0 0 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1"
           " 169.254.169.254 2852039166 224.0.0.1 255.255.255.255 [::1] [::] [::ffff:127.0.0.1]"
           " [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [64:ff9b::7f00:1]"
           " [2002:7f00:1::1] [fe80::1] [fc00::1] [fd00:ec2::254] [ff02::1]"
           # names that a resolver leads there
           " 127-0-0-1.test 10-0-0-7.test 169-254-169-254.test --1.test --ffff-127.0.0.1.test").split()


def test_no_way_of_writing_a_private_address_gets_through(server):
    """Decimal, octal, hexadecimal, mapped, tunnelled or by a resolver's word: refused before a connection is made."""
    server.play = lambda connection: connection.sendall(answer())
    fetcher = Fetcher(timeout_ms=1000, private=False)
    for host in PRIVATE:
        for url in (f"http://{host}:{server.port}", f"https://{host}:{server.port}"):
            found = fetcher.get(url)
            assert found["code"] == "fetch.private_address", (url, found)
    assert server.accepted == 0
    fetcher.stop()


def test_only_http_is_spoken(server, fetcher, tmp_path):
    """An address of another protocol, or with a proxy in the environment, leads nowhere else."""
    secret = tmp_path / "secret"
    secret.write_text("canary-4711")
    for url in (f"file://{secret}", "gopher://127.0.0.1:1", "ftp://127.0.0.1:1", "dict://127.0.0.1:1",
                "smb://127.0.0.1:1", "telnet://127.0.0.1:1"):
        found = fetcher.get(url)
        assert not found["ok"] and "canary" not in found["body"], found
    sends(server, answer())
    proxied = Fetcher(timeout_ms=2000, http_proxy="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1",
                      ALL_PROXY="http://127.0.0.1:1")
    assert proxied.get(server.url)["ok"]
    proxied.stop()


# Retry-After, as it comes over the wire.

def test_a_retry_after_is_clamped_whatever_it_says(server, fetcher):
    """Seconds, dates, past, huge, negative, garbage: within a second and three days, or as if nothing was said."""
    def date(seconds):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

    rows = [("7", 7000, 7000), (date(30), 28_000, 30_000), (date(-86400), 1000, 1000),
            (date(10 * 86400), 259_200_000, 259_200_000), ("1000000000000", 259_200_000, 259_200_000),
            ("9" * 40, 259_200_000, 259_200_000), ("-5", 1000, 1000), ("0", 1000, 1000),
            ("soon", 0, 0), ("", 0, 0), ("\xff\xfe", 0, 0), ("60 s", 0, 0), ("1e9", 0, 0)]
    for value, least, most in rows:
        sends(server, answer(b"", b"Retry-After: " + value.encode("latin-1"), status=b"429 No"))
        found = fetcher.get(server.url)
        assert least <= found["retry_after_ms"] <= most, (value, found)
    sends(server, answer(b"", status=b"429 No"))
    assert fetcher.get(server.url)["retry_after_ms"] == 0


# The key.

def test_a_key_that_comes_back_is_blanked(server, fetcher):
    """Whole, at the end of a cut body, in a type, in a body that is too large: no answer shows the key it got."""
    key = "canary-4711-abcdef"
    echoes = {
        "in the body": answer(b'{"error":"' + key.encode() + b'"}'),
        "cut off in the middle of it": answer(b'{"error":"canary-4711', length=500),
        "in the content type": answer().replace(b"application/json", b"text/" + key.encode()),
        "many times": answer(key.encode() * 1000),
        "in the status": answer(status=b"403 " + key.encode()),
        "where a body that is too large is cut":
            answer(b" " * (64 * 1024 - 9) + key.encode() + b" " * (9 << 20)),
    }
    for name, data in echoes.items():
        sends(server, data)
        found = fetcher.get(server.url, key=key)
        assert "canary" not in str(found), (name, found)
    assert all(b"x-key: " + key.encode() in head for head in server.received)
    assert not any(key.encode() in head.split(b"\r\n")[0] for head in server.received)


# TLS.

def issue(names, issuer=None, days=(-1, 30)):
    """(certificate, key) for these names; signed by itself without an issuer."""
    now = datetime.datetime.utcnow()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    signer = issuer or (None, key)
    builder = (x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
               .issuer_name(issuer[0].subject if issuer else subject)
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=days[0]))
               .not_valid_after(now + datetime.timedelta(days=days[1])))
    if issuer:
        alternatives = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit()
                        else x509.DNSName(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    else:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    return builder.sign(signer[1], hashes.SHA256()), key


def write_pem(path, certificate, key=None):
    data = certificate.public_bytes(serialization.Encoding.PEM)
    if key:
        data += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption())
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """(folder, issuer): the fetchers of these tests believe it."""
    folder = tmp_path_factory.mktemp("tls")
    issuer = issue(["An authority"])
    write_pem(folder / "ca.pem", issuer[0])
    return folder, issuer


def tls_server(folder, pair, newest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_pem(folder / f"{pair[0].serial_number}.pem", *pair))
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    server = RawServer(tls=context)

    def play(connection):
        server.read_request(connection)
        connection.sendall(answer())

    server.play = play
    return server


def test_a_certificate_that_does_not_hold_is_refused(authority):
    """Expired, another host's, self-signed, a stranger's, TLS 1.0 and 1.1: refused, and no request is sent."""
    folder, issuer = authority
    here = ["127.0.0.1", "localhost"]
    bad = {
        "expired": tls_server(folder, issue(here, issuer, days=(-30, -1))),
        "not yet valid": tls_server(folder, issue(here, issuer, days=(1, 30))),
        "of another host": tls_server(folder, issue(["api.example.com"], issuer)),
        "signed by itself": tls_server(folder, issue(here)),
        "of an unknown authority": tls_server(folder, issue(here, issue(["A stranger"]))),
        "TLS 1.0": tls_server(folder, issue(here, issuer), ssl.TLSVersion.TLSv1),
        "TLS 1.1": tls_server(folder, issue(here, issuer), ssl.TLSVersion.TLSv1_1),
    }
    good = tls_server(folder, issue(here, issuer))
    fetcher = Fetcher(timeout_ms=5000, ca_file=folder / "ca.pem")
    for name, server in bad.items():
        found = fetcher.get(f"https://127.0.0.1:{server.port}", key="canary-4711")
        assert found["code"] == "fetch.tls" and found["kind"] == "retry", (name, found)
        assert server.received == [], f"{name}: a request was sent"
        server.stop()
    found = fetcher.get(f"https://127.0.0.1:{good.port}", key="canary-4711")
    assert found["ok"], found
    fetcher.stop()
    good.stop()


def test_nothing_is_said_in_the_clear_when_tls_fails(server, authority):
    """Plain HTTP, garbage or silence where TLS was due: a failure, and no byte of the request."""
    fetcher = Fetcher(timeout_ms=8000, ca_file=authority[0] / "ca.pem")  # all that there are take seconds on a busy machine
    heard = []

    def play(end):
        def listen(connection):
            heard.append(connection.recv(65536))
            if end is None:
                wait_gone(connection)
            else:
                connection.sendall(end)
        return listen

    for end, code in ((answer(), "fetch.tls"), (b"\x15\x03\x01\x00\x02\x02\x28", "fetch.tls"),
                      (b"\0" * 100, "fetch.tls"), (None, "fetch.timeout")):
        server.play = play(end)
        found = fetcher.get(f"https://127.0.0.1:{server.port}", "/asked", key="canary-4711")
        assert found["code"] == code, (end, found)
    assert len(heard) == 4 and not any(b"GET" in data or b"canary" in data for data in heard)
    fetcher.stop()
