#include "api/flight.h"

#include "api/cache_value.h"
#include "common/clock.h"
#include "common/log.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 256,
    RETRY_MS = 500,   /* a failed refresh of an old answer waits so long */
    READINGS_MAX = 3, /* of one flight, if changes keep overtaking it */
};

const struct redis_script flight_store_script = {
    "store",
    /* KEYS: entry, lock, inv... ARGV: version, value, ttl in ms, id of the lock's holder. */
    "if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end\n"
    "for i = 3, #KEYS do\n"
    "  if tonumber(redis.call('GET', KEYS[i]) or '0') >= tonumber(ARGV[1]) then return 0 end\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
    "return 1\n",
};

const struct redis_script flight_release_script = {
    "release",
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end\n"
    "return 0\n",
};

struct flight {
    struct flight *next;
    struct flights *flights;
    struct arena *arena;
    const struct reading *reading;
    const struct cache_policy *policy;
    struct params params;
    struct cache_key key;
    struct tag_list tags;
    uint64_t tag_hashes[CACHE_TAGS_MAX];
    struct bytes inv_keys[CACHE_TAGS_MAX];
    char *lock_key;
    char id[24];
    bool locked;
    struct cache_entry *fallback;
    struct flight_waiter *first, *last;
    size_t waiters;
    uint64_t version; /* 0 = not read yet */
    uint64_t heard;   /* the last change of its tags when the reading began */
    int32_t readings;
    bool overtaken; /* somebody joined after a later change, and may have seen its value already */
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
    struct flight *buckets[BUCKETS];
    uint64_t random;
    bool stopping;
    struct flights_counts counts;
};

void
tag_list_add(struct tag_list *tags, const char *text)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (strcmp(tags->texts[i], text) == 0)
            return;
    }
    if (tags->count < CACHE_TAGS_MAX)
        tags->texts[tags->count++] = arena_string(tags->arena, text);
}

static uint64_t
next_random(struct flights *flights)
{
    flights->random = flights->random * 6364136223846793005u + 1442695040888963407u;
    return flights->random >> 16;
}

/* --------------------------------------------------------------------------------- the end of one
 */

static void
destroy(struct flight *flight)
{
    if (flight->poll)
        event_free(flight->poll);
    cache_release(flight->fallback);
    arena_destroy(flight->arena); /* the flight lies in it */
}

/*
 * Tells everyone who waits. The flight is off the table first, so that who asks again in `done`
 * starts a new one.
 */
static void
settle(struct flight *flight, struct cache_entry *entry, bool stale, const struct problem *problem)
{
    struct flights *flights = flight->flights;
    struct flight **place = &flights->buckets[flight->key.hash % BUCKETS];

    while (*place != flight)
        place = &(*place)->next;
    *place = flight->next;
    while (flight->first) {
        struct flight_waiter *waiter = flight->first;

        flight->first = waiter->next;
        waiter->flight = NULL;
        waiter->done(waiter, entry, stale, problem);
    }
}

static void
end(struct flight *flight, struct cache_entry *entry, bool stale, const struct problem *problem)
{
    settle(flight, entry, stale, problem);
    destroy(flight);
}

static void
release_lock(struct flight *flight)
{
    const struct bytes arguments[] = {{flight->lock_key, strlen(flight->lock_key)},
                                      {flight->id, strlen(flight->id)}};

    if (!flight->locked || flight->flights->stopping)
        return;
    /* Not sent: the lock runs out by itself. */
    if (!redis_run(flight->flights->redis, flight->flights->settings.release_script, 1, arguments,
                   COUNT_OF(arguments), NULL, NULL))
        return;
}

void
flight_fail(struct flight *flight, const struct problem *problem)
{
    struct flights *flights = flight->flights;
    int64_t now_ms = clock_now_ms();

    release_lock(flight);
    flights->counts.read_errors++;
    if (flight->fallback && now_ms < flight->fallback->content.stale_until_ms) {
        flight->fallback->retry_at_ms = now_ms + RETRY_MS;
        flights->counts.stale_saved += flight->waiters;
        end(flight, flight->fallback, true, NULL);
    } else {
        end(flight, NULL, false, problem);
    }
}

static void
fail_for(struct flight *flight, const struct error *err)
{
    struct problem problem;

    if (err->kind != ERROR_RETRY) {
        log_event(LOG_ERR, "flight.failed", LOG_ERROR(err));
        problem_set(&problem, 500, "internal", "Something is wrong on our side",
                    "the database did not take the query");
    } else if (strcmp(err->code, "database.timeout") == 0) {
        problem_set(&problem, 504, "database.timeout", "The database took too long",
                    "no answer in time; try again");
    } else {
        problem_set(&problem, 503, err->code, "The database cannot be asked now", "%s",
                    err->message);
    }
    problem.retry_after_s = 1 + (int32_t)(next_random(flight->flights) % 3);
    flight_fail(flight, &problem);
}

/* ------------------------------------------------------------------------------------- landing */

static void
store_in_redis(struct flight *flight, const struct cache_content *content)
{
    struct flights *flights = flight->flights;
    const struct cache_value value = {content->version,
                                      content->stored_at_ms,
                                      content->fresh_until_ms,
                                      content->stale_until_ms,
                                      {content->plain->data, content->plain->size}};
    struct bytes arguments[CACHE_TAGS_MAX + 6];
    char version[24], ttl[24];
    size_t count = 0;

    if (content->plain->size > FLIGHT_VALUE_MAX || !redis_usable(flights->redis)) {
        release_lock(flight);
        return;
    }
    arguments[count++] = flight->key.text;
    arguments[count++] = (struct bytes){flight->lock_key, strlen(flight->lock_key)};
    for (size_t i = 0; i < flight->tags.count; i++)
        arguments[count++] = flight->inv_keys[i];
    arguments[count++] = (struct bytes){
        version, (size_t)snprintf(version, sizeof version, "%" PRIu64, value.version)};
    arguments[count++] = cache_value_encode(&value, flight->arena);
    arguments[count++] =
        (struct bytes){ttl, (size_t)snprintf(ttl, sizeof ttl, "%" PRId64,
                                             value.stale_until_ms - value.stored_at_ms)};
    arguments[count++] = (struct bytes){flight->id, strlen(flight->id)};
    if (!redis_run(flights->redis, flights->settings.store_script, 2 + flight->tags.count,
                   arguments, count, NULL, NULL))
        return; /* another reader will store it */
}

static struct cache_entry *
store(struct flight *flight, struct cache_content *content)
{
    content->head = arena_printf(flight->arena,
                                 "Content-Type: application/json\r\n"
                                 "Cache-Control: public, max-age=%" PRId32 "\r\n"
                                 "Vary: Accept-Encoding\r\n",
                                 flight->policy->client_s);
    content->tags = flight->tag_hashes;
    content->tag_count = flight->tags.count;
    return cache_store(flight->flights->cache, &flight->key, content, clock_now_ms());
}

static void
land(struct flight *flight, struct bytes body)
{
    struct flights *flights = flight->flights;
    int64_t fresh_ms = (int64_t)flight->policy->fresh_s * 1000;
    int64_t jitter_ms = (int64_t)(next_random(flights) % (uint64_t)(fresh_ms / 5 + 1));
    struct cache_content content = {
        .version = flight->version,
        .stored_at_ms = flight->started_at_ms,
        .fresh_until_ms = flight->started_at_ms + fresh_ms - fresh_ms / 10 + jitter_ms,
        .plain = http_body_copy(body.data, body.size),
    };
    struct cache_entry *entry;

    content.stale_until_ms = content.fresh_until_ms + (int64_t)flight->policy->stale_s * 1000;
    entry = store(flight, &content);
    settle(flight, entry, flight->overtaken, NULL); /* clients first, replicas after them */
    if (!flights->stopping)
        store_in_redis(flight, &content);
    cache_release(entry);
    destroy(flight);
}

/* ------------------------------------------------------------------------------------- reading */

static uint64_t
last_change(const struct flight *flight)
{
    return cache_last_change(flight->flights->cache, flight->tag_hashes, flight->tags.count);
}

static void
read_database(struct flight *flight)
{
    struct problem problem;

    if (flight->flights->stopping) {
        problem_set(&problem, 503, "stopping", "This replica is stopping", "ask another one");
        flight_fail(flight, &problem);
        return;
    }
    flight->flights->counts.reads++;
    flight->started_at_ms = clock_now_ms();
    flight->heard = last_change(flight);
    flight->readings++;
    flight->overtaken = false;
    flight->version = 0;
    flight->reading->start(flight);
}

void
flight_land(struct flight *flight, struct bytes body)
{
    if (flight->overtaken && flight->readings < READINGS_MAX)
        read_database(flight);
    else
        land(flight, body);
}

static void
on_rows(void *context, const struct rows *rows, const struct error *err)
{
    struct flight *flight = context;

    if (rows)
        flight->then(flight, rows);
    else
        fail_for(flight, err);
}

void
flight_ask(struct flight *flight, const struct query *query, const struct database_value *values,
           size_t value_count, void (*then)(struct flight *, const struct rows *))
{
    struct database_value *kept = arena_alloc_array(flight->arena, value_count + 1, sizeof *kept);

    if (value_count)
        memcpy(kept, values, value_count * sizeof *kept);
    flight->then = then;
    pool_query(flight->flights->pool, query, kept, value_count, flight->arena, on_rows, flight);
}

bool
flight_expect_row(struct flight *flight, const struct rows *rows)
{
    struct problem problem;

    if (rows->count > 0)
        return true;
    problem_set(&problem, 404, "parameter.unknown", "The request names something that is gone",
                "an asset, currency or source has just been removed");
    flight_fail(flight, &problem);
    return false;
}

void
flight_note_version(struct flight *flight, const char *xmin)
{
    uint64_t version = strtoull(xmin, NULL, 10);

    if (flight->version == 0 || version < flight->version)
        flight->version = version;
}

/* --------------------------------------------------------------------------- asking the replicas
 */

static void look(struct flight *flight);

static void
on_poll(evutil_socket_t fd, short events, void *context)
{
    look(context);
}

static void
poll_later(struct flight *flight)
{
    const struct timeval wait = {0, FLIGHT_POLL_EVERY_MS * 1000};

    if (!flight->poll)
        flight->poll = evtimer_new(flight->flights->base, on_poll, flight);
    event_add(flight->poll, &wait);
}

static void
on_locked(void *context, const struct redis_reply *reply)
{
    struct flight *flight = context;

    if (reply && redis_reply_is_nil(reply) && !flight->flights->stopping) {
        flight->flights->counts.polled++;
        flight->poll_until_ms = clock_monotonic_ms() + FLIGHT_POLL_MS;
        poll_later(flight);
        return;
    }
    flight->locked = reply && !redis_reply_is_error(reply);
    read_database(flight);
}

static void
lock(struct flight *flight)
{
    struct flights *flights = flight->flights;
    char ttl[16];
    const struct bytes command[] = {
        {"SET", 3},
        {flight->lock_key, strlen(flight->lock_key)},
        {flight->id, strlen(flight->id)},
        {"NX", 2},
        {"PX", 2},
        {ttl, (size_t)snprintf(ttl, sizeof ttl, "%d", FLIGHT_LOCK_MS)},
    };

    if (!redis_send(flights->redis, command, COUNT_OF(command), on_locked, flight))
        read_database(flight);
}

/* What Redis has: an entry, or NULL with the reason counted. */
static struct cache_entry *
take_value(struct flight *flight, const struct redis_reply *reply, bool *ret_good)
{
    struct flights *flights = flight->flights;
    const struct redis_reply *first = redis_reply_element(reply, 0);
    struct cache_value value;
    struct bytes text;
    int64_t now_ms = clock_now_ms(), age_limit_ms = cache_age_limit(flights->cache);
    struct cache_content content;

    *ret_good = false;
    if (!first || !redis_reply_string(first, &text) || !cache_value_decode(text, &value) ||
        now_ms >= value.stale_until_ms) {
        flights->counts.redis_misses++;
        return NULL;
    }
    *ret_good = now_ms < value.fresh_until_ms &&
                (age_limit_ms == 0 || now_ms - value.stored_at_ms <= age_limit_ms);
    for (size_t i = 0; i < flight->tags.count; i++) {
        const struct redis_reply *inv = redis_reply_element(reply, i + 1);

        if (inv && redis_reply_string(inv, &text) && value.version <= strtoull(text.data, NULL, 10))
            *ret_good = false;
    }
    if (!cache_time_good(flights->cache, value.stored_at_ms) ||
        !cache_version_good(flights->cache, value.version, flight->tag_hashes, flight->tags.count))
        *ret_good = false;
    *(*ret_good ? &flights->counts.redis_hits : &flights->counts.redis_outdated) += 1;
    if (!*ret_good && flight->fallback && flight->fallback->content.version >= value.version)
        return NULL;
    content = (struct cache_content){
        .version = value.version,
        .stored_at_ms = value.stored_at_ms,
        .fresh_until_ms = *ret_good ? value.fresh_until_ms : now_ms,
        .stale_until_ms = value.stale_until_ms,
        .plain = http_body_copy(value.body.data, value.body.size),
    };
    return store(flight, &content);
}

static void
on_looked(void *context, const struct redis_reply *reply)
{
    struct flight *flight = context;
    struct cache_entry *entry = NULL;
    bool good = false;

    if (reply && !flight->flights->stopping)
        entry = take_value(flight, reply, &good);
    if (entry && good) {
        end(flight, entry, false, NULL);
        cache_release(entry);
        return;
    }
    if (entry) {
        cache_release(flight->fallback);
        flight->fallback = entry;
    }
    if (!reply || (flight->poll_until_ms && clock_monotonic_ms() >= flight->poll_until_ms))
        read_database(flight);
    else if (flight->poll_until_ms)
        poll_later(flight);
    else
        lock(flight);
}

static void
look(struct flight *flight)
{
    struct bytes command[CACHE_TAGS_MAX + 2];
    size_t count = 0;

    command[count++] = (struct bytes){"MGET", 4};
    command[count++] = flight->key.text;
    for (size_t i = 0; i < flight->tags.count; i++)
        command[count++] = flight->inv_keys[i];
    if (!redis_send(flight->flights->redis, command, count, on_looked, flight))
        read_database(flight);
}

/* -------------------------------------------------------------------------------------- joining */

static void
name_keys(struct flight *flight)
{
    struct flights *flights = flight->flights;
    const char *name_space = flights->settings.name_space;

    for (size_t i = 0; i < flight->tags.count; i++) {
        char *key = arena_printf(flight->arena, "%s.inv:%s", name_space, flight->tags.texts[i]);

        flight->inv_keys[i] = (struct bytes){key, strlen(key)};
        flight->tag_hashes[i] = cache_tag(flights->cache, flight->tags.texts[i]);
    }
    flight->lock_key = arena_printf(flight->arena, "%s.lock:%.*s", name_space,
                                    (int)flight->key.text.size, flight->key.text.data);
    snprintf(flight->id, sizeof flight->id, "%012" PRIx64, next_random(flights));
}

static struct flight *
start(struct flights *flights, const struct flight_plan *plan)
{
    struct arena *arena = arena_create(16 * 1024);
    struct flight *flight = arena_alloc_array(arena, 1, sizeof *flight);
    struct flight **place = &flights->buckets[plan->key->hash % BUCKETS];

    flight->flights = flights;
    flight->arena = arena;
    flight->reading = plan->reading;
    flight->policy = plan->policy;
    flight->key.text.data = arena_copy(arena, plan->key->text.data, plan->key->text.size);
    flight->key.text.size = plan->key->text.size;
    flight->key.hash = plan->key->hash;
    params_copy(plan->params, arena, &flight->params);
    flight->fallback = plan->fallback ? cache_hold(plan->fallback) : NULL;
    flight->tags.arena = arena;
    flight->reading->tag(&flight->params, &flight->tags);
    name_keys(flight);
    flight->next = *place;
    *place = flight;
    flights->counts.started++;
    return flight;
}

static struct flight *
find(struct flights *flights, const struct cache_key *key)
{
    struct flight *flight = flights->buckets[key->hash % BUCKETS];

    while (flight && (flight->key.hash != key->hash || flight->key.text.size != key->text.size ||
                      memcmp(flight->key.text.data, key->text.data, key->text.size) != 0))
        flight = flight->next;
    return flight;
}

bool
flights_join(struct flights *flights, const struct flight_plan *plan, struct flight_waiter *waiter)
{
    struct flight *flight = find(flights, plan->key);
    bool starts = !flight;

    if (starts) {
        flight = start(flights, plan);
    } else if (waiter && flight->waiters >= FLIGHT_WAITERS_MAX) {
        flights->counts.crowded++;
        return false;
    }
    if (waiter) {
        flights->counts.joined += !starts;
        waiter->next = NULL;
        waiter->flight = flight;
        *(flight->last ? &flight->last->next : &flight->first) = waiter;
        flight->last = waiter;
        flight->waiters++;
        flight->overtaken |= flight->readings > 0 && last_change(flight) > flight->heard;
    }
    if (starts)
        look(flight);
    return true;
}

void
flight_leave(struct flight_waiter *waiter)
{
    struct flight *flight = waiter->flight;
    struct flight_waiter **place;

    if (!flight)
        return;
    for (place = &flight->first; *place != waiter; place = &(*place)->next)
        ;
    *place = waiter->next;
    waiter->flight = NULL;
    flight->waiters--;
    flight->last = NULL;
    for (waiter = flight->first; waiter; waiter = waiter->next)
        flight->last = waiter;
}

const struct params *
flight_params(const struct flight *flight)
{
    return &flight->params;
}

struct arena *
flight_arena(struct flight *flight)
{
    return flight->arena;
}

void *
flight_context(struct flight *flight)
{
    return flight->context;
}

void
flight_set_context(struct flight *flight, void *context)
{
    flight->context = context;
}

struct flights *
flights_create(struct event_base *base, const struct flights_settings *settings,
               struct cache *cache, struct redis *redis, struct pool *pool)
{
    struct flights *flights = calloc(1, sizeof *flights);

    if (!flights)
        abort();
    flights->base = base;
    flights->settings = *settings;
    flights->cache = cache;
    flights->redis = redis;
    flights->pool = pool;
    flights->random = (uint64_t)clock_monotonic_us() ^ (uintptr_t)flights;
    return flights;
}

void
flights_stop(struct flights *flights)
{
    flights->stopping = true;
}

void
flights_destroy(struct flights *flights)
{
    if (!flights)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (flights->buckets[i]) {
            struct flight *flight = flights->buckets[i];

            flights->buckets[i] = flight->next;
            destroy(flight);
        }
    }
    free(flights);
}

const struct flights_counts *
flights_counts(const struct flights *flights)
{
    return &flights->counts;
}
