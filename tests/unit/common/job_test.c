#include "common/job.h"

#include "unit/check.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void
a_job_comes_back_as_it_was(void **state)
{
    struct arena *arena = arena_create(4096);
    struct job job = {
        .job_id = "binance/history/BTCUSDT/1h/1763712000",
        .kind = JOB_HISTORY,
        .source = "binance",
        .stream = "history/BTCUSDT/1h",
        .args_text = "{\"symbol\":\"BTCUSDT\",\"lookback_s\":31536000}",
        .slot_s = 1763712000,
        .not_after_s = 1763719200,
        .attempt = 3,
        .first_failed_at_ms = 1763712001123,
        .traceparent = TRACE,
        .set_aside = 2,
    };
    struct job got;
    struct error err = {0};

    check_error("decodes", job_decode(job_encode(&job, arena), arena, &got, &err), &err, NULL);
    check_string("job_id", got.job_id, job.job_id);
    check_int("kind", got.kind, JOB_HISTORY);
    check_string("source", got.source, "binance");
    check_string("stream", got.stream, "history/BTCUSDT/1h");
    check_string("args as text", got.args_text, job.args_text);
    check_string("args as a tree", json_number(json_get(got.args, "lookback_s")), "31536000");
    check_int("slot", got.slot_s, 1763712000);
    check_int("not_after", got.not_after_s, 1763719200);
    check_int("attempt", got.attempt, 3);
    check_int("first_failed_at", got.first_failed_at_ms, 1763712001123);
    check_string("traceparent", got.traceparent, TRACE);
    check_int("set_aside", got.set_aside, 2);
    arena_destroy(arena);
}

static void
the_message_is_what_the_header_says(void **state)
{
    struct arena *arena = arena_create(4096);
    struct job job = {
        .job_id = "csv/history/inbox/0",
        .kind = JOB_HISTORY,
        .source = "csv",
        .stream = "history/inbox",
        .attempt = 1,
    };

    check_string("bytes", job_encode(&job, arena).data,
                 "{\"v\":1,\"job_id\":\"csv/history/inbox/0\",\"kind\":\"history\","
                 "\"source\":\"csv\",\"stream\":\"history/inbox\",\"args\":{},\"slot\":0,"
                 "\"not_after\":null,\"attempt\":1,\"first_failed_at\":null,\"traceparent\":null}");
    arena_destroy(arena);
}

/* A good job; each row changes one thing of it. */
#define GOOD                                                                                       \
    "{\"v\":1,\"job_id\":\"a/b/5\",\"kind\":\"quote\",\"source\":\"a\",\"stream\":\"b\","          \
    "\"args\":{},\"slot\":5,\"attempt\":1}"

static const struct {
    const char *name, *old, *new, *code;
} rows[] = {
    {"the shortest good job",                   "",                 "",                                               NULL           },
    {"unknown members are passed over",         "1}",               "1,\"new\":[1]}",                                 NULL           },
    {"a bad traceparent does not lose the job", "1}",               "1,\"traceparent\":\"x\"}",                       NULL           },
    {"null moments",                            "1}",               "1,\"not_after\":null,\"first_failed_at\":null}", NULL           },
    {"no JSON",                                 "{\"v\"",           "{v",                                             "job.malformed"},
    {"a key twice",                             "\"v\":1",          "\"v\":1,\"v\":1",                                "job.malformed"},
    {"an array",                                GOOD,               "[]",                                             "job.malformed"},
    {"no version",                              "\"v\"",            "\"w\"",                                          "job.version"  },
    {"another version",                         "\"v\":1",          "\"v\":2",                                        "job.version"  },
    {"an unknown kind",                         "quote",            "party",                                          "job.field"    },
    {"a source that is no name",                "\"source\":\"a\"", "\"source\":\"A B\"",                             "job.field"    },
    {"a stream with a blank",                   "\"stream\":\"b\"", "\"stream\":\"b c\"",                             "job.field"    },
    {"an empty stream",                         "\"stream\":\"b\"", "\"stream\":\"\"",                                "job.field"    },
    {"an id of another slot",                   "a/b/5",            "a/b/6",                                          "job.field"    },
    {"an id of another source",                 "a/b/5",            "c/b/5",                                          "job.field"    },
    {"no id",                                   "job_id",           "jobid",                                          "job.field"    },
    {"args that are no object",                 "{}",               "[]",                                             "job.field"    },
    {"a slot that is a string",                 ":5,",              ":\"5\",",                                        "job.field"    },
    {"a slot with a fraction",                  ":5,",              ":5.0,",                                          "job.field"    },
    {"a slot after the year 9999",              ":5,",              ":253402300800,",                                 "job.field"    },
    {"a not_after of ages",                     "1}",               "1,\"not_after\":9223372036854775807}",           "job.field"    },
    {"no attempt",                              "attempt",          "try",                                            "job.field"    },
    {"attempt 0",                               "\"attempt\":1",    "\"attempt\":0",                                  "job.field"    },
    {"more attempts than 32 bits",              "\"attempt\":1",    "\"attempt\":4294967297",                         "job.field"    },
    {"set aside no times",                      "1}",               "1,\"set_aside\":0}",                             "job.field"    },
    {"not_after that is text",                  "1}",               "1,\"not_after\":\"x\"}",                         "job.field"    },
};

static bool
decode_changed(const char *old, const char *new, struct arena *arena, struct job *ret_job,
               struct error *err)
{
    const char *place = strstr(GOOD, old);
    char *text =
        arena_printf(arena, "%.*s%s%s", (int)(place - GOOD), GOOD, new, place + strlen(old));

    return job_decode((struct bytes){text, strlen(text)}, arena, ret_job, err);
}

static void
messages_are_checked(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct error err = {0};
        struct job job;
        bool ok = decode_changed(rows[i].old, rows[i].new, arena, &job, &err);

        check_error(rows[i].name, ok, &err, rows[i].code);
        if (!ok)
            check_int(rows[i].name, err.kind, ERROR_REJECT);
        arena_destroy(arena);
    }
}

static void
an_error_names_the_field(void **state)
{
    struct arena *arena = arena_create(4096);
    struct error err = {0};
    struct job job;

    check_false("refused", decode_changed("attempt", "try", arena, &job, &err));
    check_contains("names it", err.message, "\"attempt\"");
    arena_destroy(arena);
}

static void
a_symbol_may_be_of_any_script(void **state)
{
    struct arena *arena = arena_create(4096);
    struct job job = {
        .job_id = "binance/history/\xE5\xB8\x81USDT/1h/0",
        .kind = JOB_HISTORY,
        .source = "binance",
        .stream = "history/\xE5\xB8\x81USDT/1h",
        .attempt = 1,
    };
    struct job got;
    struct error err = {0};

    check_error("decodes", job_decode(job_encode(&job, arena), arena, &got, &err), &err, NULL);
    check_string("stream", got.stream, job.stream);
    arena_destroy(arena);
}

static void
kinds_have_names(void **state)
{
    enum job_kind kind = JOB_QUOTE;

    for (int i = JOB_LISTING; i <= JOB_REPORT; i++) {
        check_true("a name is a kind", job_kind_parse(job_kind_name((enum job_kind)i), &kind));
        check_int("the same one", kind, i);
    }
    check_false("others are not", job_kind_parse("", &kind));
    check_false("a list is asked for", job_kind_is_own(JOB_REFERENCE));
    check_true("a rollup is not", job_kind_is_own(JOB_ROLLUP));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_as_it_was),
        cmocka_unit_test(the_message_is_what_the_header_says),
        cmocka_unit_test(messages_are_checked),
        cmocka_unit_test(an_error_names_the_field),
        cmocka_unit_test(a_symbol_may_be_of_any_script),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
