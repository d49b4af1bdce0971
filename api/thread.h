#ifndef TIDEMARK_API_THREAD_H
#define TIDEMARK_API_THREAD_H

#include "api/answer/cors.h"
#include "api/board.h"
#include "api/cache/cache.h"
#include "api/cache/flight.h"
#include "api/cache/shortcuts.h"
#include "api/http/server.h"
#include "api/limit/client_address.h"
#include "api/limit/rate_limit.h"
#include "api/mailbox.h"
#include "api/metrics.h"
#include "api/orders/order_desk.h"
#include "api/pool.h"
#include "api/settings.h"
#include "common/error.h"
#include "common/redis.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct documents;
struct event;
struct event_base;

/*
 * One event loop and everything it owns. Loops share nothing but the board, the bank of limits and
 * the counters that /metrics reads; what they must hear comes by mailbox.
 */
struct thread {
    int32_t index;
    const struct api_settings *settings;
    struct board *board;
    struct metrics *metrics; /* this loop's */
    struct metrics *const *all_metrics;
    const struct trusted_proxies *proxies;
    const struct cors *cors;
    const struct documents *documents;

    struct event_base *base;
    struct mailbox *mailbox;
    struct redis *redis;
    struct pool *pool;
    struct cache *cache;
    struct shortcuts *shortcuts;
    struct limiter *limiter;
    struct order_desk *desk;
    struct flights *flights;
    struct http_server *server;
    struct bytes policy_line; /* "RateLimit-Policy: ...\r\n" */
    char policy_text[96];

    int64_t outflows;   /* under way: see api/answer/outflow.h */
    struct event *tick; /* publishes counters, measures the lag of the loop */
    int64_t tick_at_us;
    atomic_llong alive_at_ms; /* monotonic; when the loop last turned */
    atomic_int *draining;     /* of the process */
    bool stopping;
    bool ending;        /* it is taken apart: Redis is asked no more */
    bool logs_requests; /* LOG_LEVEL lets them through */
    uint64_t id_seed, id_count;
    pthread_t pthread;
};

/* What a loop is made with; all of it outlives the loop. */
struct thread_plan {
    int32_t index;
    const struct api_settings *settings;
    struct board *board;
    struct rate_bank *bank;
    struct orders *orders; /* NULL = nothing is fetched on demand */
    struct metrics *metrics;
    struct metrics *const *all_metrics;
    const struct trusted_proxies *proxies;
    const struct cors *cors;
    const struct documents *documents;
    atomic_int *draining;
};

/* Listens at once. Errors: those of http_server_create() and redis_create(). */
MUST_CHECK struct thread *thread_create(const struct thread_plan *plan, struct error *err);
/* Starts the loop; it ends after LETTER_STOP, or after LETTER_DRAIN once it is idle. */
void thread_start(struct thread *thread);
void thread_join(struct thread *thread);
/* After it was joined, or never started. NULL is fine. */
void thread_destroy(struct thread *thread);

/* 16 hex digits that no other request of any replica has. `ret_id` holds 17 bytes. */
void thread_make_request_id(struct thread *thread, char *ret_id);

/* Brings the counters of this loop's parts up to date. In its own thread only. */
void thread_publish_metrics(struct thread *thread);

enum redis_script_index { SCRIPT_LIMITER, SCRIPT_LOOK, SCRIPT_STORE, SCRIPT_RELEASE, SCRIPT_RAISE };

#endif
