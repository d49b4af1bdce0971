#include "api/http/parser.h"

#include "unit/check.h"

#include <stdio.h>

#define HOST "Host: a\r\n"

/* What one way of feeding found out, as text that can be compared. */
static void
describe(const struct http_parser *parser, enum http_parsed parsed, const char *data, char *text,
         size_t size)
{
    if (parsed == HTTP_MORE)
        snprintf(text, size, "more");
    else if (parsed == HTTP_REFUSED)
        snprintf(text, size, "%d %s", parser->refusal->status, parser->refusal->code);
    else
        snprintf(text, size, "%s %.*s head=%d fields=%d length=%u%s%s%s%s",
                 http_method_name(parser->method), parser->target.size,
                 data + parser->target.offset, parser->head_bytes, parser->field_count,
                 parser->content_length, parser->chunked ? " chunked" : "",
                 parser->version_10 ? " 1.0" : "", parser->close ? " close" : "",
                 parser->expects_continue ? " continue" : "");
}

/* Feeds in steps of `step` bytes, each time from a copy that lies elsewhere and ends exactly. */
static void
feed(const char *data, size_t size, size_t step, char *text, size_t text_size)
{
    struct http_parser parser;
    enum http_parsed parsed = HTTP_MORE;
    char *copy = NULL;

    http_parser_init(&parser);
    for (size_t end = step; parsed == HTTP_MORE; end += step) {
        size_t now = end < size ? end : size;

        free(copy);
        copy = malloc(now ? now : 1);
        memcpy(copy, data, now);
        parsed = http_parser_feed(&parser, copy, now);
        if (now == size)
            break;
    }
    describe(&parser, parsed, copy, text, text_size);
    free(copy);
}

static void
check_all_splits(const char *name, const char *data, size_t size, const char *want)
{
    static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 7, 16, 61};
    char got[256], label[200];

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        snprintf(label, sizeof label, "%s (in steps of %zu)", name, steps[i]);
        feed(data, size, steps[i], got, sizeof got);
        check_string(label, got, want);
    }
}

#define ROW(name, text, want)                                                                      \
    {                                                                                              \
        name, text, sizeof(text) - 1, want                                                         \
    }

static const struct {
    const char *name;
    const char *text;
    size_t size;
    const char *want;
} rows[] = {
    /* Good ones. */
    ROW("a plain request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / head=27 fields=1 length=0"),
    ROW("bytes after the head are not looked at", "GET / HTTP/1.1\r\nHost: a\r\n\r\n\n\n\0",
        "GET / head=27 fields=1 length=0"),
    ROW("one empty line before is skipped", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / head=29 fields=1 length=0"),
    ROW("every method", "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS /x head=32 fields=1 length=0"),
    ROW("asterisk form for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * head=31 fields=1 length=0"),
    ROW("a host with port and brackets", "GET / HTTP/1.1\r\nhOST: [::1]:80\r\n\r\n",
        "GET / head=34 fields=1 length=0"),
    ROW("a body by length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n",
        "POST / head=51 fields=2 length=65536"),
    ROW("leading zeros in a length change nothing",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\n",
        "POST / head=50 fields=2 length=5"),
    ROW("a chunked body", "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / head=56 fields=2 length=0 chunked"),
    ROW("GET with Content-Length 0", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET / head=46 fields=2 length=0"),
    ROW("HTTP/1.0 needs no Host and closes", "GET / HTTP/1.0\r\n\r\n",
        "GET / head=18 fields=0 length=0 1.0 close"),
    ROW("HTTP/1.0 expectations are ignored", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n",
        "GET / head=29 fields=1 length=0 1.0 close"),
    ROW("close among other connection options",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: te , CLOSE\r\n\r\n",
        "GET / head=51 fields=2 length=0 close"),
    ROW("an option that only contains close",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n",
        "GET / head=47 fields=2 length=0"),
    ROW("100-continue", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n",
        "PUT / head=49 fields=2 length=0 continue"),
    ROW("tabs, empty values and bytes above 127 in values",
        "GET / HTTP/1.1\r\nHost: a\r\nX:\tv \t\r\nY:\r\nZ: \xc3\xa4\r\n\r\n",
        "GET / head=46 fields=4 length=0"),
    /* Not complete. */
    ROW("nothing yet", "", "more"),
    ROW("only an empty line", "\r\n", "more"),
    ROW("half a request line", "GET / HT", "more"),
    ROW("no empty line yet", "GET / HTTP/1.1\r\nHost: a\r\n", "more"),
    /* Request lines. */
    ROW("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "400 http.request_line"),
    ROW("a bare LF before", "\nGET / HTTP/1.1\r\n", "400 http.request_line"),
    ROW("a CR without LF before", "\rGET / HTTP/1.1\r\n", "400 http.request_line"),
    ROW("a TLS hello is refused at its first byte", "\x16\x03\x01", "400 http.request_line"),
    ROW("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 http.target"),
    ROW("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "400 http.request_line"),
    ROW("CR CR LF", "GET / HTTP/1.1\r\r\n", "400 http.request_line"),
    ROW("no version", "GET /\r\n", "400 http.request_line"),
    ROW("only a method", "GET\r\n", "400 http.request_line"),
    ROW("two spaces before the target", "GET  / HTTP/1.1\r\n", "400 http.request_line"),
    ROW("two spaces after the target", "GET /  HTTP/1.1\r\n", "400 http.request_line"),
    ROW("a tab as separator", "GET\t/ HTTP/1.1\r\n", "400 http.request_line"),
    ROW("a space after the version", "GET / HTTP/1.1 \r\n", "400 http.request_line"),
    ROW("a space before the method", " GET / HTTP/1.1\r\n", "400 http.request_line"),
    ROW("lower-case version", "GET / http/1.1\r\n", "400 http.request_line"),
    ROW("a version with two digits", "GET / HTTP/1.10\r\n", "400 http.request_line"),
    ROW("a version with a comma", "GET / HTTP/1,1\r\n", "400 http.request_line"),
    ROW("HTTP/1.2 is unknown", "GET / HTTP/1.2\r\n", "505 http.version"),
    ROW("HTTP/2.0 is unknown", "GET / HTTP/2.0\r\n", "505 http.version"),
    ROW("HTTP/0.9 is unknown", "GET / HTTP/0.9\r\n", "505 http.version"),
    ROW("an unknown method", "BREW / HTTP/1.1\r\n", "501 http.method"),
    ROW("methods have a case", "get / HTTP/1.1\r\n", "501 http.method"),
    ROW("a method with a bad byte", "G@T / HTTP/1.1\r\n", "400 http.request_line"),
    ROW("8-bit in the target", "GET /\xc3\xa4 HTTP/1.1\r\n", "400 http.request_line"),
    ROW("NUL in the target", "GET /\0 HTTP/1.1\r\n", "400 http.request_line"),
    ROW("DEL in the target", "GET /\x7f HTTP/1.1\r\n", "400 http.request_line"),
    ROW("absolute form", "GET http://a/ HTTP/1.1\r\n", "400 http.target"),
    ROW("authority form", "CONNECT a:80 HTTP/1.1\r\n", "400 http.target"),
    ROW("asterisk form for GET", "GET * HTTP/1.1\r\n", "400 http.target"),
    ROW("asterisk and more", "OPTIONS *x HTTP/1.1\r\n", "400 http.target"),
    /* Header lines. */
    ROW("a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "400 http.header"),
    ROW("a folded line by tab", "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", "400 http.header"),
    ROW("space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 http.header"),
    ROW("bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400 http.header"),
    ROW("bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400 http.header"),
    ROW("bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "400 http.header"),
    ROW("CR CR LF after a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", "400 http.header"),
    ROW("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "400 http.header"),
    ROW("NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", "400 http.header"),
    ROW("vertical tab before a coding",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\vchunked\r\n\r\n", "400 http.header"),
    ROW("space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400 http.header"),
    ROW("an empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400 http.header"),
    ROW("no colon", "GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n", "400 http.header"),
    ROW("a space in a name", "GET / HTTP/1.1\r\nHost: a\r\nfoo bar: x\r\n\r\n", "400 http.header"),
    ROW("8-bit in a name", "GET / HTTP/1.1\r\nHost: a\r\nf\xc3\xb6: x\r\n\r\n", "400 http.header"),
    ROW("no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", "400 http.host"),
    ROW("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 http.host"),
    ROW("an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "400 http.host"),
    ROW("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 http.host"),
    ROW("a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400 http.host"),
    ROW("two Hosts in one line", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 http.host"),
    ROW("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400 http.host"),
    ROW("an unknown expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n",
        "417 http.expectation"),
    /* Framing. */
    ROW("two equal lengths",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "400 http.framing"),
    ROW("two different lengths",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "400 http.framing"),
    ROW("a list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n",
        "400 http.framing"),
    ROW("an empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "400 http.framing"),
    ROW("a length with a sign", "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n",
        "400 http.framing"),
    ROW("a negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "400 http.framing"),
    ROW("a length in hexadecimal", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n",
        "400 http.framing"),
    ROW("a length with white space after", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 \r\n\r\n",
        "400 http.framing"),
    ROW("a length with two spaces before", "POST / HTTP/1.1\r\n" HOST "Content-Length:  1\r\n\r\n",
        "400 http.framing"),
    ROW("length, then coding",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400 http.framing"),
    ROW("coding, then length",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "400 http.framing"),
    ROW("coding with a length of 0",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "400 http.framing"),
    ROW("an unknown coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n",
        "400 http.framing"),
    ROW("identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
        "400 http.framing"),
    ROW("chunked twice in a line",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n",
        "400 http.framing"),
    ROW("chunked in two lines",
        "POST / HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400 http.framing"),
    ROW("gzip, chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
        "400 http.framing"),
    ROW("chunked with a space after",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked \r\n\r\n", "400 http.framing"),
    ROW("chunked after a tab", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\tchunked\r\n\r\n",
        "400 http.framing"),
    ROW("chunked in another case", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n",
        "400 http.framing"),
    ROW("chunked in quotes", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n",
        "400 http.framing"),
    ROW("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400 http.framing"),
    ROW("GET with a body", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", "400 http.body"),
    ROW("HEAD with a body", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n",
        "400 http.body"),
    ROW("DELETE with chunks", "DELETE / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
        "400 http.body"),
    ROW("a body of 64 KiB and a byte", "POST / HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n",
        "413 http.body_too_large"),
    ROW("a length that overflows 64 bits",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n",
        "413 http.body_too_large"),
    ROW("digits first, sign later, is no number",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999x\r\n\r\n", "400 http.framing"),
};

static void
test_rows(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_all_splits(rows[i].name, rows[i].text, rows[i].size, rows[i].want);
}

static char *
repeated(const char *before, char c, size_t count, const char *after, size_t *ret_size)
{
    size_t before_size = strlen(before), after_size = strlen(after);
    char *text = malloc(before_size + count + after_size + 1);

    memcpy(text, before, before_size);
    memset(text + before_size, c, count);
    memcpy(text + before_size + count, after, after_size + 1);
    *ret_size = before_size + count + after_size;
    return text;
}

static void
test_limits(void **state)
{
    static const struct {
        const char *name, *before;
        size_t count;
        const char *after, *want;
    } limits[] = {
        {"a request line of 16385 bytes",  "GET /",                            16385 - 16, " HTTP/1.1\r\n",
         "414 http.request_line_too_long"                                                                                                      },
        {"a request line without end",     "GET /",                            17000,      "",              "414 http.request_line_too_long"   },
        {"headers of 8193 bytes",          "GET / HTTP/1.1\r\nHost: a\r\nX: ", 8193 - 16,  "\r\n\r\n",
         "431 http.headers_too_large"                                                                                                          },
        {"a header without end",           "GET / HTTP/1.1\r\nX: ",            9000,       "",              "431 http.headers_too_large"       },
        {"headers of 8192 bytes are fine", "GET / HTTP/1.1\r\nHost: a\r\nX: ", 8192 - 16,
         "\r\n\r\n",                                                                                        "GET / head=8208 fields=2 length=0"},
    };

    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        size_t size;
        char *text = repeated(limits[i].before, 'x', limits[i].count, limits[i].after, &size);

        check_all_splits(limits[i].name, text, size, limits[i].want);
        free(text);
    }
}

static void
test_longest_request_line(void **state)
{
    size_t size;
    char *text = repeated("GET /", 'x', 16384 - 16, " HTTP/1.1\r\nHost: a\r\n\r\n", &size);
    struct http_parser parser;

    http_parser_init(&parser);
    check_int("a request line of 16384 bytes is fine", http_parser_feed(&parser, text, size),
              HTTP_PARSED);
    check_int("its target is whole", parser.target.size, 16384 - 15);
    free(text);
}

static void
test_field_count(void **state)
{
    char text[4096];

    for (int count = 100; count <= 101; count++) {
        size_t size = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");

        for (int i = 1; i < count; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "a%d: b\r\n", i);
        size += (size_t)snprintf(text + size, sizeof text - size, "\r\n");
        if (count == 100)
            check_all_splits("100 fields are fine", text, size,
                             "GET / head=810 fields=100 length=0");
        else
            check_all_splits("101 fields are too many", text, size, "431 http.headers_too_large");
    }
}

static void
test_fields(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Y: \t v w \t\r\nEmpty:\r\n\r\n";
    static const char *const want[][2] = {
        {"Host",  "a"  },
        {"X-Y",   "v w"},
        {"Empty", ""   }
    };
    struct http_parser parser;

    http_parser_init(&parser);
    assert_int_equal(http_parser_feed(&parser, text, sizeof text - 1), HTTP_PARSED);
    assert_int_equal(parser.field_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        struct bytes name = http_slice_bytes(text, parser.fields[i].name);
        struct bytes value = http_slice_bytes(text, parser.fields[i].value);
        char copy[32];

        snprintf(copy, sizeof copy, "%.*s", (int)name.size, name.data);
        check_string("a name is as it was sent", copy, want[i][0]);
        snprintf(copy, sizeof copy, "%.*s", (int)value.size, value.data);
        check_string("a value has no white space around it", copy, want[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_longest_request_line),
        cmocka_unit_test(test_field_count),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
