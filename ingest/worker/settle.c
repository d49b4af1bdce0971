#include "ingest/worker/settle.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/topology.h"
#include "ingest/dead_letter.h"
#include "ingest/worker/steps.h"

#include <stdlib.h>
#include <string.h>

enum { TRY_AGAIN_MS = 500 };

static void
acknowledge(struct child *child, const struct broker_delivery *delivery)
{
    struct error err;

    if (broker_consumer_ack(child->consumer, delivery, &err))
        fault_point(STEP_ACK);
    else
        log_event(LOG_WARN, "job.unsettled", LOG_ERROR(&err));
}

/* The broker itself makes a dead letter of it. */
static void
refuse(struct child *child, const struct broker_delivery *delivery)
{
    struct error err;

    if (!broker_consumer_nack(child->consumer, delivery, false, &err))
        log_event(LOG_WARN, "job.unsettled", LOG_ERROR(&err));
}

/*
 * Publishes, then acknowledges the original. False when it is still in our hands and the broker has
 * no place for it: whoever connects anew declares what is missing there.
 */
static bool
hand_over(struct child *child, const struct broker_delivery *delivery,
          const struct broker_message *message)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_PATIENCE_MS;
    struct error err;

    while (!broker_publish(child->publisher, message, &err)) {
        bool heals = err.kind == ERROR_RETRY && strcmp(err.code, "broker.unroutable") != 0;
        bool ours = !child_stops() && broker_consumer_connected(child->consumer);

        if (!ours || !heals || clock_monotonic_ms() > deadline_ms) {
            log_event(LOG_WARN, "job.unsettled", LOG_ERROR(&err));
            if (ours && err.kind == ERROR_REJECT)
                refuse(child, delivery);
            return !ours || err.kind == ERROR_REJECT;
        }
        child_wait(child, err.retry_after_ms > 0 ? err.retry_after_ms : TRY_AGAIN_MS);
    }
    acknowledge(child, delivery);
    return true;
}

/* The job comes back after a tier. */
static bool
send_away(struct child *child, const struct broker_delivery *delivery, const struct job *job,
          size_t tier)
{
    char exchange[TOPOLOGY_NAME_SIZE], key[TOPOLOGY_NAME_SIZE];
    size_t tier_count;
    const int64_t *tiers_ms = topology_tiers_ms(&tier_count);

    return hand_over(child, delivery,
                     &(struct broker_message){
                         .exchange = topology_retry_exchange(tiers_ms[tier], exchange),
                         .routing_key = topology_jobs_key(child->source->name, child->live, key),
                         .body = job_encode(job, child->job_arena),
                         .message_id = job->job_id,
                     });
}

static bool
retry(struct child *child, const struct broker_delivery *delivery, const struct run *run,
      const struct settlement *settlement)
{
    struct job again = *run->job;

    again.attempt = settlement->attempt;
    if (run->outcome == OUTCOME_TRANSIENT && again.first_failed_at_ms == 0)
        again.first_failed_at_ms = clock_now_ms();
    return send_away(child, delivery, &again, settlement->tier);
}

bool
settle_set_aside(struct child *child, const struct broker_delivery *delivery, const struct job *job,
                 const struct settlement *settlement)
{
    struct job later = *job;

    later.set_aside++;
    return send_away(child, delivery, &later, settlement->tier);
}

struct letter {
    const char *reason, *job_id, *kind;
    const struct error *err;
    int64_t attempt, first_failed_at_ms, http_status, payload_id;
};

static bool
bury(struct child *child, const struct broker_delivery *delivery, const struct letter *letter)
{
    char key[TOPOLOGY_NAME_SIZE], first_at[CLOCK_TEXT_SIZE], last_at[CLOCK_TEXT_SIZE];
    const char *source = child->source->name, *worker = child->name;
    const char *code = letter->err->code, *message = letter->err->message;
    int64_t now_ms = clock_now_ms();
    const struct broker_header headers[] = {
        {DEAD_REASON,          letter->reason,   0                  },
        {DEAD_KIND,            letter->kind,     0                  },
        {DEAD_SOURCE,          source,           0                  },
        {DEAD_ROUTING_KEY,     key,              0                  },
        {DEAD_JOB_ID,          letter->job_id,   0                  },
        {DEAD_ATTEMPT,         NULL,             letter->attempt    },
        {DEAD_FIRST_FAILED_AT, first_at,         0                  },
        {DEAD_FAILED_AT,       last_at,          0                  },
        {DEAD_ERROR_CODE,      code,             0                  },
        {DEAD_ERROR,           message,          0                  },
        {DEAD_HTTP_STATUS,     NULL,             letter->http_status},
        {DEAD_PAYLOAD_ID,      NULL,             letter->payload_id },
        {DEAD_WORKER,          worker,           0                  },
        {DEAD_VERSION,         TIDEMARK_VERSION, 0                  },
    };

    topology_jobs_key(source, child->live, key);
    clock_format_ms(letter->first_failed_at_ms ? letter->first_failed_at_ms : now_ms, first_at);
    clock_format_ms(now_ms, last_at);
    return hand_over(child, delivery,
                     &(struct broker_message){
                         .exchange = TOPOLOGY_DEAD,
                         .routing_key = key,
                         .body = delivery->body,
                         .message_id = delivery->message_id,
                         .headers = headers,
                         .header_count = COUNT_OF(headers),
                     });
}

bool
settle_dead(struct child *child, const struct broker_delivery *delivery, const struct run *run,
            const char *reason)
{
    const struct job *job = run->job;

    return bury(child, delivery,
                &(struct letter){reason, job->job_id, job_kind_name(job->kind), &run->err,
                                 job->attempt, job->first_failed_at_ms, run->http_status,
                                 run->payload_id});
}

bool
settle_run(struct child *child, const struct broker_delivery *delivery, const struct run *run)
{
    const struct job *job = run->job;
    size_t tier_count;
    const int64_t *tiers_ms = topology_tiers_ms(&tier_count);
    struct settlement settlement =
        outcome_settle(run->outcome, job->kind, job->attempt, run->wait_ms, tiers_ms, tier_count,
                       (uint32_t)random());

    if (run->outcome == OUTCOME_TRANSIENT && settlement.action == ACTION_RETRY &&
        !gate_retry_soon(child->gate))
        settlement = outcome_postpone(&settlement, tier_count);
    switch (settlement.action) {
    case ACTION_ACK:
        acknowledge(child, delivery);
        return true;
    case ACTION_RETRY:
        return retry(child, delivery, run, &settlement);
    case ACTION_DEAD:
        return settle_dead(child, delivery, run, settlement.reason);
    case ACTION_KEEP:
        break;
    }
    return child_stops() || !broker_consumer_connected(child->consumer);
}

bool
settle_malformed(struct child *child, const struct broker_delivery *delivery,
                 const struct error *err)
{
    if (delivery->body.size <= BROKER_BODY_MAX)
        return bury(child, delivery,
                    &(struct letter){.reason = "malformed", .job_id = "", .kind = "", .err = err});
    refuse(child, delivery);
    return true;
}
