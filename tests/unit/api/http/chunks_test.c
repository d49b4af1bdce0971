#include "api/http/chunks.h"

#include "unit/check.h"

#include <stdio.h>

/* Decodes in place, in steps, the way a connection does: what was decoded moves up. */
static void
decode(const char *data, size_t size, size_t step, char *text, size_t text_size)
{
    struct http_chunks chunks;
    enum http_parsed parsed = HTTP_MORE;
    char *buffer = malloc(size + 1);
    size_t given = 0, used = 0;

    http_chunks_init(&chunks);
    while (parsed == HTTP_MORE && given < size) {
        size_t part = size - given < step ? size - given : step;

        memcpy(buffer + chunks.decoded, data + given, part);
        parsed = http_chunks_decode(&chunks, buffer + chunks.decoded, part, buffer, &used);
        given += parsed == HTTP_PARSED ? used : part;
    }
    if (parsed == HTTP_REFUSED)
        snprintf(text, text_size, "%d %s", chunks.refusal->status, chunks.refusal->code);
    else if (parsed == HTTP_MORE)
        snprintf(text, text_size, "more");
    else
        snprintf(text, text_size, "%.*s, %zu left", (int)chunks.decoded, buffer, size - given);
    free(buffer);
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
    ROW("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello, 0 left"),
    ROW("several chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello, 0 left"),
    ROW("an empty body", "0\r\n\r\n", ", 0 left"),
    ROW("the next request stays", "1\r\nx\r\n0\r\n\r\nGET /", "x, 5 left"),
    ROW("sizes in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
        "01234567890123456789, 0 left"),
    ROW("leading zeros, up to eight digits", "00000001\r\nx\r\n000\r\n\r\n", "x, 0 left"),
    ROW("extensions are skipped", "1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n", "x, 0 left"),
    ROW("data may hold anything", "4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r, 0 left"),
    ROW("not complete", "5\r\nhel", "more"),
    ROW("no last line", "0\r\n", "more"),
    ROW("nine digits", "000000001\r\nx\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("a prefix 0x", "0x5\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("a plus sign", "+5\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("a minus sign", "-5\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("a space before", " 5\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("a space after", "5 \r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("no size", "\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("only an extension", ";a\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("huge", "ffffffff\r\n", "413 http.body_too_large"),
    ROW("one byte too many", "10001\r\n", "413 http.body_too_large"),
    ROW("the largest is accepted", "10000\r\n", "more"),
    ROW("together too many", "ffff\r\n", "more"),
    ROW("bare LF after the size", "5\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("bare LF after the data", "5\r\nhello\n0\r\n\r\n", "400 http.chunk"),
    ROW("bare LF in an extension", "5;a\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("NUL in an extension", "5;\0\r\nhello\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("data longer than its size", "5\r\nhelloo\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("data shorter than its size", "5\r\nhell\r\n0\r\n\r\n", "400 http.chunk"),
    ROW("trailers", "0\r\nX: y\r\n\r\n", "400 http.chunk"),
    ROW("garbage for the last line", "0\r\nG", "400 http.chunk"),
    ROW("bare LF as the last line", "0\r\n\n", "400 http.chunk"),
};

static void
test_rows(void **state)
{
    static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 5};
    char got[128], label[128];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t j = 0; j < COUNT_OF(steps); j++) {
            snprintf(label, sizeof label, "%s (in steps of %zu)", rows[i].name, steps[j]);
            decode(rows[i].text, rows[i].size, steps[j], got, sizeof got);
            check_string(label, got, rows[i].want);
        }
    }
}

static void
test_extension_bounds(void **state)
{
    char text[600], got[64];
    int size;

    for (int count = 254; count <= 255; count++) {
        size = snprintf(text, sizeof text, "1;%0*d\r\nx\r\n0;\r\n\r\n", count, 0);
        decode(text, (size_t)size, 7, got, sizeof got);
        check_string("256 bytes of extensions in all are the limit", got,
                     count == 254 ? "x, 0 left" : "400 http.chunk");
    }
}

static void
test_total(void **state)
{
    static char text[65536 + 64];
    size_t at = 0;
    char got[64];

    at += (size_t)sprintf(text + at, "fffe\r\n");
    memset(text + at, 'x', 0xfffe);
    at += 0xfffe;
    at += (size_t)sprintf(text + at, "\r\n3\r\nabc\r\n0\r\n\r\n");
    decode(text, at, 1000, got, sizeof got);
    check_string("chunks that are too much together", got, "413 http.body_too_large");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_extension_bounds),
        cmocka_unit_test(test_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
