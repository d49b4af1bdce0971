/* tidemarkctl: the operator's tool. */
#include "common/settings.h"
#include "ingest/ctl/command.h"
#include "ingest/sources/source.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_AWAY = 75, LIMIT_DEFAULT = 50, LIMIT_MAX = 10000 };

static const char usage[] =
    "usage: tidemarkctl schedules apply FILE      make the schedules what FILE says\n"
    "       tidemarkctl schedules list            what is fetched, and when\n"
    "       tidemarkctl runs [list]               what the workers have done, newest first\n"
    "       tidemarkctl checkpoints [list]        where each stream goes on\n"
    "       tidemarkctl dead [list]               jobs that were given up\n"
    "       tidemarkctl dead show JOB_ID          one of them, with its message\n"
    "\n"
    "  --json           JSON for scripts instead of a table\n"
    "  --source NAME    only this source (lists)\n"
    "  --status STATUS  runs: only running, ok, failed, expired, skipped, dead or waiting\n"
    "  --limit N        at most so many rows (runs, dead; default 50)\n"
    "\n"
    "Exit codes: 0 done, 1 refused (a wrong file changes nothing; no such dead letter), 2 usage "
    "or\n"
    "settings, 75 database or broker away: try again.\n";

static const struct {
    const char *noun, *verb;
    command_run *run;
    bool verb_may_be_left_out;
    const char *argument; /* what the word behind the verb is; NULL = takes none */
} commands[] = {
    {"schedules",   "apply", schedules_apply,   false, "FILE"  },
    {"schedules",   "list",  schedules_list,    true,  NULL    },
    {"runs",        "list",  runs_list,         true,  NULL    },
    {"checkpoints", "list",  checkpoints_list,  true,  NULL    },
    {"dead",        "list",  dead_letters_list, true,  NULL    },
    {"dead",        "show",  dead_letters_show, false, "JOB_ID"},
};

struct ctl_settings {
    const char *database_url;
    const char *rabbitmq_url;
};

#define SETTINGS struct ctl_settings
static const struct setting settings_table[] = {
    SECRET("DATABASE_URL", database_url, "",
           "PostgreSQL connection string of the operator's role; not needed for dead letters."),
    SECRET("RABBITMQ_URL", rabbitmq_url, "",
           "amqp://user:password@host:port/vhost; needed for dead letters only."),
    SETTINGS_END,
};

/* Says what is wrong with a word of the command line, and ends. */
static void
refuse_word(const char *word, const char *why)
{
    fprintf(stderr, "tidemarkctl: %s: %s\ntry: tidemarkctl --help\n", word, why);
    exit(EXIT_USAGE);
}

struct database *
command_connect(const struct call *call, struct error *err)
{
    const struct database_settings settings = {.url = call->database_url,
                                               .application_name = "tidemarkctl"};

    if (!*call->database_url) {
        error_set(err, ERROR_FATAL, "settings.missing",
                  "DATABASE_URL is not set: postgresql://user:password@host:port/database");
        return NULL;
    }
    return database_connect(&settings, err);
}

static const char *
value_of(char **words, int count, int *i)
{
    if (*i + 1 == count)
        refuse_word(words[*i], "needs a value behind it");
    return words[++*i];
}

static int64_t
parse_limit(const char *text)
{
    char *end;
    int64_t limit = strtoll(text, &end, 10);

    if (*end != '\0' || limit < 1 || limit > LIMIT_MAX)
        refuse_word(text, "the limit must be a number from 1 to 10000");
    return limit;
}

/* A word that nobody knows would be an empty list, which reads like an answer. */
static const char *
parse_source(const char *name)
{
    if (!source_find(name))
        refuse_word(name, "there is no such source");
    return name;
}

static const char *
parse_status(const char *status)
{
    static const char *const known[] = {"running", "ok",   "failed", "expired",
                                        "skipped", "dead", "waiting"};

    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(status, known[i]) == 0)
            return status;
    refuse_word(status,
                "the status must be running, ok, failed, expired, skipped, dead or waiting");
    return NULL;
}

/* Options may stand anywhere; what is left are the words of the command. */
static size_t
parse_options(char **words, int count, struct call *call, const char *ret_words[3])
{
    size_t word_count = 0;

    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--json") == 0)
            call->json = true;
        else if (strcmp(words[i], "--source") == 0)
            call->source = parse_source(value_of(words, count, &i));
        else if (strcmp(words[i], "--status") == 0)
            call->status = parse_status(value_of(words, count, &i));
        else if (strcmp(words[i], "--limit") == 0)
            call->limit = parse_limit(value_of(words, count, &i));
        else if (words[i][0] == '-')
            refuse_word(words[i], "unknown option");
        else if (word_count == 3)
            refuse_word(words[i], "one word too many");
        else
            ret_words[word_count++] = words[i];
    }
    return word_count;
}

/* The command that the words name; its argument goes into `call`. */
static command_run *
find_command(const char *const *words, size_t word_count, struct call *call)
{
    if (word_count == 0)
        refuse_word("nothing to do", "name a command");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        bool short_form = word_count == 1 && commands[i].verb_may_be_left_out;
        size_t wanted = commands[i].argument ? 3 : 2;

        if (strcmp(words[0], commands[i].noun) != 0 ||
            !(short_form || (word_count > 1 && strcmp(words[1], commands[i].verb) == 0)))
            continue;
        if (word_count < wanted && !short_form)
            refuse_word(commands[i].argument, "is missing");
        if (word_count > wanted)
            refuse_word(words[2], "one word too many");
        call->argument = commands[i].argument ? words[2] : NULL;
        return commands[i].run;
    }
    refuse_word(words[0], word_count > 1 ? "there is no such command, or not with that word behind "
                                           "it"
                                         : "there is no such command, or a word is missing");
    return NULL;
}

/* Of a reader that has seen enough (`| head`) nothing need be said. */
static int
finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    if (errno != EPIPE)
        fprintf(stderr, "tidemarkctl: the answer cannot be written: %s\n", strerror(errno));
    return EXIT_REFUSED;
}

static int
run(command_run *command, const struct call *call)
{
    struct error err = {0};

    if (command(call, &err))
        return finish_output();
    fprintf(stderr, "tidemarkctl: %s\n", err.message);
    if (err.kind == ERROR_RETRY)
        return EXIT_AWAY;
    return err.kind == ERROR_FATAL ? EXIT_USAGE : EXIT_REFUSED;
}

int
main(int argc, char **argv)
{
    struct arena *arena = arena_create(256 * 1024);
    struct ctl_settings settings;
    struct call call = {.arena = arena, .limit = LIMIT_DEFAULT};
    const char *words[3] = {0};
    command_run *command;
    size_t word_count;
    int code;

    signal(SIGPIPE, SIG_IGN);
    settings_start(argc, argv, "tidemarkctl", usage, settings_table, &settings, arena);
    call.database_url = settings.database_url;
    call.rabbitmq_url = settings.rabbitmq_url;
    word_count = parse_options(argv, argc, &call, words);
    command = find_command(words, word_count, &call);
    code = run(command, &call);
    arena_destroy(arena);
    return code;
}
