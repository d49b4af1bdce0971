#include "api/access.h"

#include "unit/check.h"

static const char admin[] = "0123456789abcdef0123456789abcdef";

static const struct {
    const char *name;
    enum route_access wanted;
    const char *admin, *api_key, *authorization;
    enum access_verdict want;
} rows[] = {
    {"what anyone may",                   ACCESS_ANYONE, admin, NULL,                               NULL,                                      ACCESS_GRANTED  },
    {"what anyone may, with a wrong key", ACCESS_ANYONE, admin, "x",                                NULL,                                      ACCESS_GRANTED  },
    {"no key",                            ACCESS_ADMIN,  admin, NULL,                               NULL,                                      ACCESS_NO_KEY   },
    {"an empty one",                      ACCESS_ADMIN,  admin, "",                                 NULL,                                      ACCESS_NO_KEY   },
    {"the key",                           ACCESS_ADMIN,  admin, admin,                              NULL,                                      ACCESS_GRANTED  },
    {"the key as a bearer's",             ACCESS_ADMIN,  admin, NULL,                               "bearer 0123456789abcdef0123456789abcdef",
     ACCESS_GRANTED                                                                                                                                            },
    {"of two the X-API-Key counts",       ACCESS_ADMIN,  admin, "x",
     "Bearer 0123456789abcdef0123456789abcdef",                                                                                                ACCESS_WRONG_KEY},
    {"another scheme is no key",          ACCESS_ADMIN,  admin, NULL,                               "Basic eDp5",                              ACCESS_NO_KEY   },
    {"a scheme alone is no key",          ACCESS_ADMIN,  admin, NULL,                               "Bearer ",                                 ACCESS_NO_KEY   },
    {"a part of the key",                 ACCESS_ADMIN,  admin, "0123456789abcdef",                 NULL,                                      ACCESS_WRONG_KEY},
    {"another of the same size",          ACCESS_ADMIN,  admin, "0123456789abcdef0123456789abcdee", NULL,
     ACCESS_WRONG_KEY                                                                                                                                          },
    {"there is no key: none opens",       ACCESS_ADMIN,  "",    "x",                                NULL,                                      ACCESS_WRONG_KEY},
    {"there is no key: nor does none",    ACCESS_ADMIN,  "",    "",                                 NULL,                                      ACCESS_NO_KEY   },
};

static struct bytes
header(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static void
keys_open_what_they_may(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct access_headers headers = {header(rows[i].api_key),
                                               header(rows[i].authorization)};

        check_int(rows[i].name, access_check(rows[i].wanted, rows[i].admin, &headers),
                  rows[i].want);
    }
}

static void
orders_are_for_whom_the_setting_says(void **state)
{
    check_int("anyone", access_wanted(ACCESS_ORDER, false), ACCESS_ANYONE);
    check_int("the administrator", access_wanted(ACCESS_ORDER, true), ACCESS_ADMIN);
    check_int("what is no order stays as it is", access_wanted(ACCESS_KEY, true), ACCESS_KEY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_open_what_they_may),
        cmocka_unit_test(orders_are_for_whom_the_setting_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
