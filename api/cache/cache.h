#ifndef TIDEMARK_API_CACHE_CACHE_H
#define TIDEMARK_API_CACHE_CACHE_H

#include "api/cache/freshness.h"
#include "api/http/answer.h"
#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ready-made answers in the memory of one thread (L1). No lock, no I/O, no clock: the caller says
 * what time it is (UTC milliseconds, because entries travel between replicas).
 *
 * A slow reader can never put an older value back: an entry has a version, the xmin of the snapshot
 * it was read with, and tags that say what it was made of. A worker's commit invalidates
 * tags with its transaction id. An entry is good only while its version is above the last
 * invalidation of each of its tags; another one is not stored at all.
 */
struct cache;

struct cache_key {
    struct bytes text;
    uint64_t hash; /* from cache_hash() of this cache */
};

enum { CACHE_ETAG_SIZE = 40, CACHE_TAGS_MAX = 256 };

/* What an answer is made of; the tags are hashes of their text, see cache_tag(). */
struct cache_content {
    uint64_t version;
    int64_t stored_at_ms;   /* when it was read from the database */
    int64_t fresh_until_ms; /* until here it is served without a thought */
    int64_t stale_until_ms; /* until here it may be served if nothing better can be had */
    int64_t true_until_ms;  /* then its flags of staleness are wrong, see freshness.h; 0 = never */
    int32_t client_s;       /* Cache-Control: max-age, from stored_at_ms on */
    uint64_t name[2];       /* what the ETag is made of; equal on every replica */
    struct http_body *plain;
    const struct freshness_turn *turns; /* of the plain body, ascending; copied */
    size_t turn_count;
    const char *head; /* header lines that go with it, each with its CRLF; copied */
    const uint64_t *tags;
    size_t tag_count;
};

/* An entry is counted: hold it to use it after control went back to the loop. */
struct cache_entry {
    struct cache_content content;
    char etag[CACHE_ETAG_SIZE]; /* quoted */
    char etag_gzip[CACHE_ETAG_SIZE];
    char etag_turned[CACHE_ETAG_SIZE];
    struct bytes common_head; /* content.head */
    struct bytes head;        /* the same with the ETag */
    struct bytes head_gzip;   /* for the compressed body, with its Content-Encoding */
    struct bytes head_turned; /* for the plain body with its turns */
    struct http_body *gzip;   /* NULL until somebody wants it: cache_attach() */
    struct http_body *turned; /* the same */
    int64_t arrived_at_ms;    /* in this thread */
    int64_t retry_at_ms;      /* a refresh failed: no other attempt before; 0 = none did */

    /* cache.c's own */
    struct cache_entry *next, *newer, *older;
    struct cache_key key;
    uint64_t checked_at_change;
    size_t bytes;
    uint32_t references;
    bool listed, outdated;
};

enum cache_found {
    CACHE_MISS,
    CACHE_FRESH,
    CACHE_STALE,    /* its time is over: serve it at once, and let one flight refresh it */
    CACHE_OUTDATED, /* a newer value is known to exist: serve it only if that cannot be had */
};

struct cache *cache_create(size_t bytes_max, uint64_t seed);
void cache_destroy(struct cache *cache); /* NULL is fine */

uint64_t cache_hash(const struct cache *cache, struct bytes text);
struct cache_key cache_key(const struct cache *cache, const char *text);
/* "price:bitcoin" */
uint64_t cache_tag(const struct cache *cache, const char *text);

/* `*ret_entry` is set unless it is a miss; hold it if it is needed for longer than this call. */
enum cache_found cache_find(struct cache *cache, const struct cache_key *key, int64_t now_ms,
                            struct cache_entry **ret_entry);

/*
 * Takes the place of an older entry with this key. The bodies' references pass to the entry, tags
 * and key are copied. Always returns an entry, held for the caller; one that is out of date already
 * or larger than the cache allows is just not kept.
 */
struct cache_entry *cache_store(struct cache *cache, const struct cache_key *key,
                                const struct cache_content *content, int64_t now_ms);

/*
 * Keeps another form of the body, &entry->gzip or &entry->turned, for all who want it later; takes
 * over the reference. Hold the entry: it may have to make room.
 */
void cache_attach(struct cache *cache, struct cache_entry *entry, struct http_body **form,
                  struct http_body *body);

struct cache_entry *cache_hold(struct cache_entry *entry);
void cache_release(struct cache_entry *entry); /* NULL is fine */

/* The last change of any of these tags that we heard of; 0 = none. */
uint64_t cache_last_change(const struct cache *cache, const uint64_t *tags, size_t tag_count);
/* True if a reading of this version has seen every change of these tags that we heard of. */
bool cache_version_good(const struct cache *cache, uint64_t version, const uint64_t *tags,
                        size_t tag_count);

/* A commit with this transaction id changed what the tag stands for. */
void cache_invalidate(struct cache *cache, uint64_t tag, uint64_t version);
/*
 * Events may have been missed: whatever was read before `now_ms` is out of date, here and where
 * else it comes from.
 */
void cache_distrust_before(struct cache *cache, int64_t now_ms);
/* True for a reading that began when events were heard again. */
bool cache_time_good(const struct cache *cache, int64_t stored_at_ms);
/* While no events come, entries are fresh for at most this long; 0 = no such limit. */
void cache_limit_age(struct cache *cache, int64_t max_age_ms);
int64_t cache_age_limit(const struct cache *cache);

/* Bytes and entries held, for the metrics. */
size_t cache_bytes(const struct cache *cache);
size_t cache_entries(const struct cache *cache);

#endif
