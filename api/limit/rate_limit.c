#include "api/limit/rate_limit.h"

#include "api/cache/hash.h"
#include "common/clock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 4096,
    CLIENTS_MAX = 32768,   /* remembered at once; above it the one idle for longest is forgotten */
    IDLE_MS = 1000,        /* then unspent tokens are given back */
    TIDY_MS = 250,         /* how often that is looked after */
    REFUSAL_MAX_MS = 1000, /* a refusal is repeated from memory for at most so long */
};

/* A negative number asked for gives tokens back. */
const struct redis_script limiter_script = {
    "limiter",
    "local burst, per_ms, asked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
    "local held = redis.call('HMGET', KEYS[1], 'n', 't')\n"
    "local n, at = tonumber(held[1]) or burst, tonumber(held[2]) or now\n"
    "if now > at then n = math.min(burst, n + (now - at) * per_ms) else now = at end\n"
    "local granted = math.min(asked, math.floor(n))\n"
    "n = math.min(burst, n - granted)\n"
    "redis.call('HSET', KEYS[1], 'n', tostring(n), 't', string.format('%.0f', now))\n"
    "redis.call('PEXPIRE', KEYS[1], math.ceil(burst / per_ms) + 1000)\n"
    "local wait = 0\n"
    "if n < 1 then wait = math.ceil((1 - n) / per_ms) end\n"
    "return {granted, math.floor(n), wait}\n",
};

struct limit_client {
    struct limit_client *next;          /* of the same hash */
    struct limit_client *newer, *older; /* by last use */
    struct limiter *limiter;
    struct address address;
    int64_t used_at_ms;
    int64_t refused_until_ms; /* no need to ask again before */
    int64_t token_at_ms;      /* when the bucket said that there will be a token */
    int32_t tokens;           /* leased and not spent */
    int32_t remaining;        /* in the shared bucket, when it was last asked */
    int32_t lease;            /* size of the last one; 0 = it was idle */
    int32_t asked;            /* on its way; 0 = nothing */
    struct limit_waiter *first, *last;
};

struct limiter {
    struct event_base *base;
    struct limiter_settings settings;
    struct redis *redis;
    struct rate_bank *bank;
    struct event *tidy;
    struct limit_client *buckets[BUCKETS];
    struct limit_client *newest, *oldest;
    uint64_t seed;
    struct limiter_counts counts;
    char burst[32], per_ms[32];
};

/* ----------------------------------------------------------------------------------- clients */

static void
unlink_use(struct limiter *limiter, struct limit_client *client)
{
    *(client->newer ? &client->newer->older : &limiter->newest) = client->older;
    *(client->older ? &client->older->newer : &limiter->oldest) = client->newer;
}

static void
link_newest(struct limiter *limiter, struct limit_client *client)
{
    client->newer = NULL;
    client->older = limiter->newest;
    *(limiter->newest ? &limiter->newest->newer : &limiter->oldest) = client;
    limiter->newest = client;
}

static struct limit_client **
place_of(struct limiter *limiter, const struct address *address)
{
    uint64_t hash = hash_bytes(address->bytes, sizeof address->bytes, limiter->seed);
    struct limit_client **place = &limiter->buckets[hash % BUCKETS];

    while (*place && memcmp(&(*place)->address, address, sizeof *address) != 0)
        place = &(*place)->next;
    return place;
}

static void
drop(struct limiter *limiter, struct limit_client *client)
{
    *place_of(limiter, &client->address) = client->next;
    unlink_use(limiter, client);
    limiter->counts.clients--;
    free(client);
}

static struct limit_client *
find(struct limiter *limiter, const struct address *address, int64_t now_ms)
{
    struct limit_client *client = *place_of(limiter, address);

    if (client) {
        if (client != limiter->newest) {
            unlink_use(limiter, client);
            link_newest(limiter, client);
        }
        client->used_at_ms = now_ms;
        return client;
    }
    if (limiter->counts.clients >= CLIENTS_MAX && limiter->oldest->asked == 0)
        drop(limiter, limiter->oldest);
    client = calloc(1, sizeof *client);
    if (!client)
        abort();
    client->limiter = limiter;
    client->address = *address;
    client->used_at_ms = now_ms;
    client->remaining = (int32_t)limiter->settings.policy.burst;
    *place_of(limiter, address) = client;
    link_newest(limiter, client);
    limiter->counts.clients++;
    return client;
}

/* ---------------------------------------------------------------------------------- verdicts */

static enum limit_verdict
grant(struct limit_client *client, int32_t cost, struct limit_state *ret_state)
{
    struct limiter *limiter = client->limiter;

    client->tokens -= cost;
    limiter->counts.granted++;
    ret_state->remaining = client->remaining + client->tokens;
    ret_state->reset_s = rate_reset_s(&limiter->settings.policy, ret_state->remaining);
    ret_state->retry_after_s = 0;
    return LIMIT_GRANTED;
}

static enum limit_verdict
refuse(struct limit_client *client, int64_t wait_ms, struct limit_state *ret_state)
{
    struct limiter *limiter = client->limiter;

    limiter->counts.refused++;
    ret_state->remaining = 0;
    ret_state->reset_s = rate_reset_s(&limiter->settings.policy, 0);
    ret_state->retry_after_s = rate_retry_after_s(wait_ms);
    return LIMIT_REFUSED;
}

static void
remember_grant(struct limit_client *client, const struct rate_grant *granted, int64_t now_ms)
{
    client->tokens += granted->granted;
    client->remaining = granted->remaining;
    client->lease = granted->granted;
    client->refused_until_ms = 0;
    if (granted->granted == 0) {
        int64_t wait_ms = granted->wait_ms < REFUSAL_MAX_MS ? granted->wait_ms : REFUSAL_MAX_MS;

        client->refused_until_ms = now_ms + wait_ms;
        client->token_at_ms = now_ms + granted->wait_ms;
    }
}

static void ask(struct limit_client *client, int32_t at_least, int64_t now_ms);

/* Tells those who wait, in order, as far as the tokens reach; then asks for more, or refuses. */
static void
serve_waiters(struct limit_client *client, const struct rate_grant *granted, int64_t now_ms)
{
    struct limit_state state;

    while (client->first) {
        struct limit_waiter *waiter = client->first;
        enum limit_verdict verdict;

        if (client->tokens < waiter->cost && granted->granted > 0 && granted->remaining > 0) {
            ask(client, waiter->cost - client->tokens, now_ms);
            return;
        }
        client->first = waiter->next;
        if (!client->first)
            client->last = NULL;
        waiter->client = NULL;
        verdict = client->tokens >= waiter->cost ? grant(client, waiter->cost, &state)
                                                 : refuse(client, granted->wait_ms, &state);
        waiter->done(waiter, verdict, &state);
    }
}

/* ------------------------------------------------------------------------------------ leases */

static void
lease_locally(struct limit_client *client, int32_t asked, int64_t now_ms,
              struct rate_grant *ret_granted)
{
    struct limiter *limiter = client->limiter;

    *ret_granted = rate_bank_take(limiter->bank, &client->address, asked, now_ms);
    limiter->counts.leases_local++;
    remember_grant(client, ret_granted, now_ms);
}

static bool
read_grant(const struct redis_reply *reply, struct rate_grant *ret_granted)
{
    int64_t numbers[3];

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const struct redis_reply *number = redis_reply_element(reply, i);

        if (!number || !redis_reply_integer(number, &numbers[i]))
            return false;
    }
    *ret_granted = (struct rate_grant){(int32_t)numbers[0], (int32_t)numbers[1], numbers[2]};
    return true;
}

static void
on_lease(void *context, const struct redis_reply *reply)
{
    struct limit_client *client = context;
    int64_t now_ms = clock_monotonic_ms();
    int32_t asked = client->asked;
    struct rate_grant granted;

    client->asked = 0;
    if (reply && read_grant(reply, &granted)) {
        client->limiter->counts.leases_shared++;
        remember_grant(client, &granted, now_ms);
    } else {
        lease_locally(client, asked, now_ms, &granted);
    }
    serve_waiters(client, &granted, now_ms);
}

/* Asks Redis for `tokens`, or gives them back if negative. */
static bool
send_lease(struct limit_client *client, int32_t tokens, redis_done *done)
{
    struct limiter *limiter = client->limiter;
    char text[ADDRESS_TEXT_SIZE], key[128], asked[16];
    struct bytes arguments[4];

    address_text(&client->address, text);
    arguments[0] = (struct bytes){
        key, (size_t)snprintf(key, sizeof key, "%s.rl:{%s}", limiter->settings.name_space, text)};
    arguments[1] = (struct bytes){limiter->burst, strlen(limiter->burst)};
    arguments[2] = (struct bytes){limiter->per_ms, strlen(limiter->per_ms)};
    arguments[3] = (struct bytes){asked, (size_t)snprintf(asked, sizeof asked, "%" PRId32, tokens)};
    return redis_run(limiter->redis, limiter->settings.script, 1, arguments, COUNT_OF(arguments),
                     done, client);
}

static int32_t
lease_size(const struct limit_client *client, int32_t at_least)
{
    int32_t size =
        rate_lease_size(&client->limiter->settings.policy, client->lease, client->remaining);

    return size > at_least ? size : at_least;
}

static void
ask(struct limit_client *client, int32_t at_least, int64_t now_ms)
{
    struct rate_grant granted;

    client->asked = lease_size(client, at_least);
    if (send_lease(client, client->asked, on_lease))
        return;
    lease_locally(client, client->asked, now_ms, &granted);
    client->asked = 0;
    serve_waiters(client, &granted, now_ms);
}

enum limit_verdict
limiter_take(struct limiter *limiter, const struct address *bucket, int64_t now_ms,
             struct limit_waiter *waiter, struct limit_state *ret_state)
{
    struct limit_client *client = find(limiter, bucket, now_ms);
    struct rate_grant granted;

    waiter->client = NULL;
    if (client->tokens >= waiter->cost && !client->first)
        return grant(client, waiter->cost, ret_state);
    if (now_ms < client->refused_until_ms)
        return refuse(client, client->token_at_ms - now_ms, ret_state);
    if (client->asked == 0) {
        client->asked = lease_size(client, waiter->cost - client->tokens);
        if (!send_lease(client, client->asked, on_lease)) {
            lease_locally(client, client->asked, now_ms, &granted);
            client->asked = 0;
            return client->tokens >= waiter->cost ? grant(client, waiter->cost, ret_state)
                                                  : refuse(client, granted.wait_ms, ret_state);
        }
    }
    waiter->next = NULL;
    waiter->client = client;
    *(client->last ? &client->last->next : &client->first) = waiter;
    client->last = waiter;
    return LIMIT_WAITING;
}

void
limiter_forget(struct limit_waiter *waiter)
{
    struct limit_client *client = waiter->client;
    struct limit_waiter **place;

    if (!client)
        return;
    for (place = &client->first; *place != waiter; place = &(*place)->next)
        ;
    *place = waiter->next;
    waiter->client = NULL;
    client->last = NULL;
    for (waiter = client->first; waiter; waiter = waiter->next)
        client->last = waiter;
}

/* ---------------------------------------------------------------------------------- the rest */

static void
give_back(struct limit_client *client)
{
    if (client->tokens > 0 && send_lease(client, -client->tokens, NULL)) {
        client->remaining += client->tokens;
        client->tokens = 0;
    }
    client->lease = 0;
}

/* Clients are in the order of their last use, so the newly idle ones stand together. */
static void
on_tidy(evutil_socket_t fd, short events, void *context)
{
    struct limiter *limiter = context;
    int64_t now_ms = clock_monotonic_ms();

    for (struct limit_client *client = limiter->newest; client; client = client->older) {
        int64_t idle_ms = now_ms - client->used_at_ms;

        if (idle_ms > IDLE_MS + 4 * TIDY_MS)
            break;
        if (idle_ms > IDLE_MS && client->asked == 0)
            give_back(client);
    }
}

struct limiter *
limiter_create(struct event_base *base, const struct limiter_settings *settings,
               struct redis *redis, struct rate_bank *bank)
{
    struct timeval period = {0, TIDY_MS * 1000};
    struct limiter *limiter = calloc(1, sizeof *limiter);

    if (!limiter)
        abort();
    limiter->base = base;
    limiter->settings = *settings;
    limiter->redis = redis;
    limiter->bank = bank;
    limiter->seed = (uint64_t)clock_monotonic_us();
    snprintf(limiter->burst, sizeof limiter->burst, "%.0f", settings->policy.burst);
    snprintf(limiter->per_ms, sizeof limiter->per_ms, "%.12f", settings->policy.per_ms);
    limiter->tidy = event_new(base, -1, EV_PERSIST, on_tidy, limiter);
    event_add(limiter->tidy, &period);
    return limiter;
}

void
limiter_destroy(struct limiter *limiter)
{
    if (!limiter)
        return;
    while (limiter->oldest)
        drop(limiter, limiter->oldest);
    event_free(limiter->tidy);
    free(limiter);
}

const struct limiter_counts *
limiter_counts(const struct limiter *limiter)
{
    return &limiter->counts;
}
