#ifndef TIDEMARK_API_CACHE_FLIGHT_H
#define TIDEMARK_API_CACHE_FLIGHT_H

#include "api/answer/problem.h"
#include "api/board.h"
#include "api/cache/cache.h"
#include "api/cache/freshness.h"
#include "api/orders/order_book.h"
#include "api/params/params.h"
#include "api/pool.h"
#include "common/redis.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct flight;
struct flights;
struct order_desk;
struct request;

/*
 * A flight fetches the answer of one key into the L1 of its loop: from Redis if a replica has read
 * it since the last change, else from PostgreSQL. However many requests wait for a key, one flight
 * is under way in a loop; across loops and replicas a lock in Redis lets one of them read while
 * the others look for its result, for at most FLIGHT_POLL_MS, before they read for themselves.
 */
enum {
    FLIGHT_WAITERS_MAX = 1000, /* requests for one key; the next one gets 503 */
    FLIGHT_LOCK_MS = 3000,
    FLIGHT_POLL_MS = 300,
    FLIGHT_POLL_EVERY_MS = 15,
    FLIGHT_VALUE_MAX = 1024 * 1024, /* larger answers are not put into Redis */
};

/* How long answers of a route live. Seconds. */
struct cache_policy {
    int32_t fresh_s;  /* in L1 and Redis, unless an event comes first; +-10 % */
    int32_t stale_s;  /* after that, if nothing better can be had */
    int32_t client_s; /* Cache-Control: max-age; at most that, if freshness.h knows of a load */
};

/* What an answer is made of, as text: "price:bitcoin". */
struct tag_list {
    struct arena *arena;
    const char *texts[CACHE_TAGS_MAX];
    size_t count;
};
void tag_list_add(struct tag_list *tags, const char *text);

/* How a route is read from the database. */
struct reading {
    /* The key in Redis behind the namespace; NULL = the path and the canonical parameters. */
    const char *(*name)(const struct params *params, struct arena *arena);
    /* What no single parameter shows, before anything is asked; NULL = nothing. */
    bool (*check)(const struct params *params, int64_t now_ms, struct problem *ret_problem);
    /*
     * After that: what the parameters come to now, by params_settle(), so that askings that come to
     * the same share an answer. NULL = what they say. Of a list that is paged it must come to the
     * same as long as its pages are asked for: cursors belong to what it comes to.
     */
    void (*settle)(struct params *params, int64_t now_ms, struct arena *arena);
    /* Cache-Control: max-age, in seconds, of just this answer; NULL = as its policy says. */
    int32_t (*client_s)(const struct params *params, int64_t now_ms, int32_t policy_s);
    /* Which changes make the answer out of date. */
    void (*tag)(const struct params *params, struct tag_list *tags);
    /* Asks its first query; ends with flight_land() or flight_fail(), whatever happens between. */
    void (*start)(struct flight *flight);
    /*
     * The body begins inside of an object that every answer opens anew, because it tells the
     * request: {"metadata":{"request_id":...,"api_latency_ms":..., and here the stored bytes.
     */
    bool opened_by_request;
    /*
     * Whether such a request is answered in pieces, past every cache, because its answer may be
     * larger than memory; and by what (see api/answer/outflow.h). NULL = none is.
     */
    bool (*streams)(const struct params *params);
    void (*stream)(struct request *request);
    /*
     * Prices that it notes as stale or missing (flight_note_pair) are fetched before it lands, if a
     * source may have them and that does not take too long.
     */
    bool on_demand;
};

/* ------------------------------------------------------------------- for those who wait for one */

struct flight_waiter {
    struct flight_waiter *next;
    struct flight *flight; /* NULL = waits for nothing */
    /*
     * Either an entry (hold it to keep it; `stale`: nothing newer could be had) or a problem.
     * Called once, from the loop, unless the waiter left before.
     */
    void (*done)(struct flight_waiter *waiter, struct cache_entry *entry, bool stale,
                 const struct problem *problem);
};

struct flights_settings {
    const char *name_space; /* both must outlive the flights */
    struct board *board;
    /* Where they stand in redis_settings.scripts. */
    size_t look_script, store_script, release_script;
    bool varies_by_origin;   /* see cors_varies() */
    struct order_desk *desk; /* of the loop */
    int64_t order_wait_ms;   /* how long prices that were ordered are waited for */
};

extern const struct redis_script flight_look_script;
extern const struct redis_script flight_store_script;
extern const struct redis_script flight_release_script;

struct flights_counts {
    uint64_t started, joined, crowded;
    uint64_t redis_hits, redis_misses, redis_outdated;
    uint64_t reads; /* readings of the database */
    uint64_t read_errors;
    uint64_t polled;      /* another replica's reading was waited for */
    uint64_t stale_saved; /* failures covered by an older answer */
    /* On demand: pairs by what became of their order; answers by how the waiting ended. */
    uint64_t orders[ORDER_VERDICTS];
    uint64_t order_answers, order_failures, order_timeouts, order_refusals;
};

struct flights *flights_create(struct event_base *base, const struct flights_settings *settings,
                               struct cache *cache, struct redis *redis, struct pool *pool);
/*
 * Before Redis and the pool are destroyed: what is under way ends without asking them again.
 * Nobody may wait any more.
 */
void flights_stop(struct flights *flights);
/* After them. NULL is fine. */
void flights_destroy(struct flights *flights);
const struct flights_counts *flights_counts(const struct flights *flights);

/* What to fetch. The params are copied. */
struct flight_plan {
    const struct reading *reading;
    const struct cache_policy *policy;
    const char *content_type; /* a constant */
    const struct params *params;
    const struct cache_key *key;
    struct cache_entry *fallback; /* served if the flight fails; NULL = none */
};

/*
 * Joins the flight of the key, or starts it. `waiter` NULL = nobody waits: a refresh.
 * False if too many wait already. `done` may be called before this returns.
 */
MUST_CHECK bool flights_join(struct flights *flights, const struct flight_plan *plan,
                             struct flight_waiter *waiter);
void flight_leave(struct flight_waiter *waiter); /* not waiting is fine */

/* --------------------------------------------------------------------------------- for readings */

const struct params *flight_params(const struct flight *flight);
struct arena *flight_arena(struct flight *flight); /* lives until the flight ends */
void *flight_context(struct flight *flight);
void flight_set_context(struct flight *flight, void *context);

/* How fresh what is being read is: to be told while it is rendered. See freshness.h. */
struct freshness *flight_freshness(struct flight *flight);

/* `then` gets the rows; a failure ends the flight without it. One query at a time. */
void flight_ask(struct flight *flight, const struct query *query,
                const struct database_value *values, size_t value_count,
                void (*then)(struct flight *flight, const struct rows *rows));
/* The same for a query that answers many questions at once: see pool_query_together(). */
void flight_ask_together(struct flight *flight, const struct query *query,
                         const struct database_value *texts, size_t text_count,
                         void (*then)(struct flight *flight, const struct rows *rows));
/*
 * For queries that promise a row as long as the names they ask for exist: without one somebody has
 * taken a name away meanwhile, and the flight ends with 404. False then.
 */
MUST_CHECK bool flight_expect_row(struct flight *flight, const struct rows *rows);
/* Says which snapshot was read: the text of its xmin. At least once; the lowest counts. */
void flight_note_version(struct flight *flight, const char *xmin);

enum pair_found { PAIR_FRESH, PAIR_STALE, PAIR_MISSING };
/*
 * Says what was read of the latest price of an asset in a currency: of any source, or (`source` not
 * NULL) of the one that was asked for. For readings that are `on_demand`, with each reading, before
 * it lands; for the others, and of the past, it does nothing and need not be called. Such an
 * answer is held back while a job fetches what is stale or missing, and read again; if that takes
 * too long, or nobody can be asked, it lands as it is, or, if not one of its pairs has a price
 * although one could have, it is a 503 with Retry-After.
 */
void flight_note_pair(struct flight *flight, const char *slug, const char *code, const char *source,
                      enum pair_found found);
/*
 * More header lines of the answer, each with its CRLF; copied. They are kept with it and go to the
 * other replicas, so they may depend on what was asked and read, and on nothing else.
 */
void flight_add_head(struct flight *flight, const char *lines);
/*
 * The answer; copied. Call it last: the flight is gone after it, or reads again because a change
 * overtook it that somebody who waits may have seen already.
 */
void flight_land(struct flight *flight, struct bytes body);
/* The same for a body that is made where it stays; takes the reference over. */
void flight_land_body(struct flight *flight, struct http_body *body);
void flight_fail(struct flight *flight, const struct problem *problem);

#endif
