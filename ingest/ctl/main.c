/* tidemarkctl: the operator's tool. */
#include "common/clock.h"
#include "common/settings.h"
#include "ingest/ctl/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_AWAY = 75 };

struct ctl_settings {
    const char *database_url;
    const char *rabbitmq_url;
    const char *redis_url;
    struct archive_options archive;
};

#define SETTINGS struct ctl_settings
static const struct setting settings_table[] = {
    SECRET("DATABASE_URL", database_url, "",
           "PostgreSQL connection string of the operator's role; not needed for dead letters."),
    SECRET("RABBITMQ_URL", rabbitmq_url, "",
           "amqp://user:password@host:port/vhost; for dead letters, queues and doctor."),
    SECRET("REDIS_URL", redis_url, "",
           "redis://[:password@]host:port/db; for the state of sources and doctor."),
    ARCHIVE_OPTIONS,
    SETTINGS_END,
};

/* "tidemarkctl runs --help", "tidemarkctl help runs": then this is all there is to do. */
static void
help_with_noun(int argc, char **argv)
{
    const struct noun *noun = NULL;
    bool asked = false;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || (i == 1 && strcmp(argv[i], "help") == 0))
            asked = true;
        else if (!noun && argv[i][0] != '-')
            noun = command_find_noun(nouns, argv[i]);
    }
    if (!asked || !noun)
        return;
    command_print_help(noun, stdout);
    exit(EXIT_SUCCESS);
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
run(struct call *call, const char *const *words, size_t word_count)
{
    struct error err = {0};

    if (!command_parse(nouns, words, word_count, clock_now_ms(), call, &err)) {
        fprintf(stderr, "tidemarkctl: %s\ntry: tidemarkctl %s--help\n", err.message,
                call->noun ? arena_printf(call->arena, "%s ", call->noun->name) : "");
        return EXIT_USAGE;
    }
    if (call->command->run(call, &err))
        return finish_output();
    finish_output(); /* what was said before it failed comes first */
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
    struct call call = {.arena = arena};
    const char *overview = command_overview(nouns, arena);
    int code;

    signal(SIGPIPE, SIG_IGN);
    help_with_noun(argc, argv);
    if (argc == 2 && strcmp(argv[1], "help") == 0)
        argv[1] = "--help";
    settings_start(argc, argv, "tidemarkctl", overview, settings_table, &settings, arena);
    call.database_url = settings.database_url;
    call.rabbitmq_url = settings.rabbitmq_url;
    call.redis_url = settings.redis_url;
    call.archive = settings.archive;
    code = run(&call, (const char *const *)argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
    arena_destroy(arena);
    return code;
}
