#include "api/answer/cors.h"

#include "unit/check.h"

#include <string.h>

static const struct {
    const char *name, *setting;
    bool good;
} settings[] = {
    {"everybody",                  "*",                                           true },
    {"nobody",                     "none",                                        true },
    {"one",                        "https://app.example",                         true },
    {"with a port",                "http://localhost:3000",                       true },
    {"an address",                 "http://[::1]:3000",                           true },
    {"several, spaced",            " https://a.example , http://b.example:8080,", true },
    {"an app's own scheme",        "capacitor://localhost",                       true },
    {"a slash at its end",         "https://app.example/",                        false},
    {"a path",                     "https://app.example/chart",                   false},
    {"capitals",                   "https://App.example",                         false},
    {"no scheme",                  "app.example",                                 false},
    {"no host",                    "https://",                                    false},
    {"no number behind the colon", "https://app.example:",                        false},
    {"a port that is none",        "https://app.example:x",                       false},
    {"an address without its end", "http://[::1",                                 false},
    {"everybody among others",     "https://app.example,*",                       false},
    {"null, which anybody can be", "null",                                        false},
    {"a line end",                 "https://app.example\r\nX: y",                 false},
};

static void
a_setting_that_could_never_match_is_refused(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        struct error err = {.kind = ERROR_NONE};
        struct cors cors;

        check_int(settings[i].name, cors_parse(settings[i].setting, arena, &cors, &err),
                  settings[i].good);
        check_string(settings[i].name, settings[i].good ? "" : err.code,
                     settings[i].good ? "" : "settings.invalid");
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *setting, *origin, *allowed;
    bool varies;
} pages[] = {
    {"all: any page",          "*",                                   "https://a.example",        "*",                 false},
    {"all: no page",           "*",                                   NULL,                       "*",                 false},
    {"none: any page",         "none",                                "https://a.example",        NULL,                false},
    {"listed",                 "https://a.example,https://b.example", "https://b.example",        "https://b.example",
     true                                                                                                                   },
    {"not listed",             "https://a.example",                   "https://b.example",        NULL,                true },
    {"no page",                "https://a.example",                   NULL,                       NULL,                true },
    {"begins as a listed one", "https://a.example",                   "https://a.example.evil",   NULL,                true },
    {"ends as a listed one",   "https://a.example",                   "http://https://a.example", NULL,                true },
    {"another port",           "https://a.example",                   "https://a.example:444",    NULL,                true },
};

static void
a_page_may_read_what_its_origin_is_allowed(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct bytes origin = {pages[i].origin, pages[i].origin ? strlen(pages[i].origin) : 0};
        struct bytes lines;
        struct error err;
        struct cors cors;
        char *want;

        check_true(pages[i].name, cors_parse(pages[i].setting, arena, &cors, &err));
        lines = cors_lines(&cors, origin);
        check_int(pages[i].name, cors_varies(&cors), pages[i].varies);
        if (!pages[i].allowed) {
            check_int(pages[i].name, (int64_t)lines.size, 0);
            continue;
        }
        want = arena_printf(arena, "Access-Control-Allow-Origin: %s\r\n", pages[i].allowed);
        check_true(pages[i].name,
                   lines.size > strlen(want) && memcmp(lines.data, want, strlen(want)) == 0);
        check_true("each line has its end", memcmp(lines.data + lines.size - 2, "\r\n", 2) == 0);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *requested;
    bool echoed;
} requested_headers[] = {
    {"one",                  "x-cg-demo-api-key",                           true },
    {"several",              "authorization, x-stainless-os,if-none-match", true },
    {"none",                 "",                                            false},
    {"a value with a colon", "x: y",                                        false},
    {"an 8-bit character",   "x-\xc3\xa4",                                  false},
    {"in quotes",            "\"x\"",                                       false},
};

static void
a_preflight_is_told_the_headers_it_asked_for_if_they_are_names(void **state)
{
    struct arena *arena = arena_create(1024);

    for (size_t i = 0; i < COUNT_OF(requested_headers); i++) {
        const char *asked = requested_headers[i].requested;
        const char *want = arena_printf(
            arena,
            "Access-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Max-Age: 86400\r\n%s%s%s",
            requested_headers[i].echoed ? "Access-Control-Allow-Headers: " : "",
            requested_headers[i].echoed ? asked : "", requested_headers[i].echoed ? "\r\n" : "");
        struct text head;

        text_init(&head, arena, 16);
        cors_add_preflight(&head, "GET, HEAD", (struct bytes){asked, strlen(asked)});
        check_string(requested_headers[i].name, text_finish(&head).data, want);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_that_could_never_match_is_refused),
        cmocka_unit_test(a_page_may_read_what_its_origin_is_allowed),
        cmocka_unit_test(a_preflight_is_told_the_headers_it_asked_for_if_they_are_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
