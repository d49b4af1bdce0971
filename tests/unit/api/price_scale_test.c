#include "api/handlers/udf/price_scale.h"

#include "unit/check.h"

static const struct {
    const char *name, *price;
    int32_t seen;
    int64_t want;
} rows[] = {
    {"what an exchange shows",                       "25864.63000000",             2,  100             },
    {"by chance a round price",                      "25864",                      0,  100             },
    {"noise of an average",                          "25864.123456789",            9,  100             },
    {"a few dollars",                                "1.2345",                     4,  10000           },
    {"seven digits count",                           "1.23456789",                 8,  1000000         },
    {"below one",                                    "0.5432109",                  7,  10000000        },
    {"a small coin",                                 "0.00001234",                 8,  100000000       },
    {"a smaller one",                                "0.000000012345678901234567", 24, 100000000000000 },
    {"nothing is smaller than what a double counts", "0.0000000000000001",         16, 1000000000000000},
    {"a small coin whose price is round for now",    "0.00001",                    5,  100000000       },
    {"and one that is not so small",                 "0.05",                       2,  100000          },
    {"a dear one",                                   "123456789.5",                1,  100             },
};

static void
a_chart_shows_the_digits_that_count(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, price_scale(rows[i].price, rows[i].seen), rows[i].want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chart_shows_the_digits_that_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
