#include "common/database.h"

#include "unit/check.h"

static const struct {
    const char *name;
    const char *cells[3]; /* NULL = SQL NULL */
    size_t count;
    const char *want_copy;
    const char *want_array;
} rows[] = {
    {"nothing",                   {NULL},             0, "",                  "{}"                    },
    {"plain cells",               {"1.50", "btc"},    2, "1.50\tbtc\n",       "{\"1.50\",\"btc\"}"    },
    {"NULL is not the word NULL", {NULL, "NULL"},     2, "\\N\tNULL\n",       "{NULL,\"NULL\"}"       },
    {"an empty cell is not NULL", {"", "a"},          2, "\ta\n",             "{\"\",\"a\"}"          },
    {"quotes and backslashes",    {"a\"b", "\\N"},    2, "a\"b\t\\\\N\n",     "{\"a\\\"b\",\"\\\\N\"}"},
    {"tabs and ends of lines",    {"a\tb", "c\r\nd"}, 2, "a\\tb\tc\\r\\nd\n", "{\"a\tb\",\"c\r\nd\"}" },
    {"braces and commas",         {"{a,b}", "}"},     2, "{a,b}\t}\n",        "{\"{a,b}\",\"}\"}"     },
    {"the end-of-copy mark",      {"\\."},            1, "\\\\.\n",           "{\"\\\\.\"}"           },
};

static void
foreign_text_stays_inside_its_cell(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(256);
        struct text copy, array;

        text_init(&copy, arena, 0);
        array_start(&array, arena, 0);
        for (size_t n = 0; n < rows[i].count; n++) {
            copy_cell(&copy, rows[i].cells[n]);
            array_add(&array, rows[i].cells[n]);
        }
        if (rows[i].count)
            copy_end_row(&copy);
        check_string(rows[i].name, text_finish(&copy).data, rows[i].want_copy);
        check_string(rows[i].name, array_finish(&array), rows[i].want_array);
        arena_destroy(arena);
    }
}

static void
numbers_and_moments_need_no_quotes_of_ours(void **state)
{
    struct arena *arena = arena_create(256);
    struct text copy, array;

    text_init(&copy, arena, 0);
    copy_cell_int(&copy, -17);
    copy_cell_time_ms(&copy, 1763712065123);
    copy_end_row(&copy);
    check_string("a row", text_finish(&copy).data, "-17\t2025-11-21T08:01:05.123Z\n");
    array_start(&array, arena, 0);
    array_add_int(&array, INT64_MIN);
    array_add_time_ms(&array, 0);
    array_add_int(&array, 5);
    check_string("an array", array_finish(&array),
                 "{-9223372036854775808,\"1970-01-01T00:00:00.000Z\",5}");
    check_string("of one", array_of_one("a\"b", arena), "{\"a\\\"b\"}");
    check_string("of none that is known", array_of_one(NULL, arena), "{NULL}");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_stays_inside_its_cell),
        cmocka_unit_test(numbers_and_moments_need_no_quotes_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
