#include "ingest/worker/child.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/topology.h"
#include "ingest/worker/announce.h"
#include "ingest/worker/run.h"
#include "ingest/worker/settle.h"
#include "ingest/worker/steps.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_STOPPED = 0,
    EXIT_CONFIGURATION = 2,
    EXIT_AWAY = 75,
    NEXT_MS = 1000,  /* how often an idle child looks up from its queue */
    SERVE_MS = 1000, /* how often the broker is served while waiting */
    AWAY_MS = 4000,  /* a database that is away is tried again after NEXT_MS and up to this */
    /* First blocks, kept between jobs: an ordinary page fits in. */
    JOB_ARENA = 64 * 1024,
    PAGE_ARENA = 2 * 1024 * 1024,
    STORE_ARENA = 512 * 1024,
    NAME_SIZE = 96,
};

static volatile sig_atomic_t stop;

static void
ask_to_stop(int signal_number)
{
    stop = 1;
}

bool
child_stops(void)
{
    return stop;
}

void
child_serve_broker(void *context)
{
    struct child *child = context;
    struct error err; /* a lost connection shows at the next call that needs it */

    if ((broker_consumer_connected(child->consumer) &&
         !broker_consumer_service(child->consumer, &err)) ||
        (broker_publisher_connected(child->publisher) &&
         !broker_publisher_service(child->publisher, &err)))
        log_event(LOG_WARN, "broker.lost", LOG_ERROR(&err));
}

void
child_wait(struct child *child, int64_t wait_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms, left_ms;

    while (!stop && broker_consumer_connected(child->consumer) &&
           (left_ms = deadline_ms - clock_monotonic_ms()) > 0) {
        struct pollfd fd = {.fd = broker_consumer_socket(child->consumer), .events = POLLIN};

        poll(&fd, 1, (int)(left_ms < SERVE_MS ? left_ms : SERVE_MS));
        child_serve_broker(child);
    }
}

/* ---- one job ---- */

static bool
read_job(const struct child *child, const struct broker_delivery *delivery, struct job *ret_job,
         struct error *err)
{
    if (!job_decode(delivery->body, child->job_arena, ret_job, err))
        return false;
    if (strcmp(ret_job->source, child->source->name) != 0)
        return error_set(err, ERROR_REJECT, "job.source", "a job of \"%.60s\" in the queue of %s",
                         ret_job->source, child->source->name);
    return true;
}

static void
log_run(const struct run *run)
{
    bool well = run->err.kind == ERROR_NONE;
    bool quiet = well || run->outcome == OUTCOME_SKIPPED;
    int64_t duration_us = (clock_monotonic_ms() - run->started_at_ms) * 1000;
    struct log_field error = LOG_ERROR(&run->err);

    if (well)
        error.name = NULL; /* ends the list */
    log_event(quiet ? LOG_INFO : LOG_WARN, "job.run",
              LOG_STR("outcome", outcome_name(run->outcome)),
              LOG_STR("kind", job_kind_name(run->job->kind)), LOG_INT("attempt", run->job->attempt),
              LOG_INT("run_id", run->run_id), LOG_INT("pages", run->pages),
              LOG_INT("records", run->records), LOG_INT("rejected", run->rejected),
              LOG_INT("unmapped", run->unmapped), LOG_INT("http_status", run->http_status),
              LOG_INT("payload_id", run->payload_id), LOG_SECONDS("duration_seconds", duration_us),
              error);
}

/* Who waits for a live job is told at once that it brought nothing. */
static void
announce_failure(const struct run *run)
{
    switch (run->outcome) {
    case OUTCOME_DONE:
    case OUTCOME_CONTINUED:
    case OUTCOME_OURS:
        return;
    default:
        if (job_is_live(run->job))
            announce_ending(run->child, run->job, run->run_id, outcome_name(run->outcome),
                            run->child->job_arena);
    }
}

/* Runs it and settles it. */
static bool
work_on(struct child *child, const struct broker_delivery *delivery, const struct job *job)
{
    struct run run;
    bool settled;

    fault_job(job->job_id);
    run_job(&run, child, job);
    log_run(&run);
    announce_failure(&run);
    settled = settle_run(child, delivery, &run);
    run_finish(&run);
    return settled;
}

/* A job that has ended, it seems, each worker that took it. */
static bool
give_up(struct child *child, const struct broker_delivery *delivery, const struct job *job,
        const char *reason)
{
    struct error err;
    struct run run;
    bool settled;

    error_set(
        &err, ERROR_REJECT, "job.crashes",
        "handed out %lld times in a row, %d times over, and never settled: it ends its worker",
        (long long)delivery->delivery_count, job->set_aside + 1);
    run_give_up(&run, child, job, &err);
    log_run(&run);
    settled = run.outcome == OUTCOME_PERMANENT ? settle_dead(child, delivery, &run, reason)
                                               : settle_run(child, delivery, &run);
    run_finish(&run);
    return settled;
}

static bool
avoid(struct child *child, const struct broker_delivery *delivery, const struct job *job,
      const struct settlement *settlement)
{
    log_event(LOG_ERR, "job.suspect", LOG_INT("deliveries", delivery->delivery_count),
              LOG_INT("set_aside", job->set_aside));
    if (settlement->action == ACTION_DEAD)
        return give_up(child, delivery, job, settlement->reason);
    return settle_set_aside(child, delivery, job, settlement);
}

/* False when this process can do no more for the message: it stays with the broker. */
static bool
work(struct child *child, const struct broker_delivery *delivery)
{
    size_t tier_count;
    const int64_t *tiers_ms = topology_tiers_ms(&tier_count);
    struct settlement instead;
    struct error err;
    struct job job;
    bool settled;

    fault_point(STEP_RECEIVE);
    if (!read_job(child, delivery, &job, &err)) {
        log_event(LOG_ERR, "job.malformed", LOG_ERROR(&err));
        return settle_malformed(child, delivery, &err);
    }
    fault_point(STEP_VALIDATE);
    log_context("job_id", job.job_id);
    if (outcome_is_suspect(delivery->delivery_count, &job, tiers_ms, tier_count, (uint32_t)random(),
                           &instead))
        settled = avoid(child, delivery, &job, &instead);
    else
        settled = work_on(child, delivery, &job);
    log_context("job_id", NULL);
    return settled;
}

/* ---- the loop ---- */

/* Sleeps, or less when a signal comes. */
static void
sleep_ms(int64_t wait_ms)
{
    struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};

    if (!stop)
        nanosleep(&wait, NULL);
}

/*
 * Connects to both servers, the database first: while that is away nothing is taken from the queue,
 * or each start of a child would cost a message one of its deliveries, and a long outage all of
 * them. Otherwise waits a little.
 */
static bool
find_servers(struct child *child, struct error *err)
{
    bool database = store_ready(child->store, err);

    if (database && broker_consumer_connect(child->consumer, err))
        return true;
    if (err->kind == ERROR_FATAL) {
        log_event(LOG_ERR, database ? "broker.refused" : "database.refused", LOG_ERROR(err));
        return false;
    }
    if (!database)
        log_event(LOG_WARN, "database.away", LOG_ERROR(err));
    sleep_ms(err->retry_after_ms > 0 ? err->retry_after_ms : NEXT_MS + random() % AWAY_MS);
    return false;
}

static int
serve_queue(struct child *child)
{
    struct broker_delivery delivery;
    struct error err;
    bool received;

    while (!stop) {
        if (!broker_consumer_connected(child->consumer) && !find_servers(child, &err)) {
            if (err.kind == ERROR_FATAL)
                return strcmp(err.code, "broker.url") == 0 ? EXIT_CONFIGURATION : EXIT_AWAY;
            continue;
        }
        arena_reset(child->job_arena);
        if (!broker_consumer_next(child->consumer, NEXT_MS, child->job_arena, &delivery, &received,
                                  &err)) {
            log_event(LOG_WARN, "broker.lost", LOG_ERROR(&err));
            continue;
        }
        if (received && !work(child, &delivery))
            return EXIT_AWAY;
        child_serve_broker(child);
    }
    if (broker_consumer_connected(child->consumer) &&
        !broker_consumer_cancel(child->consumer, &err))
        log_event(LOG_WARN, "broker.lost", LOG_ERROR(&err));
    return EXIT_STOPPED;
}

static void
handle_signals(void)
{
    struct sigaction action = {.sa_handler = ask_to_stop};
    sigset_t none;

    sigaction(SIGTERM, &action, NULL);
    signal(SIGINT, SIG_IGN); /* of a terminal: the supervisor passes it on as SIGTERM */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *
make_name(char name[NAME_SIZE])
{
    char host[64] = "";

    gethostname(host, sizeof(host) - 1);
    snprintf(name, NAME_SIZE, "%s/%d", host, (int)getpid());
    return name;
}

/* The names of all sources, for the topology. */
static size_t
list_sources(const char *names[WORKER_SOURCES_MAX])
{
    size_t count = 0;

    for (; sources[count]; count++)
        names[count] = sources[count]->name;
    return count;
}

/* The place in the registry of the source that a queue's key names; false if there is none. */
static bool
find_source(const char *key, size_t *ret_index, bool *ret_live)
{
    char live_key[TOPOLOGY_NAME_SIZE];

    for (size_t i = 0; sources[i]; i++) {
        *ret_live = strcmp(key, topology_jobs_key(sources[i]->name, true, live_key)) == 0;
        *ret_index = i;
        if (*ret_live || strcmp(key, sources[i]->name) == 0)
            return true;
    }
    return false;
}

static bool
make_gate(struct child *child, struct gate_memory *memory, int32_t index)
{
    const struct worker_settings *settings = child->settings;
    const struct gate_settings gate = {
        .redis_url = settings->redis_url,
        .source = child->source->name,
        .key = worker_settings_key(settings, child->source),
        .budget_per_minute = worker_settings_budget(settings, child->source),
        .hosts = settings->workers_expected,
        .open_ms = settings->breaker_open_ms,
        .caller = child->name,
        .index = index,
        .memory = memory,
    };
    struct error err;

    child->gate = gate_create(&gate, &err);
    if (!child->gate)
        log_event(LOG_ERR, "redis.refused", LOG_ERROR(&err));
    return child->gate;
}

static int
serve(struct child *child)
{
    const struct fetch_limits limits = fetch_limits_within(child->settings->upstream_timeout_ms);
    int code;

    child->fetcher = fetcher_create(&limits, child->settings->allow_private_upstream,
                                    child->settings->upstream_ca_file);
    child->job_arena = arena_create(JOB_ARENA);
    child->page_arena = arena_create(PAGE_ARENA);
    child->store_arena = arena_create(STORE_ARENA);
    handle_signals();
    srandom((unsigned)getpid() ^ (unsigned)clock_monotonic_us());
    code = serve_queue(child);
    broker_consumer_destroy(child->consumer);
    broker_publisher_destroy(child->publisher);
    store_destroy(child->store);
    fetcher_destroy(child->fetcher);
    gate_destroy(child->gate);
    arena_destroy(child->job_arena);
    arena_destroy(child->page_arena);
    arena_destroy(child->store_arena);
    return code;
}

int
child_main(const struct worker_settings *settings, const char *key, int gates_fd, int32_t index)
{
    const char *names[WORKER_SOURCES_MAX];
    char queue[TOPOLOGY_NAME_SIZE], name[NAME_SIZE];
    struct topology topology = {.sources = names, .source_count = list_sources(names)};
    struct broker_settings broker = {settings->rabbitmq_url, "tidemark-worker", topology_prepare,
                                     &topology};
    struct database_settings database = {.url = settings->database_url,
                                         .application_name = "tidemark-worker"};
    struct child child = {.settings = settings, .name = make_name(name)};
    size_t place;
    int code;

    if (!find_source(key, &place, &child.live))
        return EXIT_CONFIGURATION;
    child.source = sources[place];
    if (!make_gate(&child, gate_memory_map(gates_fd, place), index))
        return EXIT_CONFIGURATION;
    child.consumer =
        broker_consumer_create(&broker, topology_jobs_queue(child.source->name, child.live, queue));
    child.publisher = broker_publisher_create(&broker);
    child.store = store_create(&database, child.source);
    log_event(LOG_INFO, "child.start", LOG_STR("queue", queue));
    code = serve(&child);
    log_event(LOG_INFO, "child.stop", LOG_STR("queue", queue), LOG_INT("exit_code", code));
    return code;
}
