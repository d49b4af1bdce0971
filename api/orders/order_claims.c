#include "api/orders/order_claims.h"

#include "api/orders/orders.h"
#include "common/redis_blocking.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_TAKE, SCRIPT_GIVE_BACK };

static const struct redis_script take_script = {
    "order_take",
    /* KEYS: names. ARGV: job id, ms of each name. The job that each belonged to, "" = nobody. */
    "local had = {}\n"
    "for i = 1, #KEYS do\n"
    "  had[i] = redis.call('SET', KEYS[i], ARGV[1], 'NX', 'GET', 'PX', ARGV[i + 1]) or ''\n"
    "end\n"
    "return had\n",
};

static const struct redis_script give_back_script = {
    "order_give_back",
    /* KEYS: names. ARGV: job id. */
    "for i = 1, #KEYS do\n"
    "  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end\n"
    "end\n"
    "return #KEYS\n",
};

struct order_claims {
    struct redis_blocking *redis;
    struct redis_settings settings;
    const struct redis_script *scripts[2];
    const char *name_space;
};

struct order_claims *
order_claims_create(const char *redis_url, const char *name_space, struct error *err)
{
    struct order_claims *claims = calloc(1, sizeof *claims);

    if (!claims)
        abort();
    claims->scripts[SCRIPT_TAKE] = &take_script;
    claims->scripts[SCRIPT_GIVE_BACK] = &give_back_script;
    claims->settings = (struct redis_settings){redis_url, claims->scripts, 2};
    claims->name_space = name_space;
    claims->redis = redis_blocking_create(&claims->settings, err);
    if (claims->redis)
        return claims;
    free(claims);
    return NULL;
}

void
order_claims_destroy(struct order_claims *claims)
{
    if (!claims)
        return;
    redis_blocking_destroy(claims->redis);
    free(claims);
}

static struct bytes
key_of(const struct order_claims *claims, const char *kind, const char *name, struct arena *arena)
{
    const char *key = arena_printf(arena, "%s.%s:%s", claims->name_space, kind, name);

    return (struct bytes){key, strlen(key)};
}

static struct bytes
number_of(int64_t number, struct arena *arena)
{
    const char *text = arena_printf(arena, "%" PRId64, number);

    return (struct bytes){text, strlen(text)};
}

void
order_claims_take(struct order_claims *claims, struct order_job *job, struct arena *arena,
                  const char ***ret_others)
{
    struct bytes *arguments = arena_alloc_array(arena, 2 * job->count + 1, sizeof *arguments);
    const char **others = arena_alloc_array(arena, job->count, sizeof *others);
    const struct redis_reply *reply, *element;
    struct bytes had;
    struct error err;

    *ret_others = others;
    for (size_t i = 0; i < job->count; i++) {
        arguments[i] = key_of(claims, "order", job->lines[i].name, arena);
        arguments[job->count + 1 + i] = number_of(job->lines[i].claim_ms, arena);
    }
    arguments[job->count] = (struct bytes){job->job_id, strlen(job->job_id)};
    if (!redis_blocking_run(claims->redis, SCRIPT_TAKE, job->count, arguments, 2 * job->count + 1,
                            &reply, &err))
        return;
    for (size_t i = 0; i < job->count; i++) {
        element = redis_reply_element(reply, i);
        if (!element || !redis_reply_string(element, &had) || had.size == 0)
            continue;
        others[i] = arena_copy(arena, had.data, had.size);
        job->lines[i].dropped = true;
    }
}

void
order_claims_release(struct order_claims *claims, const char *job_id, const char *const *names,
                     size_t count, struct arena *arena)
{
    struct bytes *arguments = arena_alloc_array(arena, count + 1, sizeof *arguments);
    const struct redis_reply *reply;
    struct error err;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        arguments[i] = key_of(claims, "order", names[i], arena);
    arguments[count] = (struct bytes){job_id, strlen(job_id)};
    if (!redis_blocking_run(claims->redis, SCRIPT_GIVE_BACK, count, arguments, count + 1, &reply,
                            &err))
        return; /* they run out by themselves */
}

void
order_claims_record(struct order_claims *claims, const struct order_job *job, int64_t now_ms,
                    int64_t useful_until_ms, struct arena *arena)
{
    const char *value = arena_printf(arena, "%" PRId64 " %" PRId64, now_ms, useful_until_ms);
    const struct bytes command[] = {
        {"SET", 3            },
        key_of(claims, "job", job->job_id, arena), {value, strlen(value)},
        {"EX",  2            },
        number_of(ORDERS_KNOWN_S, arena),
    };
    const struct redis_reply *reply;
    struct error err;

    if (!redis_blocking_send(claims->redis, command, COUNT_OF(command), &reply, &err))
        return; /* then it is known by its run only */
}
