/* What an operator decides about dead letters: back to the workers, or away. */
#include "common/fault.h"
#include "common/job.h"
#include "common/topology.h"
#include "ingest/ctl/ask.h"
#include "ingest/ctl/dead_letters.h"
#include "ingest/ctl/progress_line.h"
#include "ingest/ctl/servers.h"
#include "ingest/dead_letter.h"

#include <stdio.h>
#include <string.h>

enum {
    /*
     * Letters in hand at a time. A broker that is behind sets aside what a connection says beyond
     * 32 settlings of a quorum queue (quorum_commands_soft_limit), and forgets it when that closes.
     */
    PORTION = 32,
    PROGRESS_LEAST = 200, /* fewer are done before anybody could read it */
};

/*
 * Goes once through the letters that are there when it begins: what workers bury meanwhile comes
 * behind them and is left alone, or a job that fails again at once would be replayed for ever. What
 * is not settled stays in the queue. Each letter leaves it only after the broker has confirmed its
 * job: killed in between, the job is there twice, which is harmless.
 */
struct settling {
    const struct call *call;
    struct broker_reader *reader;
    struct broker_publisher *publisher; /* NULL = discard */
    struct arena *arena;                /* of a portion */
    size_t settled, malformed, refused;
    bool keeps;       /* some that were looked at stay in the queue */
    struct error why; /* of the first that was refused or malformed */
};

struct letter {
    struct broker_delivery delivery;
    struct broker_message message; /* to replay */
};

/* ---- one letter ---- */

/* The same job, as if it had never been tried. */
static bool
make_message(const struct broker_delivery *delivery, struct arena *arena,
             struct broker_message *ret_message, struct error *err)
{
    const char *key = broker_delivery_header(delivery, DEAD_ROUTING_KEY);
    char *live_key = arena_alloc(arena, TOPOLOGY_NAME_SIZE);
    char *plain_key = arena_alloc(arena, TOPOLOGY_NAME_SIZE);
    struct job job;

    if (!job_decode(delivery->body, arena, &job, err))
        return false;
    if (!key) /* the broker's own letters keep the key they came with */
        key = delivery->routing_key;
    topology_jobs_key(job.source, true, live_key);
    topology_jobs_key(job.source, false, plain_key);
    job.attempt = 1;
    job.set_aside = 0;
    job.first_failed_at_ms = 0;
    *ret_message = (struct broker_message){
        .exchange = TOPOLOGY_JOBS,
        .routing_key = strcmp(key, live_key) == 0 ? live_key : plain_key,
        .body = job_encode(&job, arena),
        .message_id = job.job_id,
    };
    return true;
}

static void
note(struct settling *settling, size_t *counter, const struct error *why)
{
    if (settling->malformed + settling->refused == 0)
        settling->why = *why;
    ++*counter;
}

static bool
is_wanted(const struct settling *settling, const struct broker_delivery *delivery)
{
    const struct call *call = settling->call;

    if (call->argument_count > 0 && strcmp(delivery->message_id, call->arguments[0]) != 0)
        return false;
    return dead_letter_fits(call, delivery);
}

/* ---- a portion ---- */

/* Takes up to `*left` letters until a portion is wanted; counts `*left` down. */
static bool
take_portion(struct settling *settling, int64_t *left, struct letter *letters, size_t *ret_count,
             struct error *err)
{
    size_t count = 0;

    while (*left > 0 && count < PORTION) {
        struct letter *letter = &letters[count];
        struct error why;
        bool received;

        if (!broker_reader_next(settling->reader, settling->arena, &letter->delivery, &received,
                                err))
            return false;
        *left = received ? *left - 1 : 0;
        if (!received)
            continue;
        if (!is_wanted(settling, &letter->delivery)) {
            settling->keeps = true;
        } else if (settling->publisher &&
                   !make_message(&letter->delivery, settling->arena, &letter->message, &why)) {
            note(settling, &settling->malformed, &why);
            settling->keeps = true;
        } else {
            count++;
        }
    }
    *ret_count = count;
    return true;
}

/* Publishes; `results` says of each letter whether it may leave the queue. */
static void
publish(struct settling *settling, const struct letter *letters, size_t count,
        struct error *results)
{
    struct broker_message messages[PORTION];

    for (size_t i = 0; i < count; i++)
        messages[i] = letters[i].message;
    broker_publish_all(settling->publisher, messages, count, results);
    fault_point("after:replay");
}

/* As long as none stays, one word settles all up to the first that the broker did not take. */
static bool
settle_first(struct settling *settling, const struct letter *letters, size_t count,
             const struct error *results, size_t *ret_settled, struct error *err)
{
    size_t taken = 0;

    while (taken < count && results[taken].kind == ERROR_NONE)
        taken++;
    settling->keeps = taken < count;
    *ret_settled = taken;
    if (taken > 0 &&
        !broker_reader_ack_through(settling->reader, &letters[taken - 1].delivery, err))
        return false;
    settling->settled += taken;
    return true;
}

/* False when there is no point in going on. */
static bool
settle_portion(struct settling *settling, const struct letter *letters, size_t count,
               struct error *err)
{
    struct error results[PORTION] = {{.kind = ERROR_NONE}};

    size_t first = 0;

    if (settling->publisher && count > 0)
        publish(settling, letters, count, results);
    if (!settling->keeps && !settle_first(settling, letters, count, results, &first, err))
        return false;
    for (size_t i = first; i < count; i++) {
        const struct error *result = &results[i];

        if (result->kind == ERROR_NONE) {
            if (!broker_reader_ack(settling->reader, &letters[i].delivery, err))
                return false;
            settling->settled++;
        } else if (strcmp(result->code, "broker.unroutable") == 0 ||
                   strcmp(result->code, "broker.nacked") == 0) {
            note(settling, &settling->refused, result);
        } else {
            *err = *result; /* away, or an alarm: the others fare no better */
            return false;
        }
    }
    return true;
}

/* ---- all of them ---- */

static bool
settle_all(struct settling *settling, struct error *err)
{
    int64_t all = broker_reader_waiting(settling->reader), left = all;
    struct letter letters[PORTION];
    char text[PROGRESS_LINE_SIZE];
    struct progress_line line;
    bool going_on = true;
    size_t count;

    progress_line_begin(&line);
    while (going_on && left > 0) {
        arena_reset(settling->arena);
        going_on = take_portion(settling, &left, letters, &count, err) &&
                   settle_portion(settling, letters, count, err);
        snprintf(text, sizeof text, "%lld of %lld letters looked at, %zu %s",
                 (long long)(all - left), (long long)all, settling->settled,
                 settling->publisher ? "replayed" : "discarded");
        if (all >= PROGRESS_LEAST)
            progress_line_show(&line, text);
    }
    if (all >= PROGRESS_LEAST)
        progress_line_end(&line, text);
    return going_on && broker_reader_put_back(settling->reader, err);
}

static void
report(const struct settling *settling)
{
    const char *verb = settling->publisher ? "replayed" : "discarded";

    if (settling->call->json)
        printf("{\"%s\":%zu,\"malformed\":%zu,\"refused\":%zu}\n", verb, settling->settled,
               settling->malformed, settling->refused);
    else
        printf("%zu %s, %zu malformed and %zu refused ones stay\n", settling->settled, verb,
               settling->malformed, settling->refused);
}

static bool
judge(const struct settling *settling, struct error *err)
{
    const struct call *call = settling->call;

    if (settling->malformed > 0)
        return error_set(err, ERROR_REJECT, "dead.malformed",
                         "%zu cannot be replayed, only discarded: %.150s", settling->malformed,
                         settling->why.message);
    if (settling->refused > 0)
        return error_set(err, ERROR_REJECT, "dead.refused", "the broker did not take %zu: %.150s",
                         settling->refused, settling->why.message);
    if (settling->settled == 0 && call->argument_count > 0)
        return error_set(err, ERROR_REJECT, "dead.unknown",
                         "no dead letter of job \"%.100s\" among the %lld there",
                         call->arguments[0], (long long)broker_reader_waiting(settling->reader));
    return true;
}

static bool
settle(const struct call *call, bool replay, struct error *err)
{
    struct settling settling = {.call = call};
    struct broker_settings settings;
    bool done;

    if (!servers_broker(call, &settings, err))
        return false;
    settling.reader = broker_reader_open(&settings, TOPOLOGY_DEAD_QUEUE, err);
    if (!settling.reader)
        return false;
    settling.publisher = replay ? broker_publisher_create(&settings) : NULL;
    settling.arena = arena_create(64 * 1024);
    done = (!replay || broker_publisher_connect(settling.publisher, err)) &&
           settle_all(&settling, err);
    if (done || settling.settled > 0)
        report(&settling);
    done = done && judge(&settling, err);
    arena_destroy(settling.arena);
    broker_publisher_destroy(settling.publisher);
    broker_reader_destroy(settling.reader);
    return done;
}

static bool
check_which(const struct call *call, struct error *err)
{
    if ((call->argument_count > 0) != call_has(call, "all"))
        return true;
    return error_set(err, ERROR_FATAL, "usage", "dead %s needs a JOB_ID, or --all",
                     call->command->verb);
}

bool
dead_letters_replay(const struct call *call, struct error *err)
{
    return check_which(call, err) && settle(call, true, err);
}

bool
dead_letters_discard(const struct call *call, struct error *err)
{
    const char *which = call->argument_count > 0
                            ? arena_printf(call->arena, "the dead letter of %s", call->arguments[0])
                            : "all dead letters that fit";

    return check_which(call, err) &&
           ask_whether(call, arena_printf(call->arena, "Delete %s for good?", which), err) &&
           settle(call, false, err);
}
