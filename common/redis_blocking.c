#include "common/redis_blocking.h"

#include "common/clock.h"
#include "common/redis_address.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_SIZE = 40 };

struct redis_blocking {
    struct arena *arena; /* of the address */
    struct redis_address address;
    const struct redis_script *const *scripts;
    size_t script_count;
    char digests[REDIS_SCRIPTS_MAX][DIGEST_SIZE + 1];

    redisContext *context; /* NULL = not connected */
    redisReply *reply;     /* the last one, while the caller reads it */
    int32_t strikes;
    int64_t skip_until_ms;
};

struct redis_blocking *
redis_blocking_create(const struct redis_settings *settings, struct error *err)
{
    struct redis_blocking *redis = calloc(1, sizeof *redis);

    if (!redis)
        abort();
    redis->scripts = settings->scripts;
    redis->script_count = settings->script_count;
    redis->arena = arena_create(512);
    if (!redis_address_parse(settings->url, redis->arena, &redis->address, err)) {
        redis_blocking_destroy(redis);
        return NULL;
    }
    return redis;
}

static void
forget_reply(struct redis_blocking *redis)
{
    if (redis->reply)
        freeReplyObject(redis->reply);
    redis->reply = NULL;
}

static void
disconnect(struct redis_blocking *redis)
{
    forget_reply(redis);
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
}

void
redis_blocking_destroy(struct redis_blocking *redis)
{
    if (!redis)
        return;
    disconnect(redis);
    arena_destroy(redis->arena);
    free(redis);
}

/* The stream is out of step after any doubt, so the connection is never used again. */
static bool
away(struct redis_blocking *redis, const char *why, struct error *err)
{
    error_set(err, ERROR_RETRY, "redis.away", "Redis is away: %s", why);
    disconnect(redis);
    if (++redis->strikes >= REDIS_BLOCKING_STRIKES)
        redis->skip_until_ms = clock_monotonic_ms() + REDIS_BLOCKING_SKIP_MS;
    return false;
}

static bool
refused(const redisReply *reply, struct error *err)
{
    return error_set(err, ERROR_RETRY, "redis.error", "Redis says: %.150s", reply->str);
}

/* ---- commands and replies within a deadline ---- */

static void
append(struct redis_blocking *redis, const struct bytes *arguments, size_t count)
{
    const char *argv[REDIS_ARGUMENTS_MAX];
    size_t sizes[REDIS_ARGUMENTS_MAX];

    for (size_t i = 0; i < count; i++) {
        argv[i] = arguments[i].data;
        sizes[i] = arguments[i].size;
    }
    if (redisAppendCommandArgv(redis->context, (int)count, argv, sizes) != REDIS_OK)
        abort(); /* no memory */
}

/* The write is bounded by the socket's own timeout. */
static bool
flush(struct redis_blocking *redis, struct error *err)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(redis->context, &done) != REDIS_OK)
            return away(redis, redis->context->errstr, err);
    return true;
}

/* One more reply, into redis->reply. The deadline holds for all of it, however it trickles. */
static bool
take(struct redis_blocking *redis, int64_t deadline_ms, struct error *err)
{
    redisContext *context = redis->context;
    void *reply = NULL;

    forget_reply(redis);
    for (;;) {
        struct pollfd fd = {.fd = context->fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - clock_monotonic_ms();

        if (redisReaderGetReply(context->reader, &reply) != REDIS_OK)
            return away(redis, context->reader->errstr, err);
        if (reply)
            break;
        if (left_ms <= 0)
            return away(redis, "no answer in time", err);
        if (poll(&fd, 1, (int)left_ms) > 0 && redisBufferRead(context) != REDIS_OK)
            return away(redis, context->errstr, err);
    }
    redis->reply = reply;
    return true;
}

/* ---- connecting ---- */

static bool
open_socket(struct redis_blocking *redis, struct error *err)
{
    const struct timeval limit = {0, REDIS_BLOCKING_CONNECT_MS * 1000};
    const struct timeval budget = {0, REDIS_BLOCKING_BUDGET_MS * 1000};

    redis->context = redisConnectWithTimeout(redis->address.host, redis->address.port, limit);
    if (!redis->context)
        abort(); /* no memory */
    if (redis->context->err || redisSetTimeout(redis->context, budget) != REDIS_OK)
        return away(redis, redis->context->errstr, err);
    return true;
}

/* Takes the reply to a step of the login; an error in it ends the connection. */
static bool
take_good(struct redis_blocking *redis, int64_t deadline_ms, struct error *err)
{
    if (!take(redis, deadline_ms, err))
        return false;
    if (redis->reply->type != REDIS_REPLY_ERROR)
        return true;
    away(redis, redis->reply->str, err);
    return false;
}

static bool
take_digest(struct redis_blocking *redis, size_t script, int64_t deadline_ms, struct error *err)
{
    if (!take_good(redis, deadline_ms, err))
        return false;
    if (redis->reply->type != REDIS_REPLY_STRING || redis->reply->len != DIGEST_SIZE)
        return away(redis, "no digest of a script", err);
    memcpy(redis->digests[script], redis->reply->str, DIGEST_SIZE + 1);
    return true;
}

static bool
log_in(struct redis_blocking *redis, int64_t deadline_ms, struct error *err)
{
    const char *password = redis->address.password, *database = redis->address.database;
    const struct bytes auth[] = {
        {"AUTH",   4                              },
        {password, password ? strlen(password) : 0}
    };
    const struct bytes select[] = {
        {"SELECT", 6               },
        {database, strlen(database)}
    };

    if (password)
        append(redis, auth, COUNT_OF(auth));
    append(redis, select, COUNT_OF(select));
    for (size_t i = 0; i < redis->script_count; i++) {
        const char *text = redis->scripts[i]->text;
        const struct bytes load[] = {
            {"SCRIPT", 6           },
            {"LOAD",   4           },
            {text,     strlen(text)}
        };

        append(redis, load, COUNT_OF(load));
    }
    if (!flush(redis, err) || (password && !take_good(redis, deadline_ms, err)) ||
        !take_good(redis, deadline_ms, err))
        return false;
    for (size_t i = 0; i < redis->script_count; i++)
        if (!take_digest(redis, i, deadline_ms, err))
            return false;
    return true;
}

/* Between two calls there is nothing to read, unless the other side has ended the connection. */
static bool
is_quiet(const struct redis_blocking *redis)
{
    struct pollfd fd = {.fd = redis->context->fd, .events = POLLIN};

    return poll(&fd, 1, 0) == 0;
}

static bool
make_ready(struct redis_blocking *redis, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    forget_reply(redis);
    if (redis->context && is_quiet(redis))
        return true;
    disconnect(redis);
    if (now_ms < redis->skip_until_ms)
        return error_set(err, ERROR_RETRY, "redis.away", "Redis was away a moment ago");
    return open_socket(redis, err) && log_in(redis, now_ms + REDIS_BLOCKING_CONNECT_MS, err);
}

/* ---- calls ---- */

static bool
ask(struct redis_blocking *redis, const struct bytes *arguments, size_t count, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + REDIS_BLOCKING_BUDGET_MS;

    append(redis, arguments, count);
    if (!flush(redis, err) || !take(redis, deadline_ms, err))
        return false;
    redis->strikes = 0;
    redis->skip_until_ms = 0;
    return true;
}

static bool
hand_out(struct redis_blocking *redis, const struct redis_reply **ret_reply, struct error *err)
{
    if (redis->reply->type == REDIS_REPLY_ERROR)
        return refused(redis->reply, err);
    *ret_reply = (const struct redis_reply *)(const void *)redis->reply;
    return true;
}

bool
redis_blocking_send(struct redis_blocking *redis, const struct bytes *arguments, size_t count,
                    const struct redis_reply **ret_reply, struct error *err)
{
    return make_ready(redis, err) && ask(redis, arguments, count, err) &&
           hand_out(redis, ret_reply, err);
}

bool
redis_blocking_run(struct redis_blocking *redis, size_t script, size_t key_count,
                   const struct bytes *arguments, size_t count,
                   const struct redis_reply **ret_reply, struct error *err)
{
    const char *text = redis->scripts[script]->text;
    struct bytes all[REDIS_ARGUMENTS_MAX];
    char keys[16];

    assert(count + 3 <= REDIS_ARGUMENTS_MAX);
    if (!make_ready(redis, err))
        return false;
    all[0] = (struct bytes){"EVALSHA", 7};
    all[1] = (struct bytes){redis->digests[script], DIGEST_SIZE};
    all[2] = (struct bytes){keys, (size_t)snprintf(keys, sizeof keys, "%zu", key_count)};
    memcpy(all + 3, arguments, count * sizeof *arguments);
    if (!ask(redis, all, count + 3, err))
        return false;
    if (redis->reply->type == REDIS_REPLY_ERROR && strncmp(redis->reply->str, "NOSCRIPT", 8) == 0) {
        all[0] = (struct bytes){"EVAL", 4}; /* which Redis remembers, too */
        all[1] = (struct bytes){text, strlen(text)};
        if (!ask(redis, all, count + 3, err))
            return false;
    }
    return hand_out(redis, ret_reply, err);
}
