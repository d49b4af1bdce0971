#include "common/topology.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t tiers_ms[] = {5000,  10000,  15000,  20000,  30000,  60000,
                                   90000, 120000, 300000, 600000, 900000, 1800000};

#ifdef TIDEMARK_FAULTS
/* Tests cannot wait for minutes. Read at each call: no state is kept. */
static const int64_t *
tiers_of_test(size_t *ret_count)
{
    static _Thread_local int64_t short_ms[TOPOLOGY_TIERS_MAX];
    const char *rest = getenv("TIDEMARK_TIERS_MS");
    size_t count = 0;

    while (rest && *rest && count < TOPOLOGY_TIERS_MAX) {
        char *end;
        int64_t tier_ms = strtoll(rest, &end, 10);

        if (end == rest || tier_ms <= 0)
            break;
        short_ms[count++] = tier_ms;
        rest = *end == ',' ? end + 1 : end;
    }
    *ret_count = count;
    return count > 0 ? short_ms : NULL;
}
#endif

const int64_t *
topology_tiers_ms(size_t *ret_count)
{
#ifdef TIDEMARK_FAULTS
    const int64_t *short_ms = tiers_of_test(ret_count);

    if (short_ms)
        return short_ms;
#endif
    *ret_count = COUNT_OF(tiers_ms);
    return tiers_ms;
}

static const char *
tier_name(const char *prefix, int64_t tier_ms, char name[TOPOLOGY_NAME_SIZE])
{
    if (tier_ms % 1000 == 0)
        snprintf(name, TOPOLOGY_NAME_SIZE, "%s%lld", prefix, (long long)tier_ms / 1000);
    else
        snprintf(name, TOPOLOGY_NAME_SIZE, "%s%lldms", prefix, (long long)tier_ms);
    return name;
}

const char *
topology_retry_exchange(int64_t tier_ms, char name[TOPOLOGY_NAME_SIZE])
{
    return tier_name("tidemark.retry.", tier_ms, name);
}

const char *
topology_retry_queue(int64_t tier_ms, char name[TOPOLOGY_NAME_SIZE])
{
    return tier_name("retry.", tier_ms, name);
}

const char *
topology_jobs_key(const char *source, bool live, char key[TOPOLOGY_NAME_SIZE])
{
    snprintf(key, TOPOLOGY_NAME_SIZE, "%s%s", source, live ? ".live" : "");
    return key;
}

const char *
topology_jobs_queue(const char *source, bool live, char name[TOPOLOGY_NAME_SIZE])
{
    snprintf(name, TOPOLOGY_NAME_SIZE, "jobs.%s%s", source, live ? ".live" : "");
    return name;
}

/* ------------------------------------------------------------------------------- declaring */

/* Overflow must be reject-publish, or at-least-once dead-lettering silently becomes at-most-once.
 */

static bool
declare_dead(struct broker_connection *connection, struct error *err)
{
    static const struct broker_header arguments[] = {
        {"x-queue-type",       "quorum",         0                           },
        {"x-overflow",         "reject-publish", 0                           },
        {"x-max-length-bytes", NULL,             TOPOLOGY_DEAD_BYTES         },
        {"x-delivery-limit",   NULL,             TOPOLOGY_DEAD_DELIVERY_LIMIT},
    };

    return broker_declare_exchange(connection, TOPOLOGY_DEAD, BROKER_FANOUT, err) &&
           broker_declare_queue(connection, TOPOLOGY_DEAD_QUEUE, arguments, COUNT_OF(arguments),
                                err) &&
           broker_bind_queue(connection, TOPOLOGY_DEAD_QUEUE, TOPOLOGY_DEAD, "", err);
}

/* The mark goes before the queue comes: whoever dies in between leaves nothing unsaid. */
static bool
declare_jobs(struct broker_connection *connection, const char *source, bool live, struct error *err)
{
    static const struct broker_header arguments[] = {
        {"x-queue-type",           "quorum",         0                      },
        {"x-dead-letter-exchange", TOPOLOGY_DEAD,    0                      },
        {"x-dead-letter-strategy", "at-least-once",  0                      },
        {"x-overflow",             "reject-publish", 0                      },
        {"x-delivery-limit",       NULL,             TOPOLOGY_DELIVERY_LIMIT},
        {"x-max-length",           NULL,             TOPOLOGY_JOBS_MAX      },
    };
    char queue[TOPOLOGY_NAME_SIZE], key[TOPOLOGY_NAME_SIZE];
    bool exists;

    topology_jobs_queue(source, live, queue);
    topology_jobs_key(source, live, key);
    if (!broker_queue_exists(connection, queue, &exists, err))
        return false;
    if (!exists && !broker_delete_queue(connection, TOPOLOGY_INTACT_QUEUE, err))
        return false;
    return broker_declare_queue(connection, queue, arguments, COUNT_OF(arguments), err) &&
           broker_bind_queue(connection, queue, TOPOLOGY_JOBS, key, err);
}

bool
topology_is_intact(struct broker_connection *connection, bool *ret_intact, struct error *err)
{
    return broker_queue_exists(connection, TOPOLOGY_INTACT_QUEUE, ret_intact, err);
}

bool
topology_mark_intact(struct broker_connection *connection, struct error *err)
{
    static const struct broker_header arguments[] = {
        {"x-queue-type", "quorum", 0}
    };

    return broker_declare_queue(connection, TOPOLOGY_INTACT_QUEUE, arguments, COUNT_OF(arguments),
                                err);
}

static bool
declare_retry(struct broker_connection *connection, int64_t tier_ms, struct error *err)
{
    /* No dead-letter routing key: the one a message came with brings it home. */
    const struct broker_header arguments[] = {
        {"x-queue-type",           "quorum",         0                },
        {"x-message-ttl",          NULL,             tier_ms          },
        {"x-dead-letter-exchange", TOPOLOGY_JOBS,    0                },
        {"x-dead-letter-strategy", "at-least-once",  0                },
        {"x-overflow",             "reject-publish", 0                },
        {"x-max-length",           NULL,             TOPOLOGY_JOBS_MAX},
    };
    char exchange[TOPOLOGY_NAME_SIZE], queue[TOPOLOGY_NAME_SIZE];

    topology_retry_exchange(tier_ms, exchange);
    topology_retry_queue(tier_ms, queue);
    return broker_declare_exchange(connection, exchange, BROKER_FANOUT, err) &&
           broker_declare_queue(connection, queue, arguments, COUNT_OF(arguments), err) &&
           broker_bind_queue(connection, queue, exchange, "", err);
}

bool
topology_prepare(struct broker_connection *connection, void *context, struct error *err)
{
    struct topology *topology = context;
    size_t tier_count;
    const int64_t *tiers = topology_tiers_ms(&tier_count);
    bool intact;

    /* Targets before sources: what is dead-lettered to a missing exchange is lost or stuck. */
    if (!declare_dead(connection, err) ||
        !broker_declare_exchange(connection, TOPOLOGY_EVENTS, BROKER_FANOUT, err) ||
        !broker_declare_exchange(connection, TOPOLOGY_JOBS, BROKER_DIRECT, err))
        return false;
    for (size_t i = 0; i < topology->source_count; i++)
        if (!declare_jobs(connection, topology->sources[i], false, err) ||
            !declare_jobs(connection, topology->sources[i], true, err))
            return false;
    for (size_t i = 0; i < tier_count; i++)
        if (!declare_retry(connection, tiers[i], err))
            return false;
    if (!topology_is_intact(connection, &intact, err))
        return false;
    topology->jobs_lost = topology->jobs_lost || !intact;
    return true;
}
