#include "common/clock.h"
#include "common/redis_blocking.h"
#include "ingest/ctl/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION_LEAST = 7 };

/* The value of "name:value" in what INFO says; NULL if it is not there. */
static const char *
info_value(struct bytes info, const char *name, struct arena *arena)
{
    const char *text = arena_copy(arena, info.data, info.size);
    const char *line = arena_printf(arena, "\n%s:", name);
    const char *at = strstr(text, line);

    if (!at)
        return NULL;
    at += strlen(line);
    return arena_copy(arena, at, strcspn(at, "\r\n"));
}

static bool
send(struct redis_blocking *redis, const char *const *words, size_t count,
     const struct redis_reply **ret_reply, struct error *err)
{
    struct bytes arguments[3];

    for (size_t i = 0; i < count; i++)
        arguments[i] = (struct bytes){words[i], strlen(words[i])};
    return redis_blocking_send(redis, arguments, count, ret_reply, err);
}

static void
check_version(struct findings *findings, struct bytes info)
{
    const char *version = info_value(info, "redis_version", findings->call->arena);
    const char *role = info_value(info, "role", findings->call->arena);
    bool new_enough = version && strtol(version, NULL, 10) >= VERSION_LEAST;

    findings_add(findings, new_enough ? HEALTH_OK : HEALTH_FAIL, "redis",
                 new_enough ? NULL : "upgrade to Redis 7 or newer", "version %s",
                 version ? version : "unknown");
    if (role && strcmp(role, "master") != 0)
        findings_add(findings, HEALTH_FAIL, "redis role", "point REDIS_URL at the primary",
                     "this is a replica: it takes no writes");
}

/* It is a cache: the oldest may go, and what has no expiry may not. */
static void
check_memory(struct findings *findings, struct bytes info)
{
    const char *policy = info_value(info, "maxmemory_policy", findings->call->arena);
    const char *limit = info_value(info, "maxmemory", findings->call->arena);
    bool fits = policy && strcmp(policy, "volatile-lru") == 0;
    bool limited = limit && strcmp(limit, "0") != 0;

    findings_add(findings, fits && limited ? HEALTH_OK : HEALTH_WARN, "redis memory",
                 !limited ? "set maxmemory, and maxmemory-policy volatile-lru"
                 : fits   ? NULL
                          : "set maxmemory-policy volatile-lru",
                 "maxmemory %s, policy %s", limited ? limit : "without limit",
                 policy ? policy : "unknown");
}

static void
check_persistence(struct findings *findings, struct bytes info)
{
    const char *aof = info_value(info, "aof_enabled", findings->call->arena);

    if (aof && strcmp(aof, "1") == 0)
        findings_add(findings, HEALTH_WARN, "redis persistence",
                     "appendonly no: it holds copies only, and old ones are worth less than none",
                     "an append-only file is kept");
    else
        findings_add(findings, HEALTH_OK, "redis persistence", NULL, "no append-only file");
}

static void
check_redis_clock(struct findings *findings, struct redis_blocking *redis)
{
    int64_t asked_ms = clock_now_ms(), seconds = 0;
    const struct redis_reply *reply;
    struct bytes text;
    struct error err;

    if (!send(redis, (const char *[]){"TIME"}, 1, &reply, &err))
        return;
    if (redis_reply_string(redis_reply_element(reply, 0), &text))
        seconds = strtoll(text.data, NULL, 10);
    if (seconds > 0) /* whole seconds: half of one is no difference */
        doctor_check_clock(findings, "redis clock",
                           seconds * 1000 + 500 - (asked_ms + clock_now_ms()) / 2);
}

static bool
check_info(struct findings *findings, struct redis_blocking *redis, struct error *err)
{
    const struct redis_reply *reply;
    struct bytes text, info;

    if (!send(redis, (const char *[]){"INFO"}, 1, &reply, err))
        return false;
    if (!redis_reply_string(reply, &text))
        return error_set(err, ERROR_RETRY, "redis.error", "INFO gives no text");
    info = (struct bytes){arena_copy(findings->call->arena, text.data, text.size), text.size};
    check_version(findings, info);
    check_memory(findings, info);
    check_persistence(findings, info);
    return true;
}

void
doctor_check_redis(struct findings *findings)
{
    const struct redis_settings settings = {.url = findings->call->redis_url};
    struct redis_blocking *redis;
    struct error err;

    if (!*settings.url) {
        findings_add(findings, HEALTH_WARN, "redis",
                     "set REDIS_URL, also of the workers: without it each process keeps budgets by "
                     "itself",
                     "REDIS_URL is not set");
        return;
    }
    redis = redis_blocking_create(&settings, &err);
    if (!redis || !check_info(findings, redis, &err))
        findings_add(findings, HEALTH_FAIL, "redis", "start the server, or mend REDIS_URL", "%s",
                     err.message);
    else
        check_redis_clock(findings, redis);
    redis_blocking_destroy(redis);
}
