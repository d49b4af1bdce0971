#include "ingest/ctl/command.h"

#include "common/attributes.h"
#include "unit/check.h"

#define NOW_MS INT64_C(1763714465000) /* 2025-11-21T08:41:05Z */

static bool
do_nothing(const struct call *call, struct error *err)
{
    (void)call;
    (void)err;
    return true;
}

static const struct command fruit_commands[] = {
    {.verb = "list",
     .may_be_left_out = true,
     .about = "what there is",
     .run = do_nothing,
     .options = {{"limit", OPTION_COUNT, "N", "so many"},
                 {"since", OPTION_MOMENT, "TIME", "not before"},
                 {"source", OPTION_SOURCE, "NAME", "only its"},
                 {"colour", OPTION_CHOICE, "red|green", "only these"}}},
    { .verb = "eat",
     .arguments = "NAME",
     .arguments_min = 1,
     .arguments_max = 1,
     .about = "one of it",
     .run = do_nothing,
     .options = {{"yes", OPTION_SWITCH, NULL, "do not ask"}}},
};
static const struct command fill_commands[] = {
    {.arguments = "BASKET NAME...",
     .arguments_min = 2,
     .arguments_max = 9,
     .about = "puts them in",
     .run = do_nothing,
     .options = {{"yes", OPTION_SWITCH, NULL, "do not ask"}}},
};
static const struct noun fruit = {"fruit", "what grows", fruit_commands, COUNT_OF(fruit_commands)};
static const struct noun fill = {"fill", "a basket", fill_commands, COUNT_OF(fill_commands)};
static const struct noun *const known[] = {&fruit, &fill, NULL};

/* Splits at blanks. */
static bool
parse(const char *line, struct arena *arena, struct call *ret_call, struct error *err)
{
    const char *words[16];
    char *rest = arena_string(arena, line), *word;
    size_t count = 0;

    while ((word = strtok_r(rest, " ", &rest)))
        words[count++] = word;
    *ret_call = (struct call){.arena = arena};
    return command_parse(known, words, count, NOW_MS, ret_call, err);
}

static void
test_what_is_meant_is_found(void **state)
{
    static const struct {
        const char *name, *line, *want_verb;
        size_t want_arguments;
        bool want_json;
        int64_t want_limit;
    } rows[] = {
        {"a noun alone is its list",       "fruit",                     "list", 0, false, 50},
        {"a verb",                         "fruit list --limit 7",      "list", 0, false, 7 },
        {"options may stand in front",     "--limit 7 fruit --json",    "list", 0, true,  7 },
        {"the last of two counts",         "fruit --limit 7 --limit 8", "list", 0, false, 8 },
        {"an argument",                    "fruit eat plum --yes",      "eat",  1, false, 50},
        {"a noun without verbs",           "fill bag plum pear",        NULL,   3, false, 50},
        {"behind -- everything is a word", "fill bag -- --limit",       NULL,   2, false, 50},
    };
    struct arena *arena = arena_create(4096);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct call call;

        check_error(rows[i].name, parse(rows[i].line, arena, &call, &err), &err, NULL);
        check_string(rows[i].name, call.command->verb, rows[i].want_verb);
        check_int(rows[i].name, (int64_t)call.argument_count, (int64_t)rows[i].want_arguments);
        check_int(rows[i].name, call.json, rows[i].want_json);
        check_int(rows[i].name, call_number(&call, "limit", 50), rows[i].want_limit);
    }
    arena_destroy(arena);
}

static void
test_what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *name, *line, *want;
    } rows[] = {
        {"nothing",                      "",                        "name a command"        },
        {"an unknown noun",              "stones",                  "stones"                },
        {"an unknown verb",              "fruit throw",             "throw"                 },
        {"a missing argument",           "fruit eat",               "NAME: is missing"      },
        {"too many",                     "fruit list all",          "all: one word too many"},
        {"an unknown option",            "fruit --fast",            "--fast"                },
        {"a short option",               "fruit -l",                "-l: unknown option"    },
        {"an option of another command", "fruit list --yes",        "takes no --yes"        },
        {"an option without its value",  "fruit --limit",           "needs a value"         },
        {"a limit of nothing",           "fruit --limit 0",         "1 to 10000"            },
        {"a limit that is no number",    "fruit --limit 7x",        "1 to 10000"            },
        {"an unknown source",            "fruit --source nobody",   "no such source"        },
        {"not one of the choices",       "fruit --colour re",       "one of red|green"      },
        {"no moment",                    "fruit --since yesterday", "must be a date"        },
    };
    struct arena *arena = arena_create(4096);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct call call;

        check_error(rows[i].name, parse(rows[i].line, arena, &call, &err), &err, "usage");
        check_contains(rows[i].name, err.message, rows[i].want);
    }
    arena_destroy(arena);
}

static void
test_moments(void **state)
{
    static const struct {
        const char *name, *line;
        int64_t want_ms;
    } rows[] = {
        {"a date is its midnight", "fruit --since 2025-11-21",           INT64_C(1763683200000)},
        {"a time",                 "fruit --since 2025-11-21T08:41:05Z", NOW_MS                },
        {"seconds ago",            "fruit --since 90s",                  NOW_MS - 90000        },
        {"days ago",               "fruit --since 7d",                   NOW_MS - 604800000    },
    };
    struct arena *arena = arena_create(4096);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct call call;

        check_error(rows[i].name, parse(rows[i].line, arena, &call, &err), &err, NULL);
        check_int(rows[i].name, call_number(&call, "since", 0), rows[i].want_ms);
    }
    arena_destroy(arena);
}

static void
check_same_kind(const struct option *one, const struct option *others)
{
    for (; others->name; others++)
        if (strcmp(one->name, others->name) == 0)
            check_int(one->name, one->kind == OPTION_SWITCH, others->kind == OPTION_SWITCH);
}

/* Whether a value follows must be known before the command is. */
static void
test_an_option_takes_a_value_everywhere_or_nowhere(void **state)
{
    struct arena *arena = arena_create(4096);

    (void)state;
    for (const struct noun *const *a = nouns; *a; a++)
        for (size_t i = 0; i < (*a)->command_count; i++)
            for (const struct option *one = (*a)->commands[i].options; one->name; one++)
                for (const struct noun *const *b = nouns; *b; b++)
                    for (size_t j = 0; j < (*b)->command_count; j++)
                        check_same_kind(one, (*b)->commands[j].options);
    check_contains("all commands are in the overview", command_overview(nouns, arena),
                   "dead show JOB_ID");
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_meant_is_found),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_an_option_takes_a_value_everywhere_or_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
