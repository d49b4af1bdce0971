#include "api/http/answer.h"

#include "unit/check.h"

#include <unistd.h>

static void
test_header_values(void **state)
{
    static const struct {
        const char *name, *value, *want;
    } rows[] = {
        {"a value is copied",                "application/json",   "X: application/json\r\n"},
        {"an empty value is one",            "",                   "X: \r\n"                },
        {"a line end cannot begin a header", "a\r\nSet-Cookie: b", "X: a  Set-Cookie: b\r\n"},
        {"other controls become spaces",     "a\x01\x7f\vb",       "X: a   b\r\n"           },
        {"tabs and bytes above 127 stay",    "a\tb\xc3\xa4",       "X: a\tb\xc3\xa4\r\n"    },
    };
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text block;

        text_init(&block, arena, 16);
        http_header_add(&block, "X", rows[i].value);
        check_string(rows[i].name, text_finish(&block).data, rows[i].want);
    }
    arena_destroy(arena);
}

static void
count_release(void *context)
{
    ++*(int *)context;
}

static void
test_shared_body(void **state)
{
    int released = 0;
    struct http_body *body = http_body_wrap("abc", 3, count_release, &released);

    check_true("holding returns the body", http_body_hold(body) == body);
    http_body_release(body);
    check_int("one reference is left", released, 0);
    http_body_release(body);
    check_int("the last one releases what was wrapped", released, 1);
    http_body_release(NULL);
}

static void
test_copied_body(void **state)
{
    char text[] = "abc";
    struct http_body *body = http_body_copy(text, 3);

    text[0] = 'x';
    check_true("a copy does not change with its source",
               body->size == 3 && memcmp(body->data, "abc", 3) == 0);
    http_body_release(body);
}

static void
test_body_in_file(void **state)
{
    static char large[HTTP_BODY_FILE_MIN];
    char beginning[4] = "";
    int released = 0;
    struct http_body *body = http_body_wrap("abc", 3, count_release, &released), *moved;

    check_true("a short one stays where it is", http_body_into_file(body) == body);
    http_body_release(body);
    memcpy(large, "abc", 3);
    large[sizeof large - 1] = 'z';
    moved = http_body_into_file(http_body_wrap(large, sizeof large, count_release, &released));
    check_int("what it was made from is given back", released, 2);
    check_true("the same bytes",
               moved->size == sizeof large && memcmp(moved->data, large, sizeof large) == 0);
    check_true("also in the file",
               pread(moved->file, beginning, 3, 0) == 3 && strcmp(beginning, "abc") == 0);
    check_true("again is once", http_body_into_file(moved) == moved);
    http_body_release(moved);
}

static void
test_status_text(void **state)
{
    check_string("a known status", http_status_text(431), "Request Header Fields Too Large");
    check_string("an unknown one has a text as well", http_status_text(299), "Status");
}

/* Clients parse this, so it is JSON whatever the refusal. */
static void
test_refusal(void **state)
{
    const struct http_refusal refusal = {400, "http.host", "Exactly one."};
    struct arena *arena = arena_create(1024);
    struct http_answer answer = {0};

    http_answer_refusal(&refusal, arena, &answer);
    check_int("the status is that of the refusal", answer.status, 400);
    check_contains("it is a problem document", answer.headers[0].data, "application/problem+json");
    check_string("with the usual members", answer.content.data,
                 "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                 "\"detail\":\"Exactly one.\",\"code\":\"http.host\"}\n");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_values), cmocka_unit_test(test_shared_body),
        cmocka_unit_test(test_copied_body),   cmocka_unit_test(test_status_text),
        cmocka_unit_test(test_body_in_file),  cmocka_unit_test(test_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
