#include "common/decimal.h"

#include "unit/check.h"

#define DIGITS_64 "1234567890123456789012345678901234567890123456789012345678901234"
#define ZEROS_10 "0000000000"
#define ZEROS_60 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10

static const struct {
    const char *name, *text, *want, *code;
} strict_rows[] = {
    {"an integer is itself",                     "42",                         "42",                 NULL               },
    {"trailing zeros stay as they came",         "1.50",                       "1.50",               NULL               },
    {"zero keeps its places",                    "0.000",                      "0.000",              NULL               },
    {"minus zero is zero",                       "-0",                         "0",                  NULL               },
    {"minus zero with places is zero",           "-0.00",                      "0.00",               NULL               },
    {"minus stays on other numbers",             "-12.5",                      "-12.5",              NULL               },
    {"a small price loses its exponent",         "3.447e-09",                  "0.000000003447",     NULL               },
    {"a large volume loses its exponent",        "1.01101101e+16",             "10110110100000000",  NULL               },
    {"an exponent moves the point only",         "1.50e1",                     "15.0",               NULL               },
    {"an exponent can leave an integer",         "1.5E1",                      "15",                 NULL               },
    {"an exponent can eat leading zeros",        "0.0012e3",                   "1.2",                NULL               },
    {"an exponent of zero changes nothing",      "7e0",                        "7",                  NULL               },
    {"zero with an exponent is zero",            "0e400",                      "0",                  NULL               },
    {"zero with a negative exponent has places", "0e-3",                       "0.000",              NULL               },
    {"all digits of a long fraction stay",       "0.000000012345678901234567",
     "0.000000012345678901234567",                                                                   NULL               },
    {"64 characters are accepted",               DIGITS_64,                    DIGITS_64,            NULL               },
    {"64 digits by an exponent are accepted",    "1e63",                       "1000" ZEROS_60,      NULL               },
    {"64 places are accepted",                   "1e-64",                      "0.000" ZEROS_60 "1", NULL               },
    {"65 characters are refused",                DIGITS_64 "5",                NULL,                 "decimal.range"    },
    {"65 digits are refused",                    "1e64",                       NULL,                 "decimal.range"    },
    {"65 places are refused",                    "1e-65",                      NULL,                 "decimal.range"    },
    {"what a double calls infinity is refused",  "1e400",                      NULL,                 "decimal.range"    },
    {"an exponent past any integer is refused",  "1e99999999999999999999",     NULL,                 "decimal.range"    },
    {"nothing is no number",                     "",                           NULL,                 "decimal.malformed"},
    {"a sign is no number",                      "-",                          NULL,                 "decimal.malformed"},
    {"a leading zero is refused",                "01",                         NULL,                 "decimal.malformed"},
    {"a plus is refused",                        "+1",                         NULL,                 "decimal.malformed"},
    {"a bare point is refused",                  "1.",                         NULL,                 "decimal.malformed"},
    {"a missing whole part is refused",          ".5",                         NULL,                 "decimal.malformed"},
    {"an empty exponent is refused",             "1e",                         NULL,                 "decimal.malformed"},
    {"not-a-number is refused",                  "NaN",                        NULL,                 "decimal.malformed"},
    {"a blank behind is refused",                "1 ",                         NULL,                 "decimal.malformed"},
    {"two points are refused",                   "1.2.3",                      NULL,                 "decimal.malformed"},
    {"a comma is refused",                       "1,5",                        NULL,                 "decimal.malformed"},
};

static void
strict_texts_become_canonical(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(strict_rows); i++) {
        const char *text = strict_rows[i].text, *got = NULL;
        struct error err = {0};
        bool ok = decimal_parse(text, strlen(text), arena, &got, &err);

        check_error(strict_rows[i].name, ok, &err, strict_rows[i].code);
        check_string(strict_rows[i].name, got, strict_rows[i].want);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *text, *want, *code;
} lenient_rows[] = {
    {"leading zeros go",                "007.10", "7.10", NULL               },
    {"a plus goes",                     "+1.5",   "1.5",  NULL               },
    {"a missing whole part is zero",    ".5",     "0.5",  NULL               },
    {"a bare point goes",               "5.",     "5",    NULL               },
    {"minus before many zeros is zero", "-000",   "0",    NULL               },
    {"a point alone is refused",        ".",      NULL,   "decimal.malformed"},
    {"two signs are refused",           "+-1",    NULL,   "decimal.malformed"},
};

static void
people_may_write_loosely(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(lenient_rows); i++) {
        const char *text = lenient_rows[i].text, *got = NULL;
        struct error err = {0};
        bool ok = decimal_parse_lenient(text, strlen(text), arena, &got, &err);

        check_error(lenient_rows[i].name, ok, &err, lenient_rows[i].code);
        check_string(lenient_rows[i].name, got, lenient_rows[i].want);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *a, *b;
    int want;
} compare_rows[] = {
    {"trailing zeros do not count",          "1.0",   "1",     0 },
    {"zeros are equal",                      "0",     "0.000", 0 },
    {"more digits are more",                 "10",    "9.99",  1 },
    {"the first other digit decides",        "123",   "124",   -1},
    {"a longer fraction is more",            "1.001", "1",     1 },
    {"a fraction compares from its front",   "0.09",  "0.1",   -1},
    {"negative is less than zero",           "-0.1",  "0",     -1},
    {"a large negative is less",             "-10",   "-9",    -1},
    {"negatives with other lengths compare", "-1.5",  "-1.50", 0 },
};

static void
values_compare(void **state)
{
    for (size_t i = 0; i < COUNT_OF(compare_rows); i++) {
        int got = decimal_compare(compare_rows[i].a, compare_rows[i].b);
        int back = decimal_compare(compare_rows[i].b, compare_rows[i].a);

        check_int(compare_rows[i].name, (got > 0) - (got < 0), compare_rows[i].want);
        check_int(compare_rows[i].name, (back > 0) - (back < 0), -compare_rows[i].want);
    }
}

static const struct {
    const char *name, *text;
    int32_t places;
    const char *want;
} round_rows[] = {
    {"a half goes up",                      "1.005",  2, "1.01" },
    {"less than a half goes down",          "1.0049", 2, "1.00" },
    {"nothing is padded",                   "1.5",    4, "1.5"  },
    {"an integer stays",                    "15",     0, "15"   },
    {"a carry runs through the point",      "9.96",   1, "10.0" },
    {"a carry runs off the front",          "99.5",   0, "100"  },
    {"a half goes away from zero below it", "-1.005", 2, "-1.01"},
    {"a negative carry keeps its sign",     "-9.5",   0, "-10"  },
    {"rounding to zero loses the sign",     "-0.004", 2, "0.00" },
    {"no places leave no point",            "0.4",    0, "0"    },
};

static void
rounding_is_half_away_from_zero(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(round_rows); i++)
        check_string(round_rows[i].name,
                     decimal_round(round_rows[i].text, round_rows[i].places, arena),
                     round_rows[i].want);
    arena_destroy(arena);
}

static void
signs_and_zeros_are_told(void **state)
{
    check_true("0 is zero", decimal_is_zero("0"));
    check_true("0.000 is zero", decimal_is_zero("0.000"));
    check_false("0.001 is not zero", decimal_is_zero("0.001"));
    check_true("-1 is negative", decimal_is_negative("-1"));
    check_false("0 is not negative", decimal_is_negative("0"));
}

static const struct {
    const char *name, *a, *b, *sum, *difference;
} sum_rows[] = {
    {"whole numbers",                "7",          "5",               "12",                          "2"     },
    {"places of the longer one",     "1.5",        "0.25",            "1.75",                        "1.25"  },
    {"zeros stay",                   "1.50",       "0.50",            "2.00",                        "1.00"  },
    {"a carry makes a digit",        "99.95",      "0.05",            "100.00",                      "99.90" },
    {"less than nothing",            "1",          "1.001",           "2.001",                       "-0.001"},
    {"nothing has no sign",          "3.10",       "3.1",             "6.20",                        "0.00"  },
    {"with a negative one",          "1",          "-3",              "-2",                          "4"     },
    {"from a negative one",          "-1.5",       "1",               "-0.5",                        "-2.5"  },
    {"both negative",                "-1",         "-2",              "-3",                          "1"     },
    {"the smallest and the largest", "1" ZEROS_60, "0." ZEROS_60 "1", "1" ZEROS_60 "." ZEROS_60 "1",
     "9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     ".9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     "9999999999"
     "9"                                                                                                     },
};

static void
sums_and_differences_are_exact(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(sum_rows); i++) {
        const char *a = sum_rows[i].a, *b = sum_rows[i].b;

        check_string(sum_rows[i].name, decimal_add(a, b, arena), sum_rows[i].sum);
        check_string(sum_rows[i].name, decimal_add(b, a, arena), sum_rows[i].sum);
        check_string(sum_rows[i].name, decimal_subtract(a, b, arena), sum_rows[i].difference);
    }
    arena_destroy(arena);
}

static void
products_and_halves_are_exact(void **state)
{
    struct arena *arena = arena_create(4096);

    check_string("a product", decimal_multiply("0.0125", 8, arena), "0.1000");
    check_string("a large one", decimal_multiply("99999999999", UINT32_MAX, arena),
                 "429496729495705032705");
    check_string("of a negative one", decimal_multiply("-1.5", 3, arena), "-4.5");
    check_string("with nothing", decimal_multiply("-1.5", 0, arena), "0.0");
    check_string("half of an odd one", decimal_halve("1", arena), "0.5");
    check_string("half of an even one", decimal_halve("2.00", arena), "1.00");
    check_string("half of a small one", decimal_halve("0.001", arena), "0.0005");
    check_string("half of a negative one", decimal_halve("-3", arena), "-1.5");
    check_string("half of nothing", decimal_halve("0", arena), "0");
    arena_destroy(arena);
}

static const struct {
    const char *name, *a, *b, *want;
} product_rows[] = {
    {"whole numbers",       "12",    "12",     "144"      },
    {"places add up",       "1.5",   "0.25",   "0.375"    },
    {"zeros stay",          "1.50",  "2",      "3.00"     },
    {"carries run through", "99.9",  "99.9",   "9980.01"  },
    {"small by small",      "0.001", "0.0002", "0.0000002"},
    {"of signs",            "-1.5",  "3",      "-4.5"     },
    {"of two signs",        "-1.5",  "-3",     "4.5"      },
    {"with nothing",        "-1.5",  "0",      "0.0"      },
};

static void
products_of_decimals_are_exact(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(product_rows); i++) {
        const char *a = product_rows[i].a, *b = product_rows[i].b;

        check_string(product_rows[i].name, decimal_product(a, b, arena), product_rows[i].want);
        check_string(product_rows[i].name, decimal_product(b, a, arena), product_rows[i].want);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *a, *b, *want;
    int32_t digits;
} ratio_rows[] = {
    {"a third has as many digits as asked", "1",          "3",     "0.33333",            5 },
    {"of a small number",                   "0.00002",    "60000", "0.0000000003333333", 7 },
    {"of a large one",                      "9000000000", "7",     "1285714286",         5 },
    {"zeros at the end are cut",            "5",          "2",     "2.5",                18},
    {"a whole one has no point",            "6",          "2",     "3",                  18},
    {"nothing",                             "0.0",        "2",     "0",                  18},
};

static void
ratios_have_significant_digits(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(ratio_rows); i++)
        check_string(ratio_rows[i].name,
                     decimal_ratio(ratio_rows[i].a, ratio_rows[i].b, ratio_rows[i].digits, arena),
                     ratio_rows[i].want);
    arena_destroy(arena);
}

static const struct {
    const char *name, *a, *b, *want;
    int32_t places;
} quotient_rows[] = {
    {"what goes out even",         "1",      "4",     "0.2500",  4},
    {"a third",                    "1",      "3",     "0.3333",  4},
    {"two thirds are rounded",     "2",      "3",     "0.6667",  4},
    {"half goes up",               "1",      "8",     "0.13",    2},
    {"no places",                  "5",      "2",     "3",       0},
    {"by less than one",           "1.5",    "0.002", "750.0",   1},
    {"nothing",                    "0",      "7",     "0.00",    2},
    {"nine tenths and more carry", "0.9999", "1",     "1.00",    2},
    {"a small one by a large one", "0.001",  "10000", "0.00000", 5},
};

static void
quotients_are_rounded(void **state)
{
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(quotient_rows); i++)
        check_string(
            quotient_rows[i].name,
            decimal_divide(quotient_rows[i].a, quotient_rows[i].b, quotient_rows[i].places, arena),
            quotient_rows[i].want);
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_texts_become_canonical),
        cmocka_unit_test(people_may_write_loosely),
        cmocka_unit_test(values_compare),
        cmocka_unit_test(rounding_is_half_away_from_zero),
        cmocka_unit_test(signs_and_zeros_are_told),
        cmocka_unit_test(sums_and_differences_are_exact),
        cmocka_unit_test(products_and_halves_are_exact),
        cmocka_unit_test(products_of_decimals_are_exact),
        cmocka_unit_test(ratios_have_significant_digits),
        cmocka_unit_test(quotients_are_rounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
