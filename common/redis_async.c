#include "common/clock.h"
#include "common/log.h"
#include "common/redis.h"
#include "common/redis_address.h"

#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One command on its way. Answers come in the order of the commands, so these are a queue. */
struct pending {
    struct pending *next;
    struct redis *redis;
    redis_done *done; /* NULL once it was told, or if nobody asked */
    void *context;
    int64_t deadline_ms;
    size_t script; /* which one this loads or runs; NO_SCRIPT */
};

enum { NO_SCRIPT = REDIS_SCRIPTS_MAX, DIGEST_SIZE = 40 };
enum { BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 1000 };

struct redis {
    struct event_base *base;
    struct arena *arena; /* of the address */
    struct redis_address address;
    const struct redis_script *const *scripts;
    size_t script_count;
    char digests[REDIS_SCRIPTS_MAX][DIGEST_SIZE + 1];

    redisAsyncContext *context; /* NULL = not connected */
    struct event *timer;        /* the next deadline, probe or attempt to connect */
    struct pending *first, *last;
    size_t outstanding;
    int32_t strikes;
    int64_t backoff_ms;
    int64_t connect_at_ms;  /* while not connected: the next attempt */
    int64_t give_up_at_ms;  /* while connecting */
    int64_t skip_until_ms;  /* 0 = not skipping */
    int64_t progress_at_ms; /* the last answer, or the first command after a pause */
    int64_t armed_for_ms;   /* when the timer fires */
    bool connected, ready;  /* ready: connected, logged in, scripts loaded */
    bool destroyed;
    uint64_t random;
    struct redis_counts counts;
};

static void schedule(struct redis *redis);
static void on_timer(evutil_socket_t fd, short events, void *context);

/* ------------------------------------------------------------------------------ the commands */

static void
tell(struct pending *pending, const struct redis_reply *reply)
{
    redis_done *done = pending->done;

    pending->done = NULL;
    if (done)
        done(pending->context, reply);
}

/* A script that Redis has forgotten (restart, SCRIPT FLUSH) is loaded again for the next run. */
static void load_script(struct redis *redis, size_t script);

static void
note_answer(struct redis *redis, const struct pending *pending, const redisReply *reply)
{
    redis->strikes = 0;
    redis->skip_until_ms = 0;
    redis->progress_at_ms = clock_monotonic_ms();
    if (pending->script < NO_SCRIPT && reply->type == REDIS_REPLY_ERROR &&
        strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        redis->digests[pending->script][0] = '\0';
        load_script(redis, pending->script);
    }
}

static void
on_answer(redisAsyncContext *context, void *answer, void *privdata)
{
    struct pending *pending = privdata;
    struct redis *redis = pending->redis;
    const redisReply *reply = answer;

    redis->first = pending->next;
    if (!redis->first)
        redis->last = NULL;
    redis->outstanding--;
    if (reply && !redis->destroyed)
        note_answer(redis, pending, reply);
    tell(pending, (const struct redis_reply *)reply);
    free(pending);
}

static bool
put(struct redis *redis, const struct bytes *arguments, size_t count, size_t script,
    redis_done *done, void *context)
{
    const char *argv[REDIS_ARGUMENTS_MAX];
    size_t sizes[REDIS_ARGUMENTS_MAX];
    struct pending *pending;

    if (count > REDIS_ARGUMENTS_MAX || redis->outstanding >= REDIS_OUTSTANDING_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        argv[i] = arguments[i].data;
        sizes[i] = arguments[i].size;
    }
    pending = malloc(sizeof *pending);
    if (!pending)
        abort();
    *pending = (struct pending){.redis = redis, .done = done, .context = context, .script = script};
    pending->deadline_ms = clock_monotonic_ms() + REDIS_BUDGET_MS;
    if (redisAsyncCommandArgv(redis->context, on_answer, pending, (int)count, argv, sizes) !=
        REDIS_OK) {
        free(pending);
        return false;
    }
    if (!redis->first)
        redis->progress_at_ms = clock_monotonic_ms();
    *(redis->last ? &redis->last->next : &redis->first) = pending;
    redis->last = pending;
    redis->outstanding++;
    redis->counts.commands++;
    if (pending->deadline_ms < redis->armed_for_ms)
        schedule(redis);
    return true;
}

bool
redis_usable(const struct redis *redis)
{
    return redis->ready && redis->skip_until_ms == 0;
}

bool
redis_send(struct redis *redis, const struct bytes *arguments, size_t count, redis_done *done,
           void *context)
{
    if (redis_usable(redis) && put(redis, arguments, count, NO_SCRIPT, done, context))
        return true;
    redis->counts.refused++;
    return false;
}

bool
redis_run(struct redis *redis, size_t script, size_t key_count, const struct bytes *arguments,
          size_t count, redis_done *done, void *context)
{
    struct bytes all[REDIS_ARGUMENTS_MAX];
    char keys[16];
    const char *digest = redis->digests[script];
    bool loaded = *digest != '\0';

    if (redis_usable(redis) && count + 3 <= REDIS_ARGUMENTS_MAX) {
        all[0] = loaded ? (struct bytes){"EVALSHA", 7} : (struct bytes){"EVAL", 4};
        all[1] = loaded ? (struct bytes){digest, DIGEST_SIZE}
                        : (struct bytes){redis->scripts[script]->text,
                                         strlen(redis->scripts[script]->text)};
        all[2] = (struct bytes){keys, (size_t)snprintf(keys, sizeof keys, "%zu", key_count)};
        memcpy(all + 3, arguments, count * sizeof *arguments);
        if (put(redis, all, count + 3, script, done, context))
            return true;
    }
    redis->counts.refused++;
    return false;
}

/* ---------------------------------------------------------------------------- the connection */

static int64_t
jittered(struct redis *redis, int64_t most)
{
    redis->random = redis->random * 6364136223846793005u + 1442695040888963407u;
    return most / 4 + (int64_t)((redis->random >> 33) % (uint64_t)(most / 4 * 3 + 1));
}

/* The context is gone or about to go: hiredis frees it. */
static void
forget_connection(struct redis *redis, const char *why)
{
    if (redis->ready)
        log_event(LOG_WARN, "redis.away", LOG_STR("why", why));
    redis->context = NULL;
    redis->connected = redis->ready = false;
    redis->skip_until_ms = 0;
    redis->strikes = 0;
    redis->backoff_ms = redis->backoff_ms ? redis->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (redis->backoff_ms > BACKOFF_MAX_MS)
        redis->backoff_ms = BACKOFF_MAX_MS;
    redis->connect_at_ms = clock_monotonic_ms() + jittered(redis, redis->backoff_ms);
}

static void
cut(struct redis *redis, const char *why)
{
    redisAsyncContext *context = redis->context;

    if (!context)
        return;
    forget_connection(redis, why);
    redisAsyncFree(context); /* calls on_answer with NULL for everything on its way */
}

struct loading {
    struct redis *redis;
    size_t script;
};

static void
on_loaded(void *context, const struct redis_reply *reply)
{
    struct loading *loading = context;
    struct bytes digest;

    if (reply && redis_reply_string(reply, &digest) && digest.size == DIGEST_SIZE) {
        memcpy(loading->redis->digests[loading->script], digest.data, DIGEST_SIZE);
        loading->redis->digests[loading->script][DIGEST_SIZE] = '\0';
    }
    free(loading);
}

static void
load_script(struct redis *redis, size_t script)
{
    const char *text = redis->scripts[script]->text;
    const struct bytes command[] = {
        {"SCRIPT", 6           },
        {"LOAD",   4           },
        {text,     strlen(text)}
    };
    struct loading *loading = malloc(sizeof *loading);

    if (!loading)
        abort();
    *loading = (struct loading){redis, script};
    if (!put(redis, command, COUNT_OF(command), NO_SCRIPT, on_loaded, loading))
        free(loading);
}

static void
on_login(void *context, const struct redis_reply *reply)
{
    struct redis *redis = context;

    if (redis->destroyed)
        return;
    if (!reply || redis_reply_is_error(reply)) {
        if (reply)
            log_event(LOG_WARN, "redis.refused",
                      LOG_STR("why", ((const redisReply *)(const void *)reply)->str));
        return; /* the timer cuts a connection that does not get ready */
    }
    redis->ready = true;
    redis->backoff_ms = 0;
    redis->give_up_at_ms = 0;
    log_event(LOG_INFO, "redis.connected");
}

static void
log_in(struct redis *redis)
{
    struct bytes auth[] = {
        {"AUTH",                  4},
        {redis->address.password, 0}
    };
    struct bytes select[] = {
        {"SELECT",                6                              },
        {redis->address.database, strlen(redis->address.database)}
    };

    memset(redis->digests, 0, sizeof redis->digests);
    if (redis->address.password) {
        auth[1].size = strlen(redis->address.password);
        if (!put(redis, auth, COUNT_OF(auth), NO_SCRIPT, NULL, NULL))
            return;
    }
    for (size_t i = 0; i < redis->script_count; i++)
        load_script(redis, i);
    if (!put(redis, select, COUNT_OF(select), NO_SCRIPT, on_login, redis))
        log_event(LOG_WARN, "redis.refused", LOG_STR("why", "cannot log in"));
}

static void
on_connect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;

    if (redis->context != context)
        return;
    if (status != REDIS_OK) {
        forget_connection(redis, context->errstr);
    } else {
        redis->connected = true;
        redis->counts.connects++;
        log_in(redis);
    }
    schedule(redis);
}

static void
on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;

    if (redis->context != context)
        return; /* cut by us */
    forget_connection(redis, status == REDIS_OK ? "closed" : context->errstr);
    schedule(redis);
}

static void
start_connecting(struct redis *redis)
{
    redisAsyncContext *context = redisAsyncConnect(redis->address.host, redis->address.port);

    redis->context = context;
    if (!context || context->err) {
        forget_connection(redis, context ? context->errstr : "out of memory");
        if (context)
            redisAsyncFree(context);
        return;
    }
    context->data = redis;
    redis->give_up_at_ms = clock_monotonic_ms() + REDIS_CONNECT_MS;
    redisLibeventAttach(context, redis->base);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
}

/* --------------------------------------------------------------------------------- the timer */

static void
expire_pending(struct redis *redis, int64_t now_ms)
{
    struct pending *pending = redis->first;

    /* Telling may send, and so lengthen the queue, but nothing in it goes away meanwhile. */
    for (; pending && pending->deadline_ms <= now_ms; pending = pending->next) {
        if (!pending->done)
            continue;
        redis->counts.timeouts++;
        redis->strikes++;
        tell(pending, NULL);
    }
    if (redis->ready && redis->skip_until_ms == 0 && redis->strikes >= REDIS_STRIKES) {
        log_event(LOG_WARN, "redis.slow", LOG_INT("skipped_ms", REDIS_SKIP_MS));
        redis->skip_until_ms = now_ms + REDIS_SKIP_MS;
    }
}

static void
ping(struct redis *redis)
{
    static const struct bytes command[] = {
        {"PING", 4}
    };

    if (!put(redis, command, COUNT_OF(command), NO_SCRIPT, NULL, NULL))
        cut(redis, "a probe could not be sent");
}

static void
probe(struct redis *redis, int64_t now_ms)
{
    redis->skip_until_ms = now_ms + REDIS_SKIP_MS;
    ping(redis);
}

static void
on_timer(evutil_socket_t fd, short events, void *context)
{
    struct redis *redis = context;
    int64_t now_ms = clock_monotonic_ms();

    expire_pending(redis, now_ms);
    if (!redis->context) {
        if (now_ms >= redis->connect_at_ms)
            start_connecting(redis);
    } else if (!redis->ready) {
        if (now_ms >= redis->give_up_at_ms)
            cut(redis, "no connection in time");
    } else if (redis->first && now_ms - redis->progress_at_ms >= REDIS_CONNECT_MS) {
        cut(redis, "no answer");
    } else if (redis->skip_until_ms && now_ms >= redis->skip_until_ms) {
        probe(redis, now_ms);
    } else if (!redis->first && now_ms - redis->progress_at_ms >= REDIS_IDLE_MS) {
        ping(redis);
    }
    schedule(redis);
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Sets the timer to whatever comes next. */
static void
schedule(struct redis *redis)
{
    int64_t now_ms = clock_monotonic_ms(), next_ms = now_ms + 60000;
    struct timeval wait;

    if (redis->destroyed)
        return;
    if (!redis->context)
        next_ms = redis->connect_at_ms;
    else if (!redis->ready)
        next_ms = redis->give_up_at_ms;
    if (redis->first) {
        const struct pending *pending = redis->first;

        while (pending && !pending->done)
            pending = pending->next;
        if (pending)
            next_ms = earlier(next_ms, pending->deadline_ms);
        if (redis->ready)
            next_ms = earlier(next_ms, redis->progress_at_ms + REDIS_CONNECT_MS);
    } else if (redis->ready)
        next_ms = earlier(next_ms, redis->progress_at_ms + REDIS_IDLE_MS);
    if (redis->skip_until_ms)
        next_ms = earlier(next_ms, redis->skip_until_ms);
    redis->armed_for_ms = next_ms;
    next_ms = next_ms > now_ms ? next_ms - now_ms : 1;
    wait = (struct timeval){next_ms / 1000, next_ms % 1000 * 1000};
    event_add(redis->timer, &wait);
}

struct redis *
redis_create(struct event_base *base, const struct redis_settings *settings, struct error *err)
{
    struct redis *redis = calloc(1, sizeof *redis);

    if (!redis)
        abort();
    redis->base = base;
    redis->scripts = settings->scripts;
    redis->script_count = settings->script_count;
    redis->random = (uint64_t)clock_monotonic_us() ^ (uintptr_t)redis;
    redis->arena = arena_create(512);
    if (!redis_address_parse(settings->url, redis->arena, &redis->address, err)) {
        redis_destroy(redis);
        return NULL;
    }
    redis->timer = evtimer_new(base, on_timer, redis);
    schedule(redis);
    return redis;
}

void
redis_destroy(struct redis *redis)
{
    if (!redis)
        return;
    redis->destroyed = true;
    redis->ready = false;
    cut(redis, "stopping");
    if (redis->timer)
        event_free(redis->timer);
    arena_destroy(redis->arena);
    free(redis);
}

const struct redis_counts *
redis_counts(const struct redis *redis)
{
    return &redis->counts;
}
