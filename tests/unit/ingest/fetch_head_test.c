#include "ingest/fetch_head.h"

#include "tests/unit/check.h"

#define NOW_MS INT64_C(1795250465000) /* Sat, 21 Nov 2026 08:41:05 GMT */

static struct bytes
bytes(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

static void
retry_after_is_read_whatever_it_says(void **state)
{
    static const struct {
        const char *name, *value;
        int64_t want_ms;
    } rows[] = {
        {"seconds",                            "120",                                      120000   },
        {"seconds with blanks around",         " \t7 \r\n",                                7000     },
        {"at once is a second",                "0",                                        1000     },
        {"less than nothing is a second",      "-5",                                       1000     },
        {"a signed number",                    "+5",                                       5000     },
        {"a fraction is waited for whole",     "1.5",                                      2000     },
        {"a ban may last three days",          "259201",                                   259200000},
        {"10^12 seconds",                      "1000000000000",                            259200000},
        {"more than 64 bits hold",             "99999999999999999999999999999999999",      259200000},
        {"less than 64 bits hold",             "-9999999999999999999999999999999999",      1000     },
        {"leading zeros",                      "0000000000000000000000000000000000060",    60000    },
        {"a moment in seconds is a long time", "1795250465",                               259200000},
        {"a date",                             "Sat, 21 Nov 2026 08:41:35 GMT",            30000    },
        {"a date in the form of RFC 850",      "Saturday, 21-Nov-26 08:41:35 GMT",         30000    },
        {"a date in the form of asctime",      "Sat Nov 21 08:41:35 2026",                 30000    },
        {"a date in the past",                 "Sun, 06 Nov 1994 08:49:37 GMT",            1000     },
        {"this moment",                        "Sat, 21 Nov 2026 08:41:05 GMT",            1000     },
        {"a date far ahead",                   "Fri, 31 Dec 9999 23:59:59 GMT",            259200000},
        {"nothing",                            "",                                         0        },
        {"blanks",                             "  \r\n",                                   0        },
        {"a word",                             "soon",                                     0        },
        {"a sign",                             "-",                                        0        },
        {"a number and a unit",                "60s",                                      0        },
        {"two numbers",                        "60, 120",                                  0        },
        {"a hexadecimal number",               "0x3c",                                     0        },
        {"a number with an exponent",          "1e3",                                      0        },
        {"no day that there is",               "Sat, 99 Nov 2026 08:41:35 GMT",            0        },
        {"a date without a time",              "Sat, 21 Nov 2026",                         0        },
        {"a date of ISO 8601",                 "2026-11-21T08:41:35Z",                     0        },
        {"a word as long as a line",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:aaaaaaaaaaaaa", 0        },
        {"bytes that are no text",             "\xff\xfe: \x01",                           0        },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, fetch_retry_after_ms(bytes(rows[i].value), NOW_MS),
                  rows[i].want_ms);
}

static void
a_budget_is_read_by_the_names_of_the_source(void **state)
{
    static const struct {
        const char *name, *line;
        int64_t used, left;
        bool left_known;
    } rows[] = {
        {"used",                   "X-MBX-USED-WEIGHT-1M: 1200\r\n",                 1200,       0,  false},
        {"left",                   "x-ratelimit-remaining: 12\r\n",                  0,          12, true },
        {"nothing left",           "x-ratelimit-remaining:0\r\n",                    0,          0,  true },
        {"another name",           "x-mbx-used-weight: 1200\r\n",                    0,          0,  false},
        {"no number",              "x-mbx-used-weight-1m: -1\r\n",                   0,          0,  false},
        {"no value",               "x-ratelimit-remaining: \r\n",                    0,          0,  false},
        {"more than anybody asks", "x-mbx-used-weight-1m: 99999999999999999999\r\n", 1000000000, 0,
         false                                                                                            },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fetch_head head = {.used_name = "x-mbx-used-weight-1m",
                                  .left_name = "x-ratelimit-remaining"};

        check_true(rows[i].name, fetch_head_take(&head, bytes(rows[i].line), NOW_MS));
        check_int(rows[i].name, head.used, rows[i].used);
        check_int(rows[i].name, head.left, rows[i].left);
        check_int(rows[i].name, head.left_known, rows[i].left_known);
    }
}

static void
a_head_is_bounded_and_its_longest_wait_counts(void **state)
{
    struct fetch_head head = {.bytes = 0};
    char line[1024];

    check_true("a status line", fetch_head_take(&head, bytes("HTTP/1.1 429 No\r\n"), NOW_MS));
    check_true("a header", fetch_head_take(&head, bytes("RETRY-after:9\r\n"), NOW_MS));
    check_true("another", fetch_head_take(&head, bytes("Retry-After: 30\r\n"), NOW_MS));
    check_true("a shorter one", fetch_head_take(&head, bytes("retry-after: 10\r\n"), NOW_MS));
    check_true("a longer name", fetch_head_take(&head, bytes("retry-after-x: 99\r\n"), NOW_MS));
    check_false("no blank line yet", head.complete);
    check_true("no value", fetch_head_take(&head, bytes("retry-after:"), NOW_MS));
    check_true("the blank line", fetch_head_take(&head, bytes("\r\n"), NOW_MS));
    check_true("it was there", head.complete);
    check_true("a trailer", fetch_head_take(&head, bytes("a: b\r\n"), NOW_MS));
    check_true("it still was", head.complete);
    check_true("a new answer", fetch_head_take(&head, bytes("HTTP/1.1 200 OK\r\n"), NOW_MS));
    check_false("a blank line is due again", head.complete);
    check_int("the longest of them", head.retry_after_ms, 30000);

    head = (struct fetch_head){.bytes = 0};
    for (int i = 0; i < FETCH_HEAD_LINES; i++)
        check_true("a line of many", fetch_head_take(&head, bytes("a: b\r\n"), NOW_MS));
    check_false("one line too many", fetch_head_take(&head, bytes("a: b\r\n"), NOW_MS));

    memset(line, 'x', sizeof line);
    head = (struct fetch_head){.bytes = 0};
    for (int i = 0; i < FETCH_HEAD_BYTES / (int)sizeof line; i++)
        check_true("a long line",
                   fetch_head_take(&head, (struct bytes){line, sizeof line}, NOW_MS));
    check_false("one byte too many", fetch_head_take(&head, bytes("\n"), NOW_MS));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_whatever_it_says),
        cmocka_unit_test(a_budget_is_read_by_the_names_of_the_source),
        cmocka_unit_test(a_head_is_bounded_and_its_longest_wait_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
