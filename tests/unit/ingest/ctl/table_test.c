#include "ingest/ctl/table.h"

#include "unit/check.h"

#include <stdio.h>

static const struct column columns[] = {
    {"NAME", "name",  COLUMN_TEXT},
    {"N",    "count", COLUMN_INT },
    {NULL,   "quiet", COLUMN_TEXT},
    {"WORD", "word",  COLUMN_TEXT},
};

static const char *
print(size_t width, struct arena *arena)
{
    static const char *const row[] = {"caf\xc3\xa9", "7", "secret", "twelve words of some length"};
    static const char *const empty[] = {"x", NULL, NULL, NULL};
    struct table table;
    char *data;
    size_t size;
    FILE *out = open_memstream(&data, &size);
    const char *copy;

    table_init(&table, arena, columns, COUNT_OF(columns));
    table_add(&table, row);
    table_add(&table, empty);
    table_print_within(&table, width, out);
    fclose(out);
    copy = arena_copy(arena, data, size);
    free(data);
    return copy;
}

static void
test_a_table_fits_the_window(void **state)
{
    static const struct {
        const char *name;
        size_t width;
        const char *want;
    } rows[] = {
        {"no window: nothing is cut", 0,
         "NAME  N  WORD\n"
         "caf\xc3\xa9  7  twelve words of some length\n"
         "x     -  -\n"},
        {"the widest column gives",   24,
         "NAME  N  WORD\n"
         "caf\xc3\xa9  7  twelve words o\xe2\x80\xa6\n"
         "x     -  -\n"},
        {"but not all of it",         3,
         "NAME  N  WORD\n"
         "caf\xc3\xa9  7  twelve \xe2\x80\xa6\n"
         "x     -  -\n"},
    };
    struct arena *arena = arena_create(4096);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name, print(rows[i].width, arena), rows[i].want);
    arena_destroy(arena);
}

static void
test_foreign_text_cannot_steer_a_terminal(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"escape",              "a\x1b[31mb",           "a?[31mb"             },
        {"line ends",           "a\r\nb",               "a??b"                },
        {"C1 controls",
         "a\xc2\x9b"
         "b",                                           "a??b"                },
        {"a byte that is none",
         "a\xff"
         "b",                                           "a?b"                 },
        {"letters stay",        "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
    };
    struct arena *arena = arena_create(4096);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_string(rows[i].name, table_clean(rows[i].text, arena), rows[i].want);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_table_fits_the_window),
        cmocka_unit_test(test_foreign_text_cannot_steer_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
