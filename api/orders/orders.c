#include "api/orders/orders.h"

#include "api/orders/order_claims.h"
#include "api/orders/order_message.h"
#include "api/orders/order_sources.h"
#include "common/broker.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/topology.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    SERVICE_MS = 200, /* how often an idle connection is looked at */
    ASKS_AT_ONCE = 64,
    MINUTE_MS = 60 * 1000,
};

/* A claim that is to be given back: the events thread must not wait for Redis. */
struct release {
    struct release *next;
    struct arena *arena;
    const char *job_id;
    const char *const *names;
    size_t count;
};

struct orders {
    struct orders_settings settings;
    struct broker_settings broker;
    struct broker_publisher *publisher;
    struct order_claims *claims;
    atomic_int state; /* enum part_state */
    atomic_ullong published;
    pthread_t pthread;
    bool started;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t posted;
    bool stopping;
    struct order_book *book;
    struct order_ask *first, **end;
    size_t waiting;
    struct release *releases;
};

/* What one round works on. */
struct round {
    struct order_ask *asks;
    struct release *releases;
    struct order_batch batch;
    struct order_answer **answers; /* of each ask, one for each item */
    int64_t now_ms;                /* unix; monotonic_ms is the same moment */
    int64_t monotonic_ms;
    bool failed;       /* the broker did not take a job */
    bool lane_missing; /* a job had no queue to go to: another source may have one */
};

static bool
declare(struct broker_connection *connection, void *context, struct error *err)
{
    return broker_declare_exchange(connection, TOPOLOGY_JOBS, BROKER_DIRECT, err);
}

struct orders *
orders_create(const struct orders_settings *settings, struct error *err)
{
    double per_minute = (double)settings->jobs_per_minute;
    const struct order_policy policy = {
        .wait_ms = settings->wait_ms,
        .rate = {.per_ms = per_minute / MINUTE_MS, .burst = per_minute, .sharers = 1},
    };
    struct orders *orders = calloc(1, sizeof *orders);
    pthread_condattr_t attributes;

    if (!orders)
        abort();
    orders->settings = *settings;
    orders->broker =
        (struct broker_settings){settings->rabbitmq_url, "tidemark-api orders", declare, NULL};
    orders->claims = order_claims_create(settings->redis_url, settings->name_space, err);
    if (!orders->claims) {
        free(orders);
        return NULL;
    }
    orders->publisher = broker_publisher_create(&orders->broker);
    orders->book = order_book_create(&policy);
    orders->end = &orders->first;
    atomic_init(&orders->state, PART_CONNECTING);
    pthread_mutex_init(&orders->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&orders->posted, &attributes);
    pthread_condattr_destroy(&attributes);
    return orders;
}

/* -------------------------------------------------------------------------- for other threads */

enum part_state
orders_broker(struct orders *orders)
{
    return (enum part_state)atomic_load(&orders->state);
}

bool
orders_look(struct orders *orders, const char *name, struct arena *arena,
            struct order_answer *ret_answer)
{
    bool known;

    pthread_mutex_lock(&orders->lock);
    known = order_book_look(orders->book, name, clock_monotonic_ms(), arena, ret_answer);
    pthread_mutex_unlock(&orders->lock);
    return known;
}

bool
orders_know(struct orders *orders, const char *job_id)
{
    bool known;

    pthread_mutex_lock(&orders->lock);
    known = order_book_knows(orders->book, job_id);
    pthread_mutex_unlock(&orders->lock);
    return known;
}

uint64_t
orders_published(struct orders *orders)
{
    return atomic_load(&orders->published);
}

struct order_ask *
order_ask_create(void)
{
    struct arena *arena = arena_create(4096);
    struct order_ask *ask = arena_alloc_array(arena, 1, sizeof *ask);

    ask->arena = arena;
    return ask;
}

bool
orders_post(struct orders *orders, struct order_ask *ask)
{
    bool taken;

    pthread_mutex_lock(&orders->lock);
    taken = orders_broker(orders) == PART_CONNECTED && orders->waiting < ORDERS_QUEUE_MAX &&
            !orders->stopping;
    if (taken) {
        ask->next = NULL;
        *orders->end = ask;
        orders->end = &ask->next;
        orders->waiting++;
        pthread_cond_signal(&orders->posted);
    }
    pthread_mutex_unlock(&orders->lock);
    if (!taken)
        arena_destroy(ask->arena);
    return taken;
}

void
orders_heard(struct orders *orders, const struct order_ended *ended)
{
    struct arena *arena = arena_create(1024);
    struct release *release = arena_alloc_array(arena, 1, sizeof *release);

    release->arena = arena;
    release->job_id = arena_string(arena, ended->job_id);
    pthread_mutex_lock(&orders->lock);
    order_book_end(orders->book, ended, clock_monotonic_ms(), arena, &release->names,
                   &release->count);
    if (release->count > 0) {
        release->next = orders->releases;
        orders->releases = release;
        pthread_cond_signal(&orders->posted);
    }
    pthread_mutex_unlock(&orders->lock);
    if (release->count == 0)
        arena_destroy(arena);
}

/* --------------------------------------------------------------------------------- one round */

/* What was posted, once there is something or it is time to look after the connection. */
static bool
take(struct orders *orders, struct round *round)
{
    struct timespec until;
    bool stopping;
    size_t taken = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SERVICE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&orders->lock);
    while (!orders->first && !orders->releases && !orders->stopping &&
           pthread_cond_timedwait(&orders->posted, &orders->lock, &until) != ETIMEDOUT)
        ;
    round->asks = orders->first;
    for (struct order_ask **place = &round->asks; *place; place = &(*place)->next) {
        if (++taken < ASKS_AT_ONCE && (*place)->next)
            continue;
        orders->first = (*place)->next;
        (*place)->next = NULL;
        break;
    }
    orders->waiting -= taken;
    if (!orders->first)
        orders->end = &orders->first;
    round->releases = orders->releases;
    orders->releases = NULL;
    stopping = orders->stopping;
    pthread_mutex_unlock(&orders->lock);
    return !stopping;
}

static void
begin(struct orders *orders, struct round *round)
{
    struct report *report = board_report(orders->settings.board);
    struct arena *arena = round->batch.arena;
    size_t count = 0, n = 0;

    round->now_ms = clock_now_ms();
    round->monotonic_ms = clock_monotonic_ms();
    round->batch.source_count = order_sources(report, round->now_ms, arena, &round->batch.sources);
    for (const struct order_ask *ask = round->asks; ask; ask = ask->next)
        count++;
    round->answers = arena_alloc_array(arena, count, sizeof *round->answers);
    for (const struct order_ask *ask = round->asks; ask; ask = ask->next)
        round->answers[n++] =
            arena_alloc_array(arena, ask->item_count + 1, sizeof **round->answers);
    report_release(report);
}

/* It went into a job that was withdrawn since. */
static bool
is_withdrawn(struct orders *orders, const struct round *round, const struct order_item *item,
             const struct order_answer *placed)
{
    struct order_answer answer;

    return (placed->verdict == ORDER_NEW || placed->verdict == ORDER_JOINED) &&
           !order_book_look(orders->book, item->name, round->monotonic_ms, round->batch.arena,
                            &answer);
}

/* All of them; or once more those that a source without a lane was chosen for. */
static void
place(struct orders *orders, struct round *round, bool again)
{
    struct order_job *job;
    size_t n = 0;

    round->batch.first = NULL;
    round->batch.end = &round->batch.first;
    for (const struct order_ask *ask = round->asks; ask; ask = ask->next, n++) {
        pthread_mutex_lock(&orders->lock); /* loops want it too: not for all asks at once */
        for (size_t i = 0; i < ask->item_count; i++) {
            struct order_answer *placed = &round->answers[n][i];

            if (!again || is_withdrawn(orders, round, &ask->items[i], placed))
                order_book_place(orders->book, &round->batch, &ask->items[i], round->monotonic_ms,
                                 placed, &job);
        }
        pthread_mutex_unlock(&orders->lock);
    }
}

/* Names the job, and leaves to other replicas what they have ordered already. */
static void
claim(struct orders *orders, struct round *round, struct order_job *job)
{
    const char **others;

    order_message_name(job, round->now_ms, round->batch.arena);
    order_claims_take(orders->claims, job, round->batch.arena, &others);
    pthread_mutex_lock(&orders->lock);
    for (size_t i = 0; i < job->count; i++) {
        order_book_name_job(orders->book, job->lines[i].name, job->job_id);
        if (others[i])
            order_book_adopt(orders->book, job->lines[i].name, others[i],
                             order_message_slot_ms(others[i]) + orders->settings.wait_ms -
                                 round->now_ms,
                             round->monotonic_ms);
    }
    pthread_mutex_unlock(&orders->lock);
}

static bool
is_needed(const struct order_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (!job->lines[i].dropped)
            return true;
    }
    return false;
}

static void
withdraw(struct orders *orders, struct round *round, const struct order_job *job)
{
    const char **names = arena_alloc_array(round->batch.arena, job->count, sizeof *names);
    size_t count = 0;

    pthread_mutex_lock(&orders->lock);
    for (size_t i = 0; i < job->count; i++) {
        if (job->lines[i].dropped)
            continue;
        order_book_withdraw(orders->book, job->lines[i].name);
        names[count++] = job->lines[i].name;
    }
    pthread_mutex_unlock(&orders->lock);
    order_claims_release(orders->claims, job->job_id, names, count, round->batch.arena);
}

/* A broker that is away is found out by keep_connected(). */
static void
note_failure(struct orders *orders, struct round *round, const struct order_job *job,
             const struct error *err)
{
    log_event(LOG_WARN, "order.not_published", LOG_STR("job_id", job->job_id), LOG_ERROR(err));
    withdraw(orders, round, job);
    pthread_mutex_lock(&orders->lock);
    if (strcmp(err->code, "broker.unroutable") == 0) {
        order_book_close_lane(orders->book, job->source, round->monotonic_ms);
        round->lane_missing = true;
    } else if (strcmp(err->code, "broker.nacked") == 0) {
        order_book_avoid(orders->book, job->source, round->monotonic_ms);
    } else {
        round->failed = true;
    }
    pthread_mutex_unlock(&orders->lock);
}

static void
note_published(struct orders *orders, struct round *round, const struct order_job *job)
{
    log_event(LOG_INFO, "order.published", LOG_STR("job_id", job->job_id),
              LOG_STR("kind", job_kind_name(job->kind)), LOG_INT("symbols", (int64_t)job->count));
    atomic_fetch_add(&orders->published, 1);
    order_claims_record(orders->claims, job, round->now_ms, order_message_useful_until_ms(job),
                        round->batch.arena);
}

/* W3C trace context: each job is a trace of its own. NULL if there is no randomness now. */
static const char *
make_traceparent(struct arena *arena)
{
    uint64_t ids[3];

    if (getrandom(ids, sizeof ids, 0) != sizeof ids)
        return NULL;
    return arena_printf(arena, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", ids[0] | 1,
                        ids[1], ids[2] | 1);
}

static void
publish(struct orders *orders, struct round *round)
{
    struct arena *arena = round->batch.arena;
    size_t count = 0, sent = 0;
    struct broker_message *messages;
    const struct order_job **jobs;
    struct error *results;

    for (const struct order_job *job = round->batch.first; job; job = job->next)
        count += is_needed(job);
    if (count == 0)
        return;
    messages = arena_alloc_array(arena, count, sizeof *messages);
    jobs = arena_alloc_array(arena, count, sizeof *jobs);
    results = arena_alloc_array(arena, count, sizeof *results);
    for (const struct order_job *job = round->batch.first; job; job = job->next) {
        if (!is_needed(job))
            continue;
        jobs[sent] = job;
        messages[sent++] = (struct broker_message){
            .exchange = TOPOLOGY_JOBS,
            .routing_key =
                topology_jobs_key(job->source, true, arena_alloc(arena, TOPOLOGY_NAME_SIZE)),
            .body = order_message_encode(job, make_traceparent(arena), arena),
            .message_id = job->job_id,
        };
    }
    broker_publish_all(orders->publisher, messages, count, results);
    for (size_t i = 0; i < count; i++) {
        if (results[i].kind == ERROR_NONE)
            note_published(orders, round, jobs[i]);
        else
            note_failure(orders, round, jobs[i], &results[i]);
    }
}

/* What an item has come to by now: its job may have been withdrawn, or have ended. */
static struct order_answer
settle(struct orders *orders, const struct round *round, const struct order_item *item,
       const struct order_answer *placed, struct arena *arena)
{
    struct order_answer answer;

    if (placed->verdict != ORDER_NEW && placed->verdict != ORDER_JOINED)
        return *placed;
    if (order_book_look(orders->book, item->name, round->monotonic_ms, arena, &answer)) {
        if (answer.verdict == ORDER_JOINED)
            answer.verdict = placed->verdict;
        return answer;
    }
    return (struct order_answer){.verdict = round->failed ? ORDER_AWAY : ORDER_LIMITED,
                                 .wait_ms = 1000};
}

/*
 * Posted under the lock: what the events thread notes in the book before is in the letter, what it
 * notes later comes to the loop in a later letter.
 */
static void
answer(struct orders *orders, const struct round *round, const struct order_ask *ask,
       const struct order_answer *placed)
{
    struct letter *letter = letter_create(LETTER_ORDERED);
    struct order_answer *answers =
        arena_alloc_array(letter->arena, ask->item_count + 1, sizeof *answers);

    letter->ticket = ask->ticket;
    letter->answers = answers;
    letter->answer_count = ask->item_count;
    pthread_mutex_lock(&orders->lock);
    for (size_t i = 0; i < ask->item_count; i++)
        answers[i] = settle(orders, round, &ask->items[i], &placed[i], letter->arena);
    mailbox_post(ask->mailbox, letter);
    pthread_mutex_unlock(&orders->lock);
    letter_release(letter);
}

static void
destroy_all(struct round *round)
{
    while (round->asks) {
        struct order_ask *ask = round->asks;

        round->asks = ask->next;
        arena_destroy(ask->arena);
    }
    while (round->releases) {
        struct release *release = round->releases;

        round->releases = release->next;
        arena_destroy(release->arena);
    }
}

/* Each turn closes the lane of one more source at least, so they come to an end. */
static void
order_all(struct orders *orders, struct round *round)
{
    size_t n = 0;

    begin(orders, round);
    place(orders, round, false);
    do {
        round->lane_missing = false;
        for (struct order_job *job = round->batch.first; job; job = job->next)
            claim(orders, round, job);
        publish(orders, round);
        if (round->lane_missing)
            place(orders, round, true);
    } while (round->lane_missing);
    for (struct order_ask *ask = round->asks; ask; ask = ask->next)
        answer(orders, round, ask, round->answers[n++]);
}

static void
serve(struct orders *orders, struct round *round)
{
    for (const struct release *release = round->releases; release; release = release->next)
        order_claims_release(orders->claims, release->job_id, release->names, release->count,
                             release->arena);
    if (round->asks)
        order_all(orders, round);
    destroy_all(round);
}

/* -------------------------------------------------------------------------------- the thread */

static void
change_state(struct orders *orders, enum part_state state)
{
    if ((enum part_state)atomic_exchange(&orders->state, state) == state)
        return;
    if (state == PART_CONNECTED)
        log_event(LOG_INFO, "orders.connected");
}

/* While it connects, which may take seconds, orders are refused already. */
static void
keep_connected(struct orders *orders)
{
    bool was_connected = broker_publisher_connected(orders->publisher);
    struct error err;
    bool good;

    if (!was_connected && orders_broker(orders) == PART_CONNECTED)
        change_state(orders, PART_AWAY);
    good = was_connected ? broker_publisher_service(orders->publisher, &err)
                         : broker_publisher_connect(orders->publisher, &err);
    if (!good && orders_broker(orders) != PART_AWAY)
        log_event(LOG_WARN, "orders.away", LOG_ERROR(&err));
    change_state(orders,
                 good && !broker_publisher_blocked(orders->publisher) ? PART_CONNECTED : PART_AWAY);
}

static void *
run(void *context)
{
    struct orders *orders = context;
    struct arena *arena = arena_create(64 * 1024);
    bool going = true;

    while (going) {
        struct round round = {.batch = {.arena = arena}};

        keep_connected(orders);
        going = take(orders, &round);
        serve(orders, &round);
        arena_reset(arena);
    }
    arena_destroy(arena);
    return NULL;
}

void
orders_start(struct orders *orders)
{
    if (pthread_create(&orders->pthread, NULL, run, orders) != 0)
        abort();
    orders->started = true;
}

void
orders_stop(struct orders *orders)
{
    if (!orders || !orders->started)
        return;
    pthread_mutex_lock(&orders->lock);
    orders->stopping = true;
    pthread_cond_signal(&orders->posted);
    pthread_mutex_unlock(&orders->lock);
    pthread_join(orders->pthread, NULL);
    orders->started = false;
}

void
orders_destroy(struct orders *orders)
{
    struct round round;

    if (!orders)
        return;
    orders_stop(orders);
    round = (struct round){.asks = orders->first, .releases = orders->releases};
    destroy_all(&round);
    broker_publisher_destroy(orders->publisher);
    order_claims_destroy(orders->claims);
    order_book_destroy(orders->book);
    pthread_cond_destroy(&orders->posted);
    pthread_mutex_destroy(&orders->lock);
    free(orders);
}
