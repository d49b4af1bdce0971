#include "api/openapi/document.h"
#include "api/server.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/log_options.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { FINISH_MS = 20000, LOOK_MS = 50, EXIT_SETTINGS = 2 };

static const char usage[] =
    "usage: tidemark-api [--threads N] | --openapi\n\n"
    "Serves prices, charts and listings over HTTP. SIGTERM: /readyz says no, after DRAIN_DELAY "
    "the\n"
    "listeners close, and what is under way is finished; a second one: exit at once.\n"
    "  --openapi  prints the OpenAPI document that /openapi.json gives, and ends\n";

/* --threads N is API_THREADS=N; what is left goes to settings_start(). */
static int
take_threads(int argc, char **argv)
{
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            setenv("API_THREADS", argv[++i], 1);
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

/* Needs no settings: whoever generates a client needs no server for it. */
static int
print_openapi(struct arena *arena)
{
    struct bytes document = openapi_document(arena);

    return fwrite(document.data, 1, document.size, stdout) == document.size && fflush(stdout) == 0
               ? 0
               : EXIT_FAILURE;
}

/* Signals are waited for, not handled, so that stopping is ordinary code. Before any thread. */
static sigset_t
block_signals(void)
{
    sigset_t signals;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

/*
 * A chart is most of a megabyte, several times over while it is made. Left alone, malloc maps such
 * pieces anew each time and the kernel clears every page of them: a quarter of the whole cost. The
 * heaps of threads are given back whatever the threshold says, so there is one heap; loops that
 * answer from memory do not allocate, so they do not meet at its lock.
 */
static void
keep_large_memory(void)
{
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
}

/* Each client is a file. The soft limit that shells give, 1,024, is for programs that select(). */
static void
allow_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Waits; a second signal meanwhile ends the process. */
static void
wait_or_exit(const sigset_t *signals, int64_t wait_ms)
{
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    if (sigtimedwait(signals, NULL, &wait) <= 0)
        return;
    log_event(LOG_WARN, "stop.at_once");
    log_finish();
    _exit(0);
}

static void
stop(struct server *server, const struct api_settings *settings, const sigset_t *signals)
{
    int64_t finish_at_ms;

    log_event(LOG_INFO, "stop.announced", LOG_INT("drain_delay_ms", settings->drain_delay_ms));
    server_announce_stop(server);
    wait_or_exit(signals, settings->drain_delay_ms);
    log_event(LOG_INFO, "stop.draining");
    server_drain(server);
    finish_at_ms = clock_monotonic_ms() + FINISH_MS;
    while (!server_is_drained(server) && clock_monotonic_ms() < finish_at_ms)
        wait_or_exit(signals, LOOK_MS);
    server_destroy(server);
    log_event(LOG_INFO, "stop.done");
}

int
main(int argc, char **argv)
{
    struct arena *arena = arena_create(8192);
    struct api_settings settings;
    sigset_t signals = block_signals();
    struct server *server;
    struct error err;
    int received;

    if (argc == 2 && strcmp(argv[1], "--openapi") == 0) {
        received = print_openapi(arena);
        arena_destroy(arena);
        return received;
    }
    keep_large_memory();
    allow_files();
    argc = take_threads(argc, argv);
    settings_start(argc, argv, "tidemark-api", usage, api_setting_table, &settings, arena);
    log_start("tidemark-api", &settings.log);
    settings_log(api_setting_table, &settings);
    server = server_start(&settings, &err);
    if (!server) {
        log_event(LOG_ERR, "start.failed", LOG_ERROR(&err));
        fprintf(stderr, "tidemark-api: %s\n", err.message);
        log_finish();
        arena_destroy(arena);
        return EXIT_SETTINGS;
    }
    log_event(LOG_INFO, "start.listening", LOG_STR("address", settings.listen),
              LOG_INT("threads", settings.threads));
    sigwait(&signals, &received);
    stop(server, &settings, &signals);
    log_finish();
    arena_destroy(arena);
    return 0;
}
