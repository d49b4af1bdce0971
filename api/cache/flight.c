#include "api/cache/flight.h"

#include "api/answer/formats.h"
#include "api/cache/flight_order.h"
#include "api/cache/flight_share.h"
#include "common/clock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 500,   /* a failed refresh of an old answer waits so long */
    READINGS_MAX = 3, /* of one flight, if changes keep overtaking it */
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

uint64_t
flights_random(struct flights *flights)
{
    flights->random = flights->random * 6364136223846793005u + 1442695040888963407u;
    return flights->random >> 16;
}

/* ---------------------------------------------------------------------------- the end of one */

static void
destroy(struct flight *flight)
{
    if (flight->poll)
        event_free(flight->poll);
    flight_order_finish(flight);
    cache_release(flight->fallback);
    cache_release(flight->landed);
    loads_release(flight->loads);
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
    struct flight **place = &flights->buckets[flight->key.hash % FLIGHT_BUCKETS];

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

void
flight_end(struct flight *flight, struct cache_entry *entry, bool stale,
           const struct problem *problem)
{
    settle(flight, entry, stale, problem);
    destroy(flight);
}

void
flight_fail(struct flight *flight, const struct problem *problem)
{
    struct flights *flights = flight->flights;
    int64_t now_ms = clock_now_ms();

    flight_unlock(flight);
    flights->counts.read_errors++;
    if (flight->fallback && now_ms < flight->fallback->content.stale_until_ms) {
        flight->fallback->retry_at_ms = now_ms + RETRY_MS;
        flights->counts.stale_saved += flight->waiters;
        flight_end(flight, flight->fallback, true, NULL);
    } else {
        flight_end(flight, NULL, false, problem);
    }
}

static void
fail_for(struct flight *flight, const struct error *err)
{
    struct problem problem;

    problem_of_database(&problem, err);
    problem.retry_after_s = 1 + (int32_t)(flights_random(flight->flights) % 3);
    flight_fail(flight, &problem);
}

/* ----------------------------------------------------------------------------------- landing */

struct cache_entry *
flight_store(struct flight *flight, struct cache_content *content)
{
    bool varies = formats_vary(&flight->params);
    struct text head;

    text_init(&head, flight->arena, 256 + strlen(flight->head));
    text_add_string(&head, "Content-Type: ");
    text_add_string(&head, varies ? formats_content_type(formats_of(&flight->params))
                                  : flight->content_type);
    text_add_string(&head, "\r\nCache-Control: public, max-age=");
    text_add_int(&head, content->client_s);
    text_add_string(&head,
                    varies ? "\r\nVary: Accept, Accept-Encoding" : "\r\nVary: Accept-Encoding");
    if (flight->flights->settings.varies_by_origin)
        text_add_string(&head, ", Origin");
    text_add_string(&head, "\r\n");
    text_add_string(&head, flight->head);
    content->head = text_finish(&head).data;
    content->tags = flight->tag_hashes;
    content->tag_count = flight->tags.count;
    return cache_store(flight->flights->cache, &flight->key, content, clock_now_ms());
}

static struct flight *
take_landed(struct flights *flights)
{
    struct flight *flight = flights->landed;

    flights->landed = flight->next;
    if (!flights->landed)
        flights->landed_end = &flights->landed;
    return flight;
}

static void
on_share(evutil_socket_t fd, short events, void *context)
{
    struct flights *flights = context;

    while (flights->landed) {
        struct flight *flight = take_landed(flights);

        if (!flights->stopping)
            flight_share(flight, &flight->landed->content);
        destroy(flight);
    }
}

/*
 * Clients first: copying a large value for Redis takes as long as writing its answer. The next turn
 * of the loop comes after the sockets that can take more of an answer.
 */
static void
share_later(struct flight *flight)
{
    struct flights *flights = flight->flights;
    const struct timeval at_once = {0, 0};

    flight->next = NULL;
    *flights->landed_end = flight;
    flights->landed_end = &flight->next;
    event_add(flights->share, &at_once);
}

static int32_t
client_seconds(const struct flight *flight)
{
    int32_t client_s = freshness_client_s(&flight->freshness, flight->policy->client_s);

    if (flight->reading->client_s)
        client_s = flight->reading->client_s(&flight->params, flight->started_at_ms, client_s);
    return client_s;
}

static void
land(struct flight *flight, struct http_body *body)
{
    struct flights *flights = flight->flights;
    const struct freshness *freshness = &flight->freshness;
    int64_t fresh_ms = (int64_t)flight->policy->fresh_s * 1000;
    int64_t jitter_ms = (int64_t)(flights_random(flights) % (uint64_t)(fresh_ms / 5 + 1));
    struct cache_content content = {
        .version = flight->version,
        .stored_at_ms = flight->started_at_ms,
        .fresh_until_ms = flight->started_at_ms + fresh_ms - fresh_ms / 10 + jitter_ms,
        .true_until_ms = freshness->true_until_ms,
        .client_s = client_seconds(flight),
        .plain = body,
        .turns = freshness->turns,
        .turn_count = freshness->turn_count,
    };

    content.stale_until_ms = content.fresh_until_ms + (int64_t)flight->policy->stale_s * 1000;
    freshness_name(freshness, (struct bytes){body->data, body->size}, content.name);
    flight->landed = flight_store(flight, &content);
    settle(flight, flight->landed, flight->overtaken, NULL);
    share_later(flight);
}

/* ----------------------------------------------------------------------------------- reading */

static uint64_t
last_change(const struct flight *flight)
{
    return cache_last_change(flight->flights->cache, flight->tag_hashes, flight->tags.count);
}

void
flight_read(struct flight *flight)
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
    flight->head = "";
    if (!flight->loads)
        flight->loads = board_loads(flight->flights->settings.board);
    freshness_start(&flight->freshness, flight->arena, flight->loads, flight->started_at_ms);
    flight_order_begin(flight);
    flight->reading->start(flight);
}

void
flight_land_body(struct flight *flight, struct http_body *body)
{
    if (flight->overtaken && flight->readings < READINGS_MAX) {
        http_body_release(body);
        flight_read(flight);
    } else if (!flight_order_holds(flight, body)) {
        land(flight, body);
    }
}

void
flight_land_held(struct flight *flight, struct http_body *body)
{
    land(flight, body);
}

void
flight_land(struct flight *flight, struct bytes body)
{
    flight_land_body(flight, http_body_copy(body.data, body.size));
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

static const struct database_value *
keep_values(struct flight *flight, const struct database_value *values, size_t count)
{
    struct database_value *kept = arena_alloc(flight->arena, (count + 1) * sizeof *kept);

    if (count)
        memcpy(kept, values, count * sizeof *kept);
    return kept;
}

static enum pool_turn
next_turn(struct flight *flight)
{
    enum pool_turn turn = flight->asked ? POOL_GOES_ON : POOL_BEGINS;

    flight->asked = true;
    return turn;
}

void
flight_ask(struct flight *flight, const struct query *query, const struct database_value *values,
           size_t value_count, void (*then)(struct flight *, const struct rows *))
{
    flight->then = then;
    pool_query(flight->flights->pool, next_turn(flight), query,
               keep_values(flight, values, value_count), value_count, flight->arena, on_rows,
               flight);
}

void
flight_ask_together(struct flight *flight, const struct query *query,
                    const struct database_value *texts, size_t text_count,
                    void (*then)(struct flight *, const struct rows *))
{
    flight->then = then;
    pool_query_together(flight->flights->pool, next_turn(flight), query,
                        keep_values(flight, texts, text_count), text_count, flight->arena, on_rows,
                        flight);
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

void
flight_add_head(struct flight *flight, const char *lines)
{
    flight->head = arena_printf(flight->arena, "%s%s", flight->head, lines);
}

/* ----------------------------------------------------------------------------------- joining */

static struct flight *
start(struct flights *flights, const struct flight_plan *plan)
{
    struct arena *arena = arena_create(16 * 1024);
    struct flight *flight = arena_alloc_array(arena, 1, sizeof *flight);
    struct flight **place = &flights->buckets[plan->key->hash % FLIGHT_BUCKETS];

    flight->flights = flights;
    flight->arena = arena;
    flight->reading = plan->reading;
    flight->head = "";
    flight->policy = plan->policy;
    flight->content_type = plan->content_type;
    flight->key.text.data = arena_copy(arena, plan->key->text.data, plan->key->text.size);
    flight->key.text.size = plan->key->text.size;
    flight->key.hash = plan->key->hash;
    params_copy(plan->params, arena, &flight->params);
    flight->fallback = plan->fallback ? cache_hold(plan->fallback) : NULL;
    flight->tags.arena = arena;
    flight->reading->tag(&flight->params, &flight->tags);
    flight_name_keys(flight);
    flight->next = *place;
    *place = flight;
    flights->counts.started++;
    return flight;
}

static struct flight *
find(struct flights *flights, const struct cache_key *key)
{
    struct flight *flight = flights->buckets[key->hash % FLIGHT_BUCKETS];

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
        flight_look(flight);
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

struct freshness *
flight_freshness(struct flight *flight)
{
    return &flight->freshness;
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
    flights->landed_end = &flights->landed;
    flights->share = evtimer_new(base, on_share, flights);
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
    for (size_t i = 0; i < FLIGHT_BUCKETS; i++) {
        while (flights->buckets[i]) {
            struct flight *flight = flights->buckets[i];

            flights->buckets[i] = flight->next;
            destroy(flight);
        }
    }
    while (flights->landed)
        destroy(take_landed(flights));
    event_free(flights->share);
    free(flights);
}

const struct flights_counts *
flights_counts(const struct flights *flights)
{
    return &flights->counts;
}
