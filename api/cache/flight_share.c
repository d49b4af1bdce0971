#include "api/cache/flight_share.h"

#include "api/cache/cache_value.h"
#include "common/clock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct redis_script flight_look_script = {
    "look",
    /*
     * KEYS: entry, lock, inv... ARGV: id of the lock's holder, its ms. The values of the entry and
     * of inv..., and if there is no entry, whether the lock is ours now: one round trip for both.
     */
    "local found = redis.call('MGET', KEYS[1], unpack(KEYS, 3))\n"
    "if not found[1] then\n"
    "  local taken = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])\n"
    "  found[#found + 1] = taken and 1 or 0\n"
    "end\n"
    "return found\n",
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

void
flight_unlock(struct flight *flight)
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
flight_share(struct flight *flight, const struct cache_content *content)
{
    struct flights *flights = flight->flights;
    const struct cache_value value = {
        .version = content->version,
        .stored_at_ms = content->stored_at_ms,
        .fresh_until_ms = content->fresh_until_ms,
        .stale_until_ms = content->stale_until_ms,
        .head = {flight->head, strlen(flight->head)},
        .true_until_ms = content->true_until_ms,
        .client_s = content->client_s,
        .name = {content->name[0], content->name[1]},
        .turns = content->turns,
        .turn_count = content->turn_count,
        .body = {content->plain->data, content->plain->size},
    };
    struct bytes arguments[CACHE_TAGS_MAX + 6];
    char version[24], ttl[24];
    size_t count = 0;

    if (content->plain->size > FLIGHT_VALUE_MAX || !redis_usable(flights->redis)) {
        flight_unlock(flight);
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

/* ----------------------------------------------------------------------- asking the replicas */

static void
on_poll(evutil_socket_t fd, short events, void *context)
{
    flight_look(context);
}

static void
poll_later(struct flight *flight)
{
    const struct timeval wait = {0, FLIGHT_POLL_EVERY_MS * 1000};

    if (!flight->poll)
        flight->poll = evtimer_new(flight->flights->base, on_poll, flight);
    event_add(flight->poll, &wait);
}

/* Another one reads what we want. */
static void
poll_for_other(struct flight *flight)
{
    flight->flights->counts.polled++;
    flight->poll_until_ms = clock_monotonic_ms() + FLIGHT_POLL_MS;
    poll_later(flight);
}

static void
on_locked(void *context, const struct redis_reply *reply)
{
    struct flight *flight = context;

    if (reply && redis_reply_is_nil(reply) && !flight->flights->stopping) {
        poll_for_other(flight);
        return;
    }
    flight->locked = reply && !redis_reply_is_error(reply);
    flight_read(flight);
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
        flight_read(flight);
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
    if (!first || !redis_reply_string(first, &text) ||
        !cache_value_decode(text, flight->arena, &value) || now_ms >= value.stale_until_ms) {
        flights->counts.redis_misses++;
        return NULL;
    }
    *ret_good = now_ms < value.fresh_until_ms &&
                (value.true_until_ms == 0 || now_ms < value.true_until_ms) &&
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
    flight->head = arena_copy(flight->arena, value.head.data, value.head.size);
    content = (struct cache_content){
        .version = value.version,
        .stored_at_ms = value.stored_at_ms,
        .fresh_until_ms = *ret_good ? value.fresh_until_ms : now_ms,
        .stale_until_ms = value.stale_until_ms,
        .true_until_ms = value.true_until_ms,
        .client_s = value.client_s,
        .name = {value.name[0], value.name[1]},
        .turns = value.turns,
        .turn_count = value.turn_count,
        .plain = http_body_copy(value.body.data, value.body.size),
    };
    return flight_store(flight, &content);
}

/* After a look that found something out of date the lock is still to be asked for. */
static void
go_on_without_entry(struct flight *flight, const struct redis_reply *reply)
{
    const struct redis_reply *lock_taken = redis_reply_element(reply, 1 + flight->tags.count);
    int64_t taken;

    if (!lock_taken || !redis_reply_integer(lock_taken, &taken)) {
        lock(flight);
    } else if (taken || flight->flights->stopping) {
        flight->locked = taken;
        flight_read(flight);
    } else {
        poll_for_other(flight);
    }
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
        flight_end(flight, entry, false, NULL);
        cache_release(entry);
        return;
    }
    if (entry) {
        cache_release(flight->fallback);
        flight->fallback = entry;
    }
    if (!reply || (flight->poll_until_ms && clock_monotonic_ms() >= flight->poll_until_ms))
        flight_read(flight);
    else if (flight->poll_until_ms)
        poll_later(flight);
    else
        go_on_without_entry(flight, reply);
}

/* Who polls leaves the lock alone. */
static bool
look_again(struct flight *flight)
{
    struct bytes command[CACHE_TAGS_MAX + 2];
    size_t count = 0;

    command[count++] = (struct bytes){"MGET", 4};
    command[count++] = flight->key.text;
    for (size_t i = 0; i < flight->tags.count; i++)
        command[count++] = flight->inv_keys[i];
    return redis_send(flight->flights->redis, command, count, on_looked, flight);
}

static bool
look_and_lock(struct flight *flight)
{
    struct flights *flights = flight->flights;
    struct bytes arguments[CACHE_TAGS_MAX + 4];
    char ttl[16];
    size_t count = 0;

    arguments[count++] = flight->key.text;
    arguments[count++] = (struct bytes){flight->lock_key, strlen(flight->lock_key)};
    for (size_t i = 0; i < flight->tags.count; i++)
        arguments[count++] = flight->inv_keys[i];
    arguments[count++] = (struct bytes){flight->id, strlen(flight->id)};
    arguments[count++] =
        (struct bytes){ttl, (size_t)snprintf(ttl, sizeof ttl, "%d", FLIGHT_LOCK_MS)};
    return redis_run(flights->redis, flights->settings.look_script, 2 + flight->tags.count,
                     arguments, count, on_looked, flight);
}

void
flight_look(struct flight *flight)
{
    if (!(flight->poll_until_ms ? look_again(flight) : look_and_lock(flight)))
        flight_read(flight);
}

void
flight_name_keys(struct flight *flight)
{
    struct flights *flights = flight->flights;
    const char *name_space = flights->settings.name_space;

    for (size_t i = 0; i < flight->tags.count; i++) {
        char *key = ARENA_JOIN(flight->arena, name_space, ".inv:", flight->tags.texts[i]);

        flight->inv_keys[i] = (struct bytes){key, strlen(key)};
        flight->tag_hashes[i] = cache_tag(flights->cache, flight->tags.texts[i]);
    }
    flight->lock_key = ARENA_JOIN(flight->arena, name_space, ".lock:", flight->key.text.data);
    snprintf(flight->id, sizeof flight->id, "%012" PRIx64, flights_random(flights));
}
