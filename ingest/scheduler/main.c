/* tidemark-scheduler: turns schedules into jobs. Any number may run; one leads. */
#include "common/clock.h"
#include "common/database.h"
#include "common/log.h"
#include "common/log_options.h"
#include "common/settings.h"
#include "ingest/scheduler/due.h"
#include "ingest/scheduler/leader.h"
#include "ingest/scheduler/outbox.h"
#include "ingest/scheduler/partitions.h"
#include "ingest/scheduler/slots.h"
#include "ingest/sources/source.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_AWAY = 75,
    ROUND_MS = 1000,
    SOURCES_MAX = 64,
};

struct scheduler_settings {
    const char *database_url;
    const char *rabbitmq_url;
    int64_t ingestion_interval_ms;
    int64_t catch_up_per_minute;
    struct log_options log;
};

#define SETTINGS struct scheduler_settings
static const struct setting settings_table[] = {
    SECRET("DATABASE_URL", database_url, REQUIRED,
           "PostgreSQL connection string of the scheduler's role; direct, not through a pooler."),
    SECRET("RABBITMQ_URL", rabbitmq_url, REQUIRED,
           "amqp://user:password@host:port/vhost; the virtual host / is written %2f."),
    MS("INGESTION_INTERVAL", ingestion_interval_ms, "0", 0, 86400000,
       "Period of all quote schedules, instead of their own; 0 = as the schedules say."),
    COUNT("CATCH_UP_PER_MINUTE", catch_up_per_minute, "60", 1, 100000,
          "Missed slots that are caught up with in a minute, all schedules together."),
    LOG_OPTIONS,
    SETTINGS_END,
};

static const char usage[] =
    "usage: tidemark-scheduler\n"
    "\n"
    "Turns the schedules in the database into jobs in RabbitMQ. Any number of schedulers may run:\n"
    "one leads, another takes over within 15 seconds.\n"
    "\n"
    "SIGTERM stops it once what is published is confirmed (at most 10 s); a second one at once.\n"
    "Exit codes: 0 stopped, 2 wrong settings, 75 the database or the broker refuses us.\n";

static volatile sig_atomic_t stop_requests;

static void
on_stop_signal(int signal_number)
{
    if (stop_requests++ > 0)
        _exit(EXIT_AWAY);
}

static void
catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_stop_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

struct scheduler {
    const struct scheduler_settings *settings;
    const char *source_names[SOURCES_MAX];
    struct leader *leader;
    struct outbox *outbox;
    struct due_budget budget;
    int64_t partitions_due_at_ms; /* monotonic */
    int64_t trim_due_at_ms;       /* monotonic */
    struct arena *arena;          /* one round's */
    bool led;                     /* in the round before */
};

static void
scheduler_start(struct scheduler *scheduler, const struct scheduler_settings *settings)
{
    size_t count = 0;

    *scheduler = (struct scheduler){.settings = settings};
    while (sources[count] && count < SOURCES_MAX) {
        scheduler->source_names[count] = sources[count]->name;
        count++;
    }
    scheduler->leader = leader_create(settings->database_url);
    scheduler->outbox = outbox_create(settings->rabbitmq_url, scheduler->source_names, count);
    due_budget_init(&scheduler->budget, settings->catch_up_per_minute, clock_monotonic_ms());
    scheduler->arena = arena_create(256 * 1024);
}

static void
scheduler_finish(struct scheduler *scheduler)
{
    outbox_destroy(scheduler->outbox);
    leader_destroy(scheduler->leader);
    arena_destroy(scheduler->arena);
}

static int64_t
quote_period_s(const struct scheduler *scheduler)
{
    return scheduler->settings->ingestion_interval_ms / 1000;
}

/*
 * What only the leader does, all of it over the session that holds the lock. Slots come first: a
 * broker that swallows everything is waited for so long that the silent session ends, and even then
 * each turn at leading makes what has fallen due.
 */
static bool
lead(struct scheduler *scheduler, struct error *err)
{
    struct database *db = leader_database(scheduler->leader);
    const struct outgoing *outgoing;
    size_t count;

    due_budget_refill(&scheduler->budget, clock_monotonic_ms());
    return slots_make(db, quote_period_s(scheduler), &scheduler->budget, clock_now_ms(),
                      scheduler->arena, &outgoing, &count, err) &&
           outbox_publish(scheduler->outbox, db, outgoing, count, scheduler->arena, err) &&
           outbox_service(scheduler->outbox, db, scheduler->arena, err) &&
           partitions_keep_ahead(db, &scheduler->partitions_due_at_ms, scheduler->arena, err) &&
           slots_trim(db, &scheduler->trim_due_at_ms, scheduler->arena, err);
}

static bool
begin_to_lead(struct scheduler *scheduler, struct error *err)
{
    log_event(LOG_INFO, "leader.begins",
              LOG_INT("ingestion_interval_s", quote_period_s(scheduler)));
    outbox_take_over(scheduler->outbox);
    return leader_record(scheduler->leader, quote_period_s(scheduler), scheduler->arena, err);
}

/* False when there is no point in going on: `err` is fatal. */
static bool
run_round(struct scheduler *scheduler, struct error *err)
{
    bool leads;

    arena_reset(scheduler->arena);
    if (!leader_poll(scheduler->leader, scheduler->arena, &leads, err)) {
        log_event(LOG_WARN, "database.away", LOG_ERROR(err));
        return err->kind != ERROR_FATAL;
    }
    if (leads && !((scheduler->led || begin_to_lead(scheduler, err)) && lead(scheduler, err))) {
        log_event(LOG_WARN, "leader.lost", LOG_ERROR(err));
        leader_resign(scheduler->leader);
        scheduler->led = false;
        return err->kind != ERROR_FATAL;
    }
    scheduler->led = leads;
    if (outbox_refusal(scheduler->outbox)) {
        *err = *outbox_refusal(scheduler->outbox);
        return false;
    }
    return true;
}

static int
run(const struct scheduler_settings *settings)
{
    struct scheduler scheduler;
    struct error err = {0};
    bool going_on = true;

    scheduler_start(&scheduler, settings);
    while (!stop_requests && going_on) {
        int64_t started_at_ms = clock_monotonic_ms(), spent_ms;

        going_on = run_round(&scheduler, &err);
        spent_ms = clock_monotonic_ms() - started_at_ms;
        if (going_on && !stop_requests && spent_ms < ROUND_MS)
            poll(NULL, 0, (int)(ROUND_MS - spent_ms)); /* a signal ends it */
    }
    scheduler_finish(&scheduler);
    if (!going_on)
        log_event(LOG_ERR, "scheduler.gives_up", LOG_ERROR(&err));
    else
        log_event(LOG_INFO, "scheduler.stopped");
    return going_on ? EXIT_SUCCESS : EXIT_AWAY;
}

static void
refuse(const char *what)
{
    fprintf(stderr, "tidemark-scheduler: %s\n", what);
    exit(EXIT_USAGE);
}

int
main(int argc, char **argv)
{
    struct arena *arena = arena_create(4096);
    struct scheduler_settings settings;
    int code;

    settings_start(argc, argv, "tidemark-scheduler", usage, settings_table, &settings, arena);
    if (argc > 1)
        refuse("takes no arguments; try --help");
    if (settings.ingestion_interval_ms % 1000 != 0)
        refuse("INGESTION_INTERVAL must be whole seconds, such as 60s or 5m");
    log_start("tidemark-scheduler", &settings.log);
    settings_log(settings_table, &settings);
    catch_signals();
    code = run(&settings);
    log_finish();
    arena_destroy(arena);
    return code;
}
