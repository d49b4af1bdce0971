#include "common/parquet.h"

#include "unit/check.h"

static struct bytes
cell(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static const struct {
    const char *decimal;
    int32_t before, behind; /* -1 = it is none */
} digits[] = {
    {"0",        0,  0 },
    {"7",        1,  0 },
    {"-12.345",  2,  3 },
    {"0012.30",  2,  2 },
    {"0.000012", 0,  6 },
    {"",         -1, -1},
    {"-",        -1, -1},
    {".5",       -1, -1},
    {"5.",       -1, -1},
    {"1.2.3",    -1, -1},
    {"1e5",      -1, -1},
    {"NaN",      -1, -1},
    {"[1]",      -1, -1},
};

static void
digits_are_counted_on_both_sides(void **state)
{
    for (size_t i = 0; i < COUNT_OF(digits); i++) {
        int32_t before = -1, behind = -1;

        if (!parquet_digits(cell(digits[i].decimal), &before, &behind))
            before = behind = -1;
        check_int(digits[i].decimal, before, digits[i].before);
        check_int(digits[i].decimal, behind, digits[i].behind);
    }
}

struct file {
    size_t size;
    char first[4], last[4];
};

static bool
put(void *context, struct bytes piece, struct error *err)
{
    struct file *file = context;

    if (file->size == 0)
        memcpy(file->first, piece.data, sizeof file->first);
    memcpy(file->last, piece.data + piece.size - sizeof file->last, sizeof file->last);
    file->size += piece.size;
    return true;
}

static const struct {
    const char *name;
    enum parquet_kind kind;
    int32_t scale;
    const char *value;
    bool fits;
} values[] = {
    {"a decimal of its scale",              PARQUET_DECIMAL, 3,  "-1.234",                                 true },
    {"one with fewer digits behind",        PARQUET_DECIMAL, 3,  "1",                                      true },
    {"one with more",                       PARQUET_DECIMAL, 3,  "1.2345",                                 false},
    {"as large as can be",                  PARQUET_DECIMAL, 0,  "99999999999999999999999999999999999999", true },
    {"too large",                           PARQUET_DECIMAL, 1,  "99999999999999999999999999999999999999", false},
    {"no decimal",                          PARQUET_DECIMAL, 3,  "1e3",                                    false},
    {"all of them behind the point",        PARQUET_DECIMAL, 38,
     "0.99999999999999999999999999999999999999",                                                           true },
    {"an integer",                          PARQUET_INTEGER, 0,  "-999999999999999999",                    true },
    {"an integer of more digits than safe", PARQUET_INTEGER, 0,  "9999999999999999999",                    false},
    {"no integer",                          PARQUET_INTEGER, 0,  "1.5",                                    false},
    {"nothing",                             PARQUET_INTEGER, 0,  NULL,                                     true },
    {"any text",                            PARQUET_TEXT,    0,  "",                                       true },
};

static void
values_that_do_not_fit_are_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct parquet_column column = {"x", values[i].kind, values[i].scale};
        struct bytes value = cell(values[i].value);
        struct file file = {0};
        struct parquet_writer *writer = parquet_writer_create(&column, 1, put, &file);
        struct error err;
        bool fits = parquet_writer_add(writer, &value, &err);

        check_int(values[i].name, fits, values[i].fits);
        if (!fits)
            check_error(values[i].name, fits, &err, "parquet.value");
        parquet_writer_destroy(writer);
    }
}

static void
a_file_begins_and_ends_as_the_format_says(void **state)
{
    const struct parquet_column column = {"x", PARQUET_TEXT, 0};
    struct file file = {0};
    struct parquet_writer *writer = parquet_writer_create(&column, 1, put, &file);
    struct error err;

    assert_true(parquet_writer_finish(writer, NULL, 0, &err));
    assert_memory_equal(file.first, "PAR1", 4);
    assert_memory_equal(file.last, "PAR1", 4);
    parquet_writer_destroy(writer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_counted_on_both_sides),
        cmocka_unit_test(values_that_do_not_fit_are_refused),
        cmocka_unit_test(a_file_begins_and_ends_as_the_format_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
