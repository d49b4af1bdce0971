#include "api/handlers/job_link.h"

#include "unit/check.h"

static void
a_job_is_found_again_by_its_link(void **state)
{
    static const char *const ids[] = {
        "coingecko/live/bitcoin/usd/1763712001",
        "binance/quote/b\xe2\x82\xbf/1",
        "a",
    };

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct arena *arena = arena_create(1024);
        const char *got = NULL;

        check_true(ids[i], job_link_read(job_link_id(ids[i], arena), arena, &got));
        check_string(ids[i], got, ids[i]);
        arena_destroy(arena);
    }
}

static const struct {
    const char *name, *text;
} rows[] = {
    {"nothing",                 ""      },
    {"another alphabet",        "YS9i+w"},
    {"padding",                 "YQ=="  },
    {"bits that are left over", "YR"    },
    {"a letter alone",          "Y"     },
    {"a blank in it",           "YSBi"  },
    {"a NUL in it",             "YQBi"  },
    {"bytes that are no text",  "_w"    },
};

static void
other_texts_are_no_links(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(1024);
        const char *got;

        check_false(rows[i].name, job_link_read(rows[i].text, arena, &got));
        arena_destroy(arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_found_again_by_its_link),
        cmocka_unit_test(other_texts_are_no_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
