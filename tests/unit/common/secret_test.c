#include "common/secret.h"

#include "tests/unit/check.h"

static void
a_secret_is_blanked_wherever_it_stands(void **state)
{
    static const struct {
        const char *name, *text, *secret, *want;
    } rows[] = {
        {"in the middle",           "a s3cret b",           "s3cret", "a ****** b"          },
        {"at both ends",            "s3crets3cret",         "s3cret", "************"        },
        {"the text itself",         "s3cret",               "s3cret", "******"              },
        {"cut off behind it",       "the key s3cre",        "s3cret", "the key *****"       },
        {"of which four are left",  "the key s3cr",         "s3cret", "the key ****"        },
        {"of which three are left", "the key s3c",          "s3cret", "the key s3c"         },
        {"cut off, not at the end", "the key s3cre is bad", "s3cret", "the key s3cre is bad"},
        {"that repeats in itself",  "aaaaaaa",              "aaaaa",  "*****aa"             },
        {"another",                 "a secret b",           "s3cret", "a secret b"          },
        {"longer than the text",    "s3",                   "s3cret", "s3"                  },
        {"longer, all of the text", "s3cre",                "s3cret", "*****"               },
        {"of one character",        "abc",                  "b",      "a*c"                 },
        {"none",                    "abc",                  "",       "abc"                 },
        {"none at all",             "abc",                  NULL,     "abc"                 },
        {"in nothing",              "",                     "s3cret", ""                    },
    };
    char text[64];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        strcpy(text, rows[i].text);
        secret_blank(text, strlen(text), rows[i].secret);
        check_string(rows[i].name, text, rows[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_secret_is_blanked_wherever_it_stands)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
