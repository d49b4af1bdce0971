#include "common/topology.h"
#include "ingest/ctl/doctor.h"
#include "ingest/ctl/servers.h"
#include "ingest/sources/source.h"

#include <stdio.h>
#include <string.h>

enum { SOURCES_MAX = 64, NAMES_MAX = 2 * SOURCES_MAX + TOPOLOGY_TIERS_MAX + 2, FULL_PERCENT = 80 };

/* Every queue there should be. */
struct queues {
    const char *sources[SOURCES_MAX];
    size_t source_count;
    const char *names[NAMES_MAX]; /* two a source (plain, live), the tiers, the dead, the mark */
    struct broker_queue found[NAMES_MAX];
    size_t count;
    size_t dead; /* its place */
};

static void
list_queues(struct queues *queues, struct arena *arena)
{
    size_t tier_count;
    const int64_t *tiers_ms = topology_tiers_ms(&tier_count);

    for (size_t i = 0; sources[i] && i < SOURCES_MAX; i++) {
        queues->sources[queues->source_count++] = sources[i]->name;
        for (int live = 0; live < 2; live++)
            queues->names[queues->count++] =
                topology_jobs_queue(sources[i]->name, live, arena_alloc(arena, TOPOLOGY_NAME_SIZE));
    }
    for (size_t i = 0; i < tier_count; i++)
        queues->names[queues->count++] =
            topology_retry_queue(tiers_ms[i], arena_alloc(arena, TOPOLOGY_NAME_SIZE));
    queues->dead = queues->count;
    queues->names[queues->count++] = TOPOLOGY_DEAD_QUEUE;
    queues->names[queues->count++] = TOPOLOGY_INTACT_QUEUE;
}

/* "3.10.8" is at least 3.10. */
static bool
is_new_enough(const char *version)
{
    int major, minor;

    return sscanf(version, "%d.%d", &major, &minor) == 2 &&
           (major > 3 || (major == 3 && minor >= 10));
}

static void
check_version(struct findings *findings, const struct broker_server *server)
{
    bool rabbitmq = strcmp(server->product, "RabbitMQ") == 0;
    bool fits = rabbitmq && is_new_enough(server->version);

    findings_add(findings, fits ? HEALTH_OK : HEALTH_FAIL, "rabbitmq",
                 fits ? NULL : "use RabbitMQ 3.10 or newer", "%s, version %s", server->product,
                 server->version);
}

/* Whether all are there; then those that are can be held against what they should be. */
static bool
check_presence(struct findings *findings, const struct queues *queues)
{
    struct text missing;
    size_t count = 0;

    text_init(&missing, findings->call->arena, 256);
    for (size_t i = 0; i < queues->count; i++)
        if (!queues->found[i].exists && count++ < 4)
            text_add_format(&missing, "%s%s", count > 1 ? ", " : "", queues->names[i]);
    if (count > 0)
        findings_add(findings, HEALTH_FAIL, "queues",
                     "start tidemark-worker and tidemark-scheduler: they declare what is missing",
                     "%zu of %zu are missing: %s%s", count, queues->count,
                     text_finish(&missing).data, count > 4 ? " ..." : "");
    return count == 0;
}

/*
 * Declares what is there already, over the same connection that a worker would: the broker refuses
 * if anything is of another kind, and nothing changes. A confirmed message to nobody tells of
 * alarms.
 */
static void
check_kinds_and_alarms(struct findings *findings, struct queues *queues)
{
    struct topology topology = {.sources = queues->sources, .source_count = queues->source_count};
    const struct broker_message to_nobody = {
        .exchange = "", .routing_key = "tidemark.doctor", .event = true};
    struct broker_publisher *publisher;
    struct broker_settings settings;
    struct error err;

    if (!servers_broker(findings->call, &settings, &err))
        return;
    settings.prepare = topology_prepare;
    settings.context = &topology;
    publisher = broker_publisher_create(&settings);
    if (!broker_publisher_connect(publisher, &err)) {
        findings_add(findings, HEALTH_FAIL, "queues",
                     "see the message; a user of RabbitMQ needs all rights in its virtual host",
                     "%s", err.message);
    } else {
        findings_add(findings, HEALTH_OK, "queues", NULL, "all %zu, as they should be",
                     queues->count);
        if (broker_publish(publisher, &to_nobody, &err))
            findings_add(findings, HEALTH_OK, "rabbitmq alarms", NULL, "none");
        else
            findings_add(findings, HEALTH_FAIL, "rabbitmq alarms",
                         "give it memory or disk; until then nothing is published", "%s",
                         err.message);
    }
    broker_publisher_destroy(publisher);
}

static void
check_jobs(struct findings *findings, const struct queues *queues, size_t i)
{
    const struct broker_queue *plain = &queues->found[2 * i], *live = &queues->found[2 * i + 1];
    const char *what = arena_printf(findings->call->arena, "workers of %s", queues->sources[i]);
    int64_t most = plain->messages > live->messages ? plain->messages : live->messages;

    if (plain->consumers == 0 || (live->consumers == 0 && source_is_provider(sources[i])))
        findings_add(findings, HEALTH_WARN, what,
                     "start a tidemark-worker, and look at its WORKERS",
                     "nobody takes from %s (%lld jobs wait)",
                     queues->names[plain->consumers == 0 ? 2 * i : 2 * i + 1], (long long)most);
    else if (most > (int64_t)TOPOLOGY_JOBS_MAX * FULL_PERCENT / 100)
        findings_add(findings, HEALTH_WARN, what, "more workers, or less to do",
                     "%lld jobs wait; from %d on none are taken", (long long)most,
                     TOPOLOGY_JOBS_MAX);
    else
        findings_add(findings, HEALTH_OK, what, NULL, "%lld, %lld jobs wait",
                     (long long)(plain->consumers + live->consumers),
                     (long long)(plain->messages + live->messages));
}

static void
check_dead_letters(struct findings *findings, const struct queues *queues)
{
    int64_t count = queues->found[queues->dead].messages;

    findings_add(findings, count == 0 ? HEALTH_OK : HEALTH_WARN, "dead letters",
                 count == 0 ? NULL : "tidemarkctl dead lists them; replay or discard them", "%lld",
                 (long long)count);
}

void
doctor_check_broker(struct findings *findings)
{
    struct queues queues = {.source_count = 0};
    struct broker_settings settings;
    struct broker_server server;
    struct error err;

    list_queues(&queues, findings->call->arena);
    if (!servers_broker(findings->call, &settings, &err) ||
        !broker_look(&settings, queues.names, queues.count, findings->call->arena, queues.found,
                     &server, &err)) {
        findings_add(findings, HEALTH_FAIL, "rabbitmq", "start the server, or mend RABBITMQ_URL",
                     "%s", err.message);
        return;
    }
    check_version(findings, &server);
    if (check_presence(findings, &queues))
        check_kinds_and_alarms(findings, &queues);
    for (size_t i = 0; i < queues.source_count; i++)
        if (queues.found[2 * i].exists && queues.found[2 * i + 1].exists)
            check_jobs(findings, &queues, i);
    if (queues.found[queues.dead].exists)
        check_dead_letters(findings, &queues);
}
