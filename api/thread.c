#include "api/thread.h"

#include "api/answer/respond.h"
#include "api/cache/hash.h"
#include "api/cache/invalidation.h"
#include "api/dialects/dialect.h"
#include "api/request.h"
#include "common/clock.h"
#include "common/log.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TICK_MS = 250, AGE_WITHOUT_EVENTS_MS = 1000 };

/* ---------------------------------------------------------------------------------- requests */

static void
on_request(struct http_request *http, void *context)
{
    request_begin(context, http);
}

static void
on_refusal(const struct http_refusal *refusal, struct bytes target, struct arena *arena,
           struct http_answer *ret_answer, void *context)
{
    const struct thread *thread = context;
    char id[17];

    thread_make_request_id(context, id);
    respond_refusal(refusal, target, id, arena, ret_answer);
    /* Whose page sent it is not known: what was refused has no headers yet. */
    ret_answer->headers[3] = cors_lines(thread->cors, (struct bytes){NULL, 0});
}

static bool
is_proxy(const struct http_peer *peer, void *context)
{
    const struct thread *thread = context;
    struct address address;

    memcpy(address.bytes, peer->address, sizeof address.bytes);
    return trusted_proxies_contain(thread->proxies, &address);
}

void
thread_make_request_id(struct thread *thread, char *ret_id)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t id = hash_mix(++thread->id_count, thread->id_seed);

    for (int i = 15; i >= 0; i--, id >>= 4)
        ret_id[i] = digits[id & 15];
    ret_id[16] = '\0';
}

/* ----------------------------------------------------------------------------------- letters */

static void
drain(struct thread *thread)
{
    thread->stopping = true;
    http_server_drain(thread->server);
}

static void
on_letter(void *context, const struct letter *letter)
{
    struct thread *thread = context;
    int64_t lag_ms;

    switch (letter->kind) {
    case LETTER_CHANGED:
        for (size_t i = 0; i < letter->tag_count; i++)
            cache_invalidate(thread->cache, cache_tag(thread->cache, letter->tags[i]),
                             letter->version);
        /* One loop tells Redis, for the replicas that read from it before they hear the event. */
        if (thread->index == 0)
            invalidation_tell_redis(thread->redis, SCRIPT_RAISE, thread->settings->cache_namespace,
                                    letter);
        lag_ms = clock_now_ms() - letter->committed_at_ms;
        metrics_add(thread->metrics, METRIC_EVENTS, 1);
        metrics_add(thread->metrics, METRIC_EVENT_LAG_SUM_MS, lag_ms > 0 ? (uint64_t)lag_ms : 0);
        order_desk_take(thread->desk, letter);
        return;
    case LETTER_JOB_ENDED:
    case LETTER_ORDERED:
        order_desk_take(thread->desk, letter);
        return;
    case LETTER_EVENTS_BACK:
        cache_limit_age(thread->cache, 0);
        cache_distrust_before(thread->cache, clock_now_ms());
        return;
    case LETTER_EVENTS_GONE:
        cache_limit_age(thread->cache, AGE_WITHOUT_EVENTS_MS);
        return;
    case LETTER_DRAIN:
        drain(thread);
        return;
    case LETTER_STOP:
        event_base_loopbreak(thread->base);
        return;
    }
}

/* ------------------------------------------------------------------------------------- ticks */

static void
publish_parts(struct thread *thread)
{
    struct metrics *metrics = thread->metrics;
    const struct flights_counts *flights = flights_counts(thread->flights);
    const struct limiter_counts *limits = limiter_counts(thread->limiter);
    const struct pool_counts *pool = pool_counts(thread->pool);
    const struct redis_counts *redis = redis_counts(thread->redis);

    metrics_set(metrics, METRIC_REDIS_HIT, flights->redis_hits);
    metrics_set(metrics, METRIC_REDIS_OUTDATED, flights->redis_outdated);
    metrics_set(metrics, METRIC_REDIS_MISS, flights->redis_misses);
    metrics_set(metrics, METRIC_FLIGHTS, flights->started);
    metrics_set(metrics, METRIC_FLIGHT_JOINED, flights->joined);
    metrics_set(metrics, METRIC_FLIGHT_CROWDED, flights->crowded);
    metrics_set(metrics, METRIC_FLIGHT_POLLED, flights->polled);
    metrics_set(metrics, METRIC_DATABASE_READS, flights->reads);
    metrics_set(metrics, METRIC_DATABASE_READ_ERRORS, flights->read_errors);
    metrics_set(metrics, METRIC_STALE_SAVED, flights->stale_saved);
    metrics_set(metrics, METRIC_LIMIT_GRANTED, limits->granted);
    metrics_set(metrics, METRIC_LIMIT_REFUSED, limits->refused);
    metrics_set(metrics, METRIC_LEASES_SHARED, limits->leases_shared);
    metrics_set(metrics, METRIC_LEASES_LOCAL, limits->leases_local);
    metrics_set(metrics, METRIC_LIMIT_CLIENTS, limits->clients);
    metrics_set(metrics, METRIC_POOL_QUERIES, pool->queries);
    metrics_set(metrics, METRIC_POOL_ERRORS, pool->errors);
    metrics_set(metrics, METRIC_POOL_TIMEOUTS, pool->timeouts);
    metrics_set(metrics, METRIC_POOL_REFUSED, pool->refused);
    metrics_set(metrics, METRIC_POOL_CONNECTS, pool->connects);
    metrics_set(metrics, METRIC_POOL_WAITING, (uint64_t)pool->waiting);
    metrics_set(metrics, METRIC_POOL_READY, (uint64_t)pool->ready);
    metrics_set(metrics, METRIC_POOL_BUSY, (uint64_t)pool->busy);
    metrics_set(metrics, METRIC_REDIS_COMMANDS, redis->commands);
    metrics_set(metrics, METRIC_REDIS_TIMEOUTS, redis->timeouts);
    metrics_set(metrics, METRIC_REDIS_REFUSED, redis->refused);
    metrics_set(metrics, METRIC_REDIS_CONNECTS, redis->connects);
    metrics_set(metrics, METRIC_REDIS_UP, redis_usable(thread->redis));
}

static void
publish_orders(struct thread *thread)
{
    struct metrics *metrics = thread->metrics;
    const struct flights_counts *flights = flights_counts(thread->flights);
    struct orders *orders = order_desk_orders(thread->desk);

    for (int verdict = 0; verdict < ORDER_VERDICTS; verdict++)
        metrics_set(metrics, (enum metric)(METRIC_DEMAND_NEW + verdict), flights->orders[verdict]);
    metrics_set(metrics, METRIC_DEMAND_ANSWERED, flights->order_answers);
    metrics_set(metrics, METRIC_DEMAND_FAILED, flights->order_failures);
    metrics_set(metrics, METRIC_DEMAND_TIMED_OUT, flights->order_timeouts);
    metrics_set(metrics, METRIC_DEMAND_REFUSED, flights->order_refusals);
    if (orders && thread->index == 0)
        metrics_set(metrics, METRIC_ORDERS_PUBLISHED, orders_published(orders));
    metrics_set(metrics, METRIC_ORDERS_UP, orders && orders_broker(orders) == PART_CONNECTED);
}

void
thread_publish_metrics(struct thread *thread)
{
    struct metrics *metrics = thread->metrics;
    const struct http_counts *http = http_server_counts(thread->server);

    publish_parts(thread);
    publish_orders(thread);
    metrics_set(metrics, METRIC_L1_BYTES, cache_bytes(thread->cache));
    metrics_set(metrics, METRIC_L1_ENTRIES, cache_entries(thread->cache));
    metrics_set(metrics, METRIC_CONNECTIONS, http->open);
    metrics_set(metrics, METRIC_CONNECTIONS_ACCEPTED, http->accepted);
    metrics_set(metrics, METRIC_CONNECTIONS_REFUSED, http->refused_connections);
    metrics_set(metrics, METRIC_BAD_REQUESTS, http->refused_requests);
    metrics_set(metrics, METRIC_CLIENTS_GONE, http->cancelled);
    metrics_set(metrics, METRIC_BYTES_OUT, http->bytes_out);
}

/* How late the timer is says how long the loop was kept from turning; the worst fades slowly. */
static void
measure_lag(struct thread *thread)
{
    int64_t now_us = clock_monotonic_us();
    int64_t lag_us = now_us - thread->tick_at_us - TICK_MS * 1000;
    uint64_t worst_us = atomic_load(&thread->metrics->cells[METRIC_LOOP_LAG_MAX_US]);

    thread->tick_at_us = now_us;
    worst_us -= worst_us / 16;
    if (lag_us > (int64_t)worst_us)
        worst_us = (uint64_t)lag_us;
    metrics_set(thread->metrics, METRIC_LOOP_LAG_MAX_US, worst_us);
}

static void
on_tick(evutil_socket_t fd, short events, void *context)
{
    struct thread *thread = context;

    measure_lag(thread);
    atomic_store(&thread->alive_at_ms, clock_monotonic_ms());
    thread_publish_metrics(thread);
    if (thread->stopping && http_server_counts(thread->server)->open == 0)
        event_base_loopbreak(thread->base);
}

/* --------------------------------------------------------------------------------- the parts */

static struct rate_policy
rate_policy(const struct api_settings *settings)
{
    int64_t burst =
        settings->rate_limit_burst ? settings->rate_limit_burst : settings->rate_limit_per_minute;

    return (struct rate_policy){
        .per_ms = (double)settings->rate_limit_per_minute / 60000,
        .burst = (double)burst,
        .sharers = (int32_t)(settings->replicas_expected * settings->threads),
    };
}

static bool
create_redis(struct thread *thread, struct error *err)
{
    static const struct redis_script *const scripts[] = {
        [SCRIPT_LIMITER] = &limiter_script,          [SCRIPT_LOOK] = &flight_look_script,
        [SCRIPT_STORE] = &flight_store_script,       [SCRIPT_RELEASE] = &flight_release_script,
        [SCRIPT_RAISE] = &invalidation_raise_script,
    };
    const struct redis_settings settings = {thread->settings->redis_url, scripts,
                                            COUNT_OF(scripts)};

    thread->redis = redis_create(thread->base, &settings, err);
    return thread->redis;
}

static void
create_parts(struct thread *thread, const struct thread_plan *plan)
{
    const struct api_settings *settings = thread->settings;
    const struct limiter_settings limits = {rate_policy(settings), settings->cache_namespace,
                                            SCRIPT_LIMITER};
    struct flights_settings flights = {
        .name_space = settings->cache_namespace,
        .board = thread->board,
        .look_script = SCRIPT_LOOK,
        .store_script = SCRIPT_STORE,
        .release_script = SCRIPT_RELEASE,
        .varies_by_origin = cors_varies(thread->cors),
        .order_wait_ms = settings->order_wait_ms,
    };
    struct pool_settings pool = pool_settings_default;

    pool.url = *settings->database_read_url ? settings->database_read_url : settings->database_url;
    thread->pool = pool_create(thread->base, &pool);
    thread->cache = cache_create((size_t)settings->l1_mib * 1024 * 1024, thread->id_seed);
    /* Until the stream of events is known to work. */
    cache_limit_age(thread->cache, AGE_WITHOUT_EVENTS_MS);
    thread->shortcuts = shortcuts_create(thread->id_seed);
    thread->limiter = limiter_create(thread->base, &limits, thread->redis, plan->bank);
    thread->desk = flights.desk = order_desk_create(plan->orders, thread->mailbox);
    thread->flights =
        flights_create(thread->base, &flights, thread->cache, thread->redis, thread->pool);
    snprintf(thread->policy_text, sizeof thread->policy_text,
             "RateLimit-Policy: \"client\";q=%" PRId64 ";w=60\r\n",
             settings->rate_limit_per_minute);
    thread->policy_line = (struct bytes){thread->policy_text, strlen(thread->policy_text)};
}

static bool
create_server(struct thread *thread, struct error *err)
{
    struct http_settings settings = http_settings_default;
    const struct http_handler handler = {on_request, on_refusal, is_proxy, thread};

    settings.listen = thread->settings->listen;
    settings.connections_max = (int32_t)thread->settings->connections_max;
    settings.connections_per_peer = (int32_t)thread->settings->connections_per_peer;
    settings.doubling_prefix = DIALECT_DOUBLES_SLASHES;
    thread->server = http_server_create(thread->base, &settings, &handler, err);
    return thread->server;
}

struct thread *
thread_create(const struct thread_plan *plan, struct error *err)
{
    const struct timeval period = {0, TICK_MS * 1000};
    struct thread *thread = calloc(1, sizeof *thread);

    if (!thread)
        abort();
    thread->index = plan->index;
    thread->settings = plan->settings;
    thread->board = plan->board;
    thread->metrics = plan->metrics;
    thread->all_metrics = plan->all_metrics;
    thread->proxies = plan->proxies;
    thread->cors = plan->cors;
    thread->documents = plan->documents;
    thread->draining = plan->draining;
    thread->logs_requests = log_is_on(LOG_INFO);
    if (getrandom(&thread->id_seed, sizeof thread->id_seed, 0) != sizeof thread->id_seed)
        thread->id_seed = (uint64_t)clock_monotonic_us();
    thread->base = event_base_new();
    thread->mailbox = mailbox_create(thread->base, on_letter, thread);
    if (!create_redis(thread, err)) {
        thread_destroy(thread);
        return NULL;
    }
    create_parts(thread, plan);
    if (!create_server(thread, err)) {
        thread_destroy(thread);
        return NULL;
    }
    thread->tick = event_new(thread->base, -1, EV_PERSIST, on_tick, thread);
    event_add(thread->tick, &period);
    thread->tick_at_us = clock_monotonic_us();
    atomic_store(&thread->alive_at_ms, clock_monotonic_ms());
    return thread;
}

static void *
run(void *context)
{
    struct thread *thread = context;

    event_base_dispatch(thread->base);
    return NULL;
}

void
thread_start(struct thread *thread)
{
    if (pthread_create(&thread->pthread, NULL, run, thread) != 0)
        abort();
}

void
thread_join(struct thread *thread)
{
    pthread_join(thread->pthread, NULL);
}

void
thread_destroy(struct thread *thread)
{
    if (!thread)
        return;
    thread->ending = true;
    if (thread->tick)
        event_free(thread->tick);
    /* Clients first, so that nobody waits for what is taken away next. */
    http_server_destroy(thread->server);
    if (thread->flights)
        flights_stop(thread->flights);
    redis_destroy(thread->redis);
    pool_destroy(thread->pool);
    flights_destroy(thread->flights);
    order_desk_destroy(thread->desk);
    limiter_destroy(thread->limiter);
    shortcuts_destroy(thread->shortcuts);
    cache_destroy(thread->cache);
    mailbox_destroy(thread->mailbox);
    event_base_free(thread->base);
    free(thread);
}
