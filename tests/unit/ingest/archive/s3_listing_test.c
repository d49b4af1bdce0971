#include "ingest/archive/s3_listing.h"

#include "unit/check.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define KEY(key) "<Contents><Key>" key "</Key><Size>1</Size></Contents>"
#define TAIL "</ListBucketResult>"

static void
queries_are_written_as_they_are_signed(void **state)
{
    struct arena *arena = arena_create(1024);

    check_string("first", s3_page_query("a/b_c-d.e/", NULL, arena),
                 "?list-type=2&prefix=a%2Fb_c-d.e%2F");
    check_string("next", s3_page_query("", "1/x+y==", arena),
                 "?continuation-token=1%2Fx%2By%3D%3D&list-type=2&prefix=");
    arena_destroy(arena);
}

static const struct {
    const char *name, *xml, *want; /* keys, each with a blank, then "| " and the token */
} rows[] = {
    {"nothing",               HEAD "<IsTruncated>false</IsTruncated>" TAIL,                            "| -"},
    {"two and no more",       HEAD "<IsTruncated>false</IsTruncated>" KEY("x/a.json") KEY("x/b") TAIL,
     "x/a.json x/b | -"                                                                                     },
    {"and more",
     HEAD "<NextContinuationToken>t=1&amp;2</NextContinuationToken>"
          "<IsTruncated>true</IsTruncated>" KEY("a") TAIL,
     "a | t=1&2"                                                                                            },
    {"a key that is escaped", HEAD "<IsTruncated>false</IsTruncated>" KEY("a&amp;b") KEY("c") TAIL,
     "c | -"                                                                                                },
    {"a token of the last",
     HEAD "<NextContinuationToken>t</NextContinuationToken>"
          "<IsTruncated>false</IsTruncated>" KEY("a") TAIL,
     "a | -"                                                                                                },
    {"half a page",           HEAD "<IsTruncated>false</IsTruncated>" KEY("a"),                        NULL },
    {"more, and no token",    HEAD "<IsTruncated>true</IsTruncated>" KEY("a") TAIL,                    NULL },
    {"nobody says whether",   HEAD KEY("a") TAIL,                                                      NULL },
    {"an error",              "<Error><Code>AccessDenied</Code></Error>",                              NULL },
    {"nothing at all",        "",                                                                      NULL },
};

static void
pages_are_read(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct s3_page page;
        struct text got;

        if (!s3_page_read((struct bytes){rows[i].xml, strlen(rows[i].xml)}, arena, &page)) {
            check_string(rows[i].name, NULL, rows[i].want);
        } else {
            text_init(&got, arena, 128);
            for (size_t k = 0; k < page.key_count; k++)
                text_add_format(&got, "%s ", page.keys[k]);
            text_add_format(&got, "| %s", page.next ? page.next : "-");
            check_string(rows[i].name, text_finish(&got).data, rows[i].want);
        }
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_written_as_they_are_signed),
        cmocka_unit_test(pages_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
