#include "api/cache/cache.h"

#include "api/cache/hash.h"
#include "api/cache/versions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, ENTRY_SHARE = 4 /* one entry may take a quarter of the cache */ };

struct cache {
    struct cache_entry *buckets[BUCKETS];
    struct cache_entry *newest, *oldest; /* by last use */
    size_t bytes, bytes_max, entries;
    uint64_t seed;
    uint64_t changes; /* grows with each invalidation, so that entries are checked once for each */
    int64_t max_age_ms;
    int64_t trusted_from_ms; /* what was read before may lack changes nobody heard of */
    struct versions versions;
};

static void *
allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);

    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct cache *
cache_create(size_t bytes_max, uint64_t seed)
{
    struct cache *cache = allocate(sizeof *cache);

    cache->bytes_max = bytes_max;
    cache->seed = seed;
    cache->changes = 1;
    return cache;
}

uint64_t
cache_hash(const struct cache *cache, struct bytes text)
{
    return hash_bytes(text.data, text.size, cache->seed);
}

struct cache_key
cache_key(const struct cache *cache, const char *text)
{
    struct bytes bytes = {text, strlen(text)};

    return (struct cache_key){bytes, cache_hash(cache, bytes)};
}

uint64_t
cache_tag(const struct cache *cache, const char *text)
{
    uint64_t tag = hash_bytes(text, strlen(text), cache->seed);

    return tag ? tag : 1; /* 0 marks a free slot */
}

struct cache_entry *
cache_hold(struct cache_entry *entry)
{
    entry->references++;
    return entry;
}

void
cache_release(struct cache_entry *entry)
{
    if (!entry || --entry->references > 0)
        return;
    http_body_release(entry->content.plain);
    http_body_release(entry->gzip);
    http_body_release(entry->turned);
    free(entry);
}

/* ------------------------------------------------------------------------------------- lists */

static void
unlink_use(struct cache *cache, struct cache_entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void
link_newest(struct cache *cache, struct cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static struct cache_entry **
place_of(struct cache *cache, const struct cache_key *key)
{
    struct cache_entry **place = &cache->buckets[key->hash % BUCKETS];

    while (*place &&
           ((*place)->key.hash != key->hash || (*place)->key.text.size != key->text.size ||
            memcmp((*place)->key.text.data, key->text.data, key->text.size) != 0))
        place = &(*place)->next;
    return place;
}

static void
drop(struct cache *cache, struct cache_entry *entry)
{
    *place_of(cache, &entry->key) = entry->next;
    unlink_use(cache, entry);
    cache->bytes -= entry->bytes;
    cache->entries--;
    entry->listed = false;
    cache_release(entry);
}

void
cache_destroy(struct cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        drop(cache, cache->oldest);
    free(cache);
}

/* ---------------------------------------------------------------------------------- versions */

uint64_t
cache_last_change(const struct cache *cache, const uint64_t *tags, size_t tag_count)
{
    uint64_t last = 0;

    for (size_t i = 0; i < tag_count; i++) {
        uint64_t version = versions_last(&cache->versions, tags[i]);

        last = version > last ? version : last;
    }
    return last;
}

bool
cache_version_good(const struct cache *cache, uint64_t version, const uint64_t *tags,
                   size_t tag_count)
{
    return tag_count == 0 || version > cache_last_change(cache, tags, tag_count);
}

static bool
is_outdated(struct cache *cache, struct cache_entry *entry, int64_t now_ms)
{
    if (entry->checked_at_change != cache->changes) {
        entry->checked_at_change = cache->changes;
        if (!cache_version_good(cache, entry->content.version, entry->content.tags,
                                entry->content.tag_count))
            entry->outdated = true;
    }
    if (entry->content.true_until_ms > 0 && now_ms >= entry->content.true_until_ms)
        return true;
    return entry->outdated || !cache_time_good(cache, entry->content.stored_at_ms) ||
           (cache->max_age_ms > 0 && now_ms - entry->arrived_at_ms > cache->max_age_ms);
}

void
cache_invalidate(struct cache *cache, uint64_t tag, uint64_t version)
{
    if (versions_raise(&cache->versions, tag, version))
        cache->changes++;
}

void
cache_distrust_before(struct cache *cache, int64_t now_ms)
{
    cache->trusted_from_ms = now_ms;
}

bool
cache_time_good(const struct cache *cache, int64_t stored_at_ms)
{
    return stored_at_ms >= cache->trusted_from_ms;
}

void
cache_limit_age(struct cache *cache, int64_t max_age_ms)
{
    cache->max_age_ms = max_age_ms;
}

int64_t
cache_age_limit(const struct cache *cache)
{
    return cache->max_age_ms;
}

/* ---------------------------------------------------------------------------- find and store */

enum cache_found
cache_find(struct cache *cache, const struct cache_key *key, int64_t now_ms,
           struct cache_entry **ret_entry)
{
    struct cache_entry *entry = *place_of(cache, key);

    if (!entry)
        return CACHE_MISS;
    if (now_ms >= entry->content.stale_until_ms) {
        drop(cache, entry);
        return CACHE_MISS;
    }
    if (entry != cache->newest) {
        unlink_use(cache, entry);
        link_newest(cache, entry);
    }
    *ret_entry = entry;
    if (is_outdated(cache, entry, now_ms))
        return CACHE_OUTDATED;
    return now_ms < entry->content.fresh_until_ms ? CACHE_FRESH : CACHE_STALE;
}

/* Sixteen hexadecimal digits. */
static char *
put_hex(char *at, uint64_t number)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[number >> shift & 15];
    return at;
}

static void
put_etag(char etag[CACHE_ETAG_SIZE], const uint64_t name[2], const char *end)
{
    *etag = '"';
    stpcpy(put_hex(put_hex(etag + 1, name[0]), name[1]), end);
}

static void
name_content(struct cache_entry *entry)
{
    put_etag(entry->etag, entry->content.name, "\"");
    put_etag(entry->etag_gzip, entry->content.name, "-gz\"");
    put_etag(entry->etag_turned, entry->content.name, "-old\"");
}

static const char encoding_line[] = "Content-Encoding: gzip\r\n";

static struct bytes
make_head(char *at, const char *head, const char *encoding, const char *etag)
{
    char *end = stpcpy(stpcpy(stpcpy(stpcpy(stpcpy(at, head), encoding), "ETag: "), etag), "\r\n");

    return (struct bytes){at, (size_t)(end - at)};
}

/* The entry, its tags, turns, key and heads are one piece of memory. */
static struct cache_entry *
entry_create(const struct cache_key *key, const struct cache_content *content, int64_t now_ms)
{
    size_t tag_bytes = content->tag_count * sizeof *content->tags;
    size_t head_bytes = strlen(content->head) + sizeof encoding_line + CACHE_ETAG_SIZE + 16;
    size_t turn_bytes = content->turn_count * sizeof *content->turns;
    size_t bytes =
        sizeof(struct cache_entry) + tag_bytes + turn_bytes + key->text.size + 3 * head_bytes;
    struct cache_entry *entry = allocate(bytes);
    uint64_t *tags = (uint64_t *)(entry + 1);
    struct freshness_turn *turns = (struct freshness_turn *)(tags + content->tag_count);
    char *at = (char *)(turns + content->turn_count);

    if (tag_bytes)
        memcpy(tags, content->tags, tag_bytes);
    if (turn_bytes)
        memcpy(turns, content->turns, turn_bytes);
    memcpy(at, key->text.data, key->text.size);
    entry->content = *content;
    entry->content.tags = tags;
    entry->content.turns = turns;
    entry->key = (struct cache_key){
        {at, key->text.size},
        key->hash
    };
    entry->references = 1;
    entry->arrived_at_ms = now_ms;
    entry->bytes = bytes + content->plain->size;
    name_content(entry);
    at += key->text.size;
    entry->head = make_head(at, content->head, "", entry->etag);
    entry->head_gzip = make_head(at + head_bytes, content->head, encoding_line, entry->etag_gzip);
    entry->head_turned = make_head(at + 2 * head_bytes, content->head, "", entry->etag_turned);
    entry->common_head = (struct bytes){entry->head.data, strlen(content->head)};
    entry->content.head = NULL; /* the heads above have it */
    return entry;
}

static void
make_room(struct cache *cache, size_t bytes)
{
    while (cache->oldest && cache->bytes + bytes > cache->bytes_max)
        drop(cache, cache->oldest);
}

void
cache_attach(struct cache *cache, struct cache_entry *entry, struct http_body **form,
             struct http_body *body)
{
    *form = body;
    entry->bytes += body->size;
    if (!entry->listed)
        return;
    cache->bytes += body->size;
    make_room(cache, 0);
}

struct cache_entry *
cache_store(struct cache *cache, const struct cache_key *key, const struct cache_content *content,
            int64_t now_ms)
{
    struct cache_entry *entry = entry_create(key, content, now_ms);
    struct cache_entry **place;

    if (entry->bytes > cache->bytes_max / ENTRY_SHARE || is_outdated(cache, entry, now_ms))
        return entry;
    place = place_of(cache, key);
    if (*place && !is_outdated(cache, *place, now_ms) &&
        (*place)->content.version > content->version)
        return entry; /* two readers crossed: the later reading stays */
    if (*place)
        drop(cache, *place);
    make_room(cache, entry->bytes);
    place = &cache->buckets[key->hash % BUCKETS];
    entry->next = *place;
    *place = entry;
    link_newest(cache, entry);
    entry->listed = true;
    cache->bytes += entry->bytes;
    cache->entries++;
    return cache_hold(entry);
}

size_t
cache_bytes(const struct cache *cache)
{
    return cache->bytes;
}

size_t
cache_entries(const struct cache *cache)
{
    return cache->entries;
}
