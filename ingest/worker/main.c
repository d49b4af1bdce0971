#include "common/log.h"
#include "ingest/worker/settings.h"
#include "ingest/worker/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

/* tidemark-worker: fetches what the jobs in the queues ask for and writes it into the tables. */

enum { EXIT_CONFIGURATION = 2, LOG_FILE_BYTES = 64 << 20, LOG_FILES = 5 };

static const char usage[] =
    "Takes jobs from the queues of all sources, fetches what they ask for, and writes it into the\n"
    "tables. One process supervises the children, each of which serves one queue, one job at a\n"
    "time. SIGTERM lets running jobs finish, for at most 30 s; a second one does not wait.\n";

int
main(int argc, char **argv)
{
    struct arena *arena = arena_create(16 * 1024);
    const struct setting *table = worker_settings_table(arena);
    struct worker_settings settings = {0};
    struct log_settings log = {
        .service = "tidemark-worker", .file_bytes = LOG_FILE_BYTES, .file_count = LOG_FILES};
    struct error err;
    bool ok;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* secrets are in memory */
    signal(SIGPIPE, SIG_IGN);
    settings_start(argc, argv, "tidemark-worker", usage, table, &settings, arena);
    log.file_path = settings.log_file_path;
    ok = log_level_parse(settings.log_level, &log.level) && log_init(&log, &err);
    if (ok) {
        settings_log(table, &settings);
        ok = supervisor_run(&settings, &err);
    }
    if (!ok)
        fprintf(stderr, "tidemark-worker: %s\n", err.message);
    log_finish();
    arena_destroy(arena);
    return ok ? 0 : EXIT_CONFIGURATION;
}
