#include "api/orders/idempotency.h"

#include "unit/check.h"

static const struct {
    const char *name, *value, *want; /* NULL = 400 */
} rows[] = {
    {"text in quotes",                     "\"8e03978e-40d5\"", "8e03978e-40d5"},
    {"the same without them",              "8e03978e-40d5",     "8e03978e-40d5"},
    {"blanks, in quotes",                  "\"a b\"",           "a b"          },
    {"quotes and backslashes are escaped", "\"a\\\"b\\\\c\"",   "a\"b\\c"      },
    {"nothing",                            "",                  NULL           },
    {"nothing in quotes",                  "\"\"",              NULL           },
    {"one quote",                          "\"",                NULL           },
    {"quotes that do not end",             "\"abc",             NULL           },
    {"quotes that end before the end",     "\"abc\";p=1",       NULL           },
    {"a quote inside",                     "\"a\"b\"",          NULL           },
    {"a backslash before the end",         "\"abc\\\"",         NULL           },
    {"an escape that there is not",        "\"a\\nb\"",         NULL           },
    {"a blank without quotes",             "a b",               NULL           },
    {"a list",                             "a,b",               NULL           },
    {"more than ASCII",                    "\xc3\xa4",          NULL           },
    {"more than ASCII in quotes",          "\"\xc3\xa4\"",      NULL           },
};

static void
keys_are_read_strictly(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(1024);
        const char *got =
            idempotency_parse((struct bytes){rows[i].value, strlen(rows[i].value)}, arena);

        check_int(rows[i].name, got != NULL, rows[i].want != NULL);
        if (got && rows[i].want)
            check_string(rows[i].name, got, rows[i].want);
        arena_destroy(arena);
    }
}

static void
keys_are_not_long(void **state)
{
    struct arena *arena = arena_create(1024);
    char long_key[IDEMPOTENCY_KEY_MAX + 1];

    memset(long_key, 'k', sizeof long_key);
    check_true("255", idempotency_parse((struct bytes){long_key, IDEMPOTENCY_KEY_MAX}, arena));
    check_false("256", idempotency_parse((struct bytes){long_key, IDEMPOTENCY_KEY_MAX + 1}, arena));
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_strictly),
        cmocka_unit_test(keys_are_not_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
