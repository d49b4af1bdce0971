#include "common/log.h"
#include "common/log_options.h"
#include "ingest/worker/child.h"
#include "ingest/worker/settings.h"
#include "ingest/worker/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* tidemark-worker: fetches what the jobs in the queues ask for and writes it into the tables. */

enum { EXIT_CONFIGURATION = 2 };

static const char usage[] =
    "Takes jobs from the queues of all sources, fetches what they ask for, and writes it into the\n"
    "tables. One process supervises the children, each of which serves one queue, one job at a\n"
    "time. SIGTERM lets running jobs finish, for at most 30 s; a second one does not wait.\n";

static bool
run(const struct setting *table, const struct worker_settings *settings, char **child_arguments,
    int *ret_code, struct error *err)
{
    log_start("tidemark-worker", &settings->log);
    if (child_arguments) {
        *ret_code = child_main(settings, child_arguments[0], atoi(child_arguments[1]),
                               atoi(child_arguments[2]));
        return true;
    }
    settings_log(table, settings);
    if (!supervisor_run(settings, err))
        return false;
    *ret_code = 0;
    return true;
}

int
main(int argc, char **argv)
{
    bool is_child = argc == 5 && strcmp(argv[1], CHILD_ARGUMENT) == 0;
    struct arena *arena = arena_create(16 * 1024);
    const struct setting *table = worker_settings_table(arena);
    struct worker_settings settings = {0};
    int code = EXIT_CONFIGURATION;
    struct error err;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* secrets are in memory */
    signal(SIGPIPE, SIG_IGN);
    settings_start(is_child ? 1 : argc, argv, "tidemark-worker", usage, table, &settings, arena);
    if (!run(table, &settings, is_child ? argv + 2 : NULL, &code, &err))
        fprintf(stderr, "tidemark-worker: %s\n", err.message);
    log_finish();
    arena_destroy(arena);
    return code;
}
