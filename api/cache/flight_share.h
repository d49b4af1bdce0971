#ifndef TIDEMARK_API_CACHE_FLIGHT_SHARE_H
#define TIDEMARK_API_CACHE_FLIGHT_SHARE_H

#include "api/cache/flight.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A flight from inside, for flight.c (its life in this loop) and flight_share.c (what it has to do
 * with other loops and replicas, by way of Redis). Nobody else includes this.
 */
struct event;

enum { FLIGHT_BUCKETS = 256 };

struct flight {
    struct flight *next;
    struct flights *flights;
    struct arena *arena;
    const struct reading *reading;
    const struct cache_policy *policy;
    const char *content_type;
    struct params params;
    struct cache_key key;
    struct tag_list tags;
    uint64_t tag_hashes[CACHE_TAGS_MAX];
    struct bytes inv_keys[CACHE_TAGS_MAX];
    char *lock_key;
    char id[24];
    bool locked;
    struct cache_entry *fallback;
    struct cache_entry *landed; /* what it brought, while it waits to be shared */
    struct flight_waiter *first, *last;
    size_t waiters;
    uint64_t version; /* 0 = not read yet */
    uint64_t heard;   /* the last change of its tags when the reading began */
    int32_t readings;
    bool asked;     /* it has cost a query already */
    bool overtaken; /* somebody joined after a later change, and may have seen its value already */
    const char *head;           /* what flight_add_head() got; "" = nothing */
    struct freshness freshness; /* of this reading */
    struct loads *loads;        /* held; NULL = not known */
    struct flight_order *order; /* NULL = it lacks nothing */
    void *context;
    void (*then)(struct flight *flight, const struct rows *rows);
    int64_t started_at_ms;
    struct event *poll;
    int64_t poll_until_ms; /* 0 = not polling */
};

struct flights {
    struct event_base *base;
    struct flights_settings settings;
    struct cache *cache;
    struct redis *redis;
    struct pool *pool;
    struct flight *buckets[FLIGHT_BUCKETS];
    /* Answered, to be shared once the answers are on their way: in the order of their landing. */
    struct flight *landed, **landed_end;
    struct event *share;
    uint64_t random;
    bool stopping;
    struct flights_counts counts;
};

/* In flight_share.c. The keys of the lock and of the versions, and who we are. */
void flight_name_keys(struct flight *flight);
/* Looks into Redis; goes on to flight_end(), or to flight_read() if nobody has what we want. */
void flight_look(struct flight *flight);
/* Puts what was read into Redis, if it is not out of date by then, and gives the lock back. */
void flight_share(struct flight *flight, const struct cache_content *content);
void flight_unlock(struct flight *flight);

/* In flight.c. Asks the database. */
void flight_read(struct flight *flight);
/* Lands what flight_order.c had held back; takes the reference over. */
void flight_land_held(struct flight *flight, struct http_body *body);
/* An entry of this flight's key in L1, held. */
struct cache_entry *flight_store(struct flight *flight, struct cache_content *content);
/* Tells everyone who waits; the flight is gone after it. */
void flight_end(struct flight *flight, struct cache_entry *entry, bool stale,
                const struct problem *problem);
uint64_t flights_random(struct flights *flights);

#endif
