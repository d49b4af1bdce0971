#include "api/request.h"

#include "api/answer/negotiate.h"
#include "api/answer/outflow.h"
#include "api/answer/respond.h"
#include "api/lookup.h"
#include "api/orders/errand.h"
#include "api/redact.h"
#include "api/request_check.h"
#include "api/routes.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/log.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

/* ----------------------------------------------------------------------------------- waiting */

static void
on_deadline(evutil_socket_t fd, short events, void *context)
{
    struct request *request = context;

    problem_set(&request->problem, 504, "deadline", "The answer took too long",
                "nothing came in %d seconds; try again", REQUEST_DEADLINE_MS / 1000);
    request->problem.retry_after_s = 1;
    request_enter(request, REQUEST_REPLY);
}

/* One deadline for all of a request's waiting; who never waits never sets it. */
static void
wait_under_deadline(struct request *request)
{
    int64_t left_us = REQUEST_DEADLINE_MS * 1000 - (clock_monotonic_us() - request->started_us);
    struct timeval wait = {0, 1};

    if (left_us > 0)
        wait = (struct timeval){left_us / 1000000, left_us % 1000000};
    evtimer_assign(&request->deadline, request->thread->base, on_deadline, request);
    evtimer_add(&request->deadline, &wait);
    request->has_deadline = true;
}

/*
 * Another request may push the shortcut out while this one waits: what it needs later becomes its
 * own. One that does not wait is spared the copy.
 */
static void
own_meaning(struct request *request)
{
    struct arena *arena = request->http->arena;
    struct bytes *key = &request->key.text;

    params_copy(&request->params, arena, &request->params);
    key->data = arena_copy(arena, key->data, key->size);
}

/* ---------------------------------------------------------------------------------- limiting */

struct address
request_client(const struct request *request)
{
    const struct trusted_proxies *proxies = request->thread->proxies;
    /* Room for all: the last one counts, and what comes before it is up to the client. */
    struct bytes forwarded[HTTP_HEADERS_MAX], name, value;
    struct address peer;
    size_t count = 0;

    memcpy(peer.bytes, request->http->peer->address, sizeof peer.bytes);
    if (!trusted_proxies_contain(proxies, &peer))
        return peer;
    for (size_t i = 0; http_request_header_at(request->http, i, &name, &value); i++) {
        static const char wanted[] = "X-Forwarded-For";

        if (name.size == sizeof wanted - 1 && strncasecmp(name.data, wanted, name.size) == 0)
            forwarded[count++] = value;
    }
    return client_address_find(proxies, &peer, forwarded, count);
}

static void
limit_verdict(struct request *request, enum limit_verdict verdict)
{
    if (verdict == LIMIT_GRANTED) {
        request_enter(request, REQUEST_ACCESS);
        return;
    }
    problem_set(&request->problem, 429, "limit.reached", "Too many requests",
                "this address may make %lld requests a minute",
                (long long)request->thread->settings->rate_limit_per_minute);
    request->problem.retry_after_s = request->limited.retry_after_s;
    request_enter(request, REQUEST_REPLY);
}

static void
on_limit(struct limit_waiter *waiter, enum limit_verdict verdict, const struct limit_state *state)
{
    struct request *request =
        (struct request *)(void *)((char *)waiter - offsetof(struct request, limit));

    request->limited = *state;
    limit_verdict(request, verdict);
}

/* Who may make fewer requests at once than one costs pays all of them for it. */
static int32_t
cost_of(const struct request *request)
{
    const struct api_settings *settings = request->thread->settings;
    int64_t burst =
        settings->rate_limit_burst ? settings->rate_limit_burst : settings->rate_limit_per_minute;

    return request->route->cost < burst ? request->route->cost : (int32_t)burst;
}

static void
limit_start(struct request *request)
{
    struct address client, bucket;
    enum limit_verdict verdict;

    if (request->route->cost == 0) {
        request_enter(request, REQUEST_ACCESS);
        return;
    }
    client = request_client(request);
    bucket = client_address_bucket(&client);
    request->is_limited = true;
    request->limit.cost = cost_of(request);
    request->limit.done = on_limit;
    verdict = limiter_take(request->thread->limiter, &bucket, request->started_us / 1000,
                           &request->limit, &request->limited);
    if (verdict == LIMIT_WAITING)
        request_wait(request);
    else
        limit_verdict(request, verdict);
}

/* ------------------------------------------------------------------------------------ access */

static void
access_start(struct request *request)
{
    struct access_headers headers = {
        {NULL, 0},
        {NULL, 0}
    };
    const char *admin_key = request->thread->settings->admin_api_key;
    enum route_access wanted = access_wanted(
        request->route->access, strcmp(request->thread->settings->orders_access, "admin") == 0);

    if (wanted != ACCESS_ANYONE) {
        http_request_header(request->http, "X-API-Key", &headers.api_key);
        http_request_header(request->http, "Authorization", &headers.authorization);
    }
    switch (access_check(wanted, admin_key, &headers)) {
    case ACCESS_GRANTED:
        request_enter(request, REQUEST_CACHE);
        return;
    case ACCESS_NO_KEY:
        problem_set(&request->problem, 401, "access.no_key", "This path wants a key", "%s",
                    *admin_key ? "send the administrator's as X-API-Key or Authorization: Bearer"
                               : "and none is set here: see ADMIN_API_KEY");
        break;
    case ACCESS_WRONG_KEY:
        problem_set(&request->problem, 403, "access.wrong_key", "This key may not do this", "%s",
                    *admin_key ? "it is not the administrator's"
                               : "there is no administrator's here: see ADMIN_API_KEY");
        break;
    }
    request_enter(request, REQUEST_REPLY);
}

/* ---------------------------------------------------------------------------------- fetching */

static bool
join_flight(struct request *request, struct flight_waiter *waiter, struct cache_entry *fallback)
{
    const struct flight_plan plan = {
        request->route->reading, &request->route->cache, request->manner->content_type,
        &request->params,        &request->key,          fallback};

    return flights_join(request->thread->flights, &plan, waiter);
}

static void
serve(struct request *request, struct cache_entry *entry, bool stale, int64_t now_ms,
      const char *from)
{
    request->entry = cache_hold(entry);
    request->served_at_ms = now_ms;
    request->stale = stale;
    request->served_from = from;
    request_enter(request, REQUEST_REPLY);
}

static void
cache_start(struct request *request)
{
    struct thread *thread = request->thread;
    struct cache_entry *entry = NULL;
    int64_t now_ms;

    if (request->route->answer) {
        request->served_from = "memory";
        request->route->answer(request);
        return;
    }
    if (request->route->reading->streams && request->route->reading->streams(&request->params)) {
        request->served_from = "stream";
        request->route->reading->stream(request);
        return;
    }
    now_ms = clock_now_ms();
    switch (cache_find(thread->cache, &request->key, now_ms, &entry)) {
    case CACHE_FRESH:
        metrics_add(thread->metrics, METRIC_L1_FRESH, 1);
        serve(request, entry, false, now_ms, "l1");
        return;
    case CACHE_STALE:
        metrics_add(thread->metrics, METRIC_L1_STALE, 1);
        cache_hold(entry);
        if (now_ms >= entry->retry_at_ms && !join_flight(request, NULL, entry))
            entry->retry_at_ms = now_ms;
        serve(request, entry, true, now_ms, "l1");
        cache_release(entry);
        return;
    case CACHE_OUTDATED:
        metrics_add(thread->metrics, METRIC_L1_OUTDATED, 1);
        if (now_ms < entry->retry_at_ms) {
            serve(request, entry, true, now_ms, "l1");
            return;
        }
        request->entry = cache_hold(entry); /* what the flight falls back to */
        break;
    case CACHE_MISS:
        metrics_add(thread->metrics, METRIC_L1_MISS, 1);
        break;
    }
    request_enter(request, REQUEST_FETCH);
}

static void
on_landed(struct flight_waiter *waiter, struct cache_entry *entry, bool stale,
          const struct problem *problem)
{
    struct request *request =
        (struct request *)(void *)((char *)waiter - offsetof(struct request, flight));

    cache_release(request->entry);
    request->entry = NULL;
    if (entry) {
        serve(request, entry, stale, clock_now_ms(), "flight");
    } else {
        request->problem = *problem;
        request_enter(request, REQUEST_REPLY);
    }
}

static void
fetch_start(struct request *request)
{
    request->flight.done = on_landed;
    request_wait(request);
    if (join_flight(request, &request->flight, request->entry))
        return; /* the request may be answered, and gone, already */
    cache_release(request->entry);
    request->entry = NULL;
    problem_set(&request->problem, 503, "overloaded", "Too many requests wait for the same answer",
                "try again");
    request->problem.retry_after_s = 1;
    request_enter(request, REQUEST_REPLY);
}

/* ----------------------------------------------------------------------------------- the end */

static void
leave_all(struct request *request)
{
    if (request->has_deadline)
        evtimer_del(&request->deadline);
    request->has_deadline = false;
    limiter_forget(&request->limit);
    flight_leave(&request->flight);
    lookup_leave(request->lookup);
    request->lookup = NULL;
    outflow_leave(request->outflow);
    request->outflow = NULL;
    errand_leave(request->errand);
    request->errand = NULL;
}

static void
account(const struct request *request, int32_t status, uint64_t bytes)
{
    int64_t duration_us = clock_monotonic_us() - request->started_us;
    const struct http_request *http = request->http;
    char target[256], client_text[HTTP_PEER_TEXT_SIZE];
    struct http_peer client = {.port = 0};
    struct address address;

    metrics_count_request(request->thread->metrics, request->route, http->method, status,
                          duration_us);
    if (!request->thread->logs_requests)
        return;
    redact_target(http->raw_target, target, sizeof target);
    address = request_client(request);
    memcpy(client.address, address.bytes, sizeof client.address);
    log_event(LOG_INFO, "http.request", LOG_STR("request_id", request->id),
              LOG_STR("method", http_method_name(http->method)), LOG_STR("target", target),
              LOG_INT("status", status), LOG_SECONDS("duration_seconds", duration_us),
              LOG_INT("bytes", (int64_t)bytes),
              LOG_STR("from", request->served_from ? request->served_from : "none"),
              LOG_STR("client", http_peer_text(&client, client_text)));
}

static void
reply_start(struct request *request)
{
    struct http_request *http = request->http;
    struct cache_entry *entry;
    struct http_body *body;
    struct respond_lines lines;
    struct http_answer answer;

    leave_all(request);
    if (request->problem.status != 0) {
        cache_release(request->entry); /* what a deadline left behind */
        request->entry = NULL;
    }
    respond_prepare(request, &lines, &answer);
    account(request, answer.status, answer.body ? answer.body->size : answer.content.size);
    entry = request->entry;
    body = request->body;
    request->state = REQUEST_DONE;
    http_answer(http, &answer); /* the request is gone */
    cache_release(entry);
    http_body_release(body);
}

/* What sends the pieces has no deadline: a reader that takes nothing is cut off by the layer. */
static void
stream_start(struct request *request)
{
    struct respond_lines lines;
    struct http_answer answer;

    if (request->has_deadline)
        evtimer_del(&request->deadline);
    request->has_deadline = false;
    respond_prepare(request, &lines, &answer);
    http_stream_start(request->http, &answer);
}

void
request_end_stream(struct request *request, uint64_t bytes)
{
    account(request, request->status, bytes);
    request->state = REQUEST_DONE;
    leave_all(request);
    http_stream_end(request->http);
}

static void
done_start(struct request *request)
{
    leave_all(request);
    cache_release(request->entry);
    request->entry = NULL;
    http_body_release(request->body);
    request->body = NULL;
}

static void (*const enter[REQUEST_STATES])(struct request *) = {
    [REQUEST_CHECK] = request_check, [REQUEST_LIMIT] = limit_start, [REQUEST_CACHE] = cache_start,
    [REQUEST_ACCESS] = access_start, [REQUEST_FETCH] = fetch_start, [REQUEST_REPLY] = reply_start,
    [REQUEST_STREAM] = stream_start, [REQUEST_DONE] = done_start,
};

void
request_enter(struct request *request, enum request_state next)
{
    request->state = next;
    enter[next](request);
}

void
request_answer(struct request *request, int32_t status, const char *content_type,
               struct bytes content)
{
    request->status = status;
    request->content_type = content_type;
    request->content = content;
    request_enter(request, REQUEST_REPLY);
}

void
request_refuse(struct request *request, const struct problem *problem)
{
    request->problem = *problem;
    request_enter(request, REQUEST_REPLY);
}

void
request_wait(struct request *request)
{
    if (request->has_deadline)
        return; /* it waited before */
    own_meaning(request);
    wait_under_deadline(request);
}

static void
on_cancelled(struct http_request *http)
{
    request_enter(http->context, REQUEST_DONE);
}

void
request_begin(struct thread *thread, struct http_request *http)
{
    struct request *request = arena_alloc(http->arena, sizeof *request);
    struct bytes id;

    request->http = http;
    request->thread = thread;
    request->manner = dialect_manner(dialect_of(http->target.path));
    request->route = NULL;
    request->key.text = (struct bytes){"", 0};
    request->started_us = clock_monotonic_us();
    request->limit.client = NULL;
    request->is_limited = false;
    request->flight.flight = NULL;
    request->entry = NULL;
    request->stale = false;
    request->served_from = NULL;
    request->head = NULL;
    request->cache_control = NULL;
    request->is_tagged = false;
    request->body = NULL;
    request->lookup = NULL;
    request->outflow = NULL;
    request->errand = NULL;
    request->problem.status = 0;
    request->has_deadline = false;
    if (http_request_header(http, "X-Request-Id", &id) && negotiate_takes_request_id(id)) {
        memcpy(request->id, id.data, id.size);
        request->id[id.size] = '\0';
    } else {
        thread_make_request_id(thread, request->id);
    }
    http->context = request;
    http->cancelled = on_cancelled;
    request_enter(request, REQUEST_CHECK);
}
