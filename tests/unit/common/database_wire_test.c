#include "common/database_wire.h"

#include "unit/check.h"

static const struct {
    const char *name;
    const char *sqlstate, *constraint;
    enum error_kind kind;
    const char *code;
} rows[] = {
    {"no SQLSTATE is a lost connection",          NULL,    NULL,    ERROR_RETRY,  "database.away"         },
    {"connection exceptions",                     "08006", NULL,    ERROR_RETRY,  "database.away"         },
    {"an administrator ended the session",        "57P01", NULL,    ERROR_RETRY,  "database.away"         },
    {"the server is starting up",                 "57P03", NULL,    ERROR_RETRY,  "database.away"         },
    {"idle in transaction for too long",          "25P03", NULL,    ERROR_RETRY,  "database.away"         },
    {"too many connections",                      "53300", NULL,    ERROR_RETRY,  "database.crowded"      },
    {"the disk is full",                          "53100", NULL,    ERROR_RETRY,  "database.disk_full"    },
    {"a serialization failure",                   "40001", NULL,    ERROR_RETRY,  "database.serialization"},
    {"a deadlock",                                "40P01", NULL,    ERROR_RETRY,  "database.serialization"},
    {"a lock that was not to be had",             "55P03", NULL,    ERROR_RETRY,  "database.lock"         },
    {"statement_timeout",                         "57014", NULL,    ERROR_RETRY,  "database.timeout"      },
    {"a standby takes no writes",                 "25006", NULL,    ERROR_RETRY,  "database.read_only"    },
    {"a plan of an older schema",                 "0A000", NULL,    ERROR_RETRY,  "database.plan"         },
    {"a checkpoint that somebody else moved",     "TM001", NULL,    ERROR_RETRY,  "checkpoint.moved"      },
    {"a row of a partition that was dropped",     "TM002", NULL,    ERROR_RETRY,  "database.expired"      },
    {"another transaction inserted the same key", "23505", "pkey",  ERROR_RETRY,
     "database.conflict"                                                                                  },
    {"a moment without partition",                "23514", NULL,    ERROR_RETRY,  "database.no_partition" },
    {"a check of ours that failed",               "23514", "price", ERROR_REJECT, "database.data"         },
    {"a foreign key that leads nowhere",          "23503", "fkey",  ERROR_REJECT, "database.data"         },
    {"not a number",                              "22P02", NULL,    ERROR_REJECT, "database.data"         },
    {"a function of ours refused it",             "P0001", NULL,    ERROR_REJECT, "database.data"         },
    {"a wrong password",                          "28P01", NULL,    ERROR_FATAL,  "database.refused"      },
    {"no such database",                          "3D000", NULL,    ERROR_FATAL,  "database.refused"      },
    {"a privilege that is missing",               "42501", NULL,    ERROR_FATAL,  "database.refused"      },
    {"a table that is missing",                   "42P01", NULL,    ERROR_FATAL,  "database.query"        },
    {"what nobody thought of",                    "XX000", NULL,    ERROR_FATAL,  "database.query"        },
};

static void
every_sqlstate_has_one_meaning(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct wire_meaning *meaning = wire_meaning(rows[i].sqlstate, rows[i].constraint);

        check_string(rows[i].name, meaning->code, rows[i].code);
        check_string(rows[i].name, error_kind_name(meaning->kind), error_kind_name(rows[i].kind));
    }
}

static void
forgetting_one_query_keeps_the_others(void **state)
{
    static const struct query many[WIRE_PREPARED_SLOTS / 2];
    static struct wire_prepared prepared;

    for (size_t n = 0; n < COUNT_OF(many); n++)
        check_true("each is new once", wire_remember(&prepared, &many[n]));
    for (size_t n = 0; n < COUNT_OF(many); n += 3)
        wire_forget(&prepared, &many[n]);
    wire_forget(&prepared, &many[0]); /* of what is not there: nothing */
    for (size_t n = 0; n < COUNT_OF(many); n++)
        check_int("only the forgotten ones are new again", wire_remember(&prepared, &many[n]),
                  n % 3 == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sqlstate_has_one_meaning),
        cmocka_unit_test(forgetting_one_query_keeps_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
