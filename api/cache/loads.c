#include "api/cache/loads.h"

#include "api/cache/hash.h"
#include "common/arena.h"
#include "common/cron.h"

#include <stdatomic.h>
#include <string.h>

enum { SEED = 0x6c6f6164 };

/* One rule under one of the keys it is asked for by. */
struct slot {
    struct slot *next;
    uint64_t key;
    const struct cron *cron; /* NULL = the period counts */
    int64_t period_s, offset_s;
};

struct loads {
    atomic_int references;
    struct arena *arena;
    struct slot **buckets;
    size_t bucket_count; /* a power of two */
};

/* Whose loads they are, each name hashed once for all the keys that it is part of. */
struct names {
    uint64_t source, asset, currency; /* 0 = of any */
};

static uint64_t
hash_text(const char *text)
{
    return text ? hash_bytes(text, strlen(text), SEED) : 0;
}

static struct names
names_of(const char *source, const char *asset, const char *currency)
{
    return (struct names){hash_text(source), hash_text(asset), hash_text(currency)};
}

/* 64 bits of it are as good as the texts themselves: the worst that a collision does is a max-age.
 */
static uint64_t
key_of(uint64_t source, uint64_t asset, uint64_t currency, int32_t interval_s)
{
    return hash_mix(hash_mix(hash_mix(source, (uint64_t)interval_s), asset), currency);
}

static void
add_slot(struct loads *loads, uint64_t key, const struct slot *rule)
{
    struct slot **bucket = &loads->buckets[key & (loads->bucket_count - 1)];
    struct slot *slot = arena_alloc(loads->arena, sizeof *slot);

    *slot = *rule;
    slot->key = key;
    slot->next = *bucket;
    *bucket = slot;
}

static void
add_rule(struct loads *loads, const struct load_rule *rule)
{
    struct slot slot = {.period_s = rule->period_s, .offset_s = rule->offset_s};
    struct names names = names_of(rule->source, rule->asset, rule->currency);
    struct cron *cron = NULL;
    struct error err;

    if (rule->cron) {
        cron = arena_alloc(loads->arena, sizeof *cron);
        if (!cron_parse(rule->cron, cron, &err))
            return;
    } else if (rule->period_s < 1) {
        return;
    }
    slot.cron = cron;
    add_slot(loads, key_of(names.source, names.asset, names.currency, rule->interval_s), &slot);
    if (rule->interval_s > 0) /* for the price of a source that has nothing better */
        add_slot(loads, key_of(names.source, names.asset, names.currency, LOADS_ANY_INTERVAL),
                 &slot);
}

struct loads *
loads_create(const struct load_rule *rules, size_t count)
{
    struct arena *arena = arena_create(4096 + 128 * count);
    struct loads *loads = arena_alloc_array(arena, 1, sizeof *loads);

    atomic_init(&loads->references, 1);
    loads->arena = arena;
    loads->bucket_count = 16;
    while (loads->bucket_count < 2 * count)
        loads->bucket_count *= 2;
    loads->buckets = arena_alloc_array(arena, loads->bucket_count, sizeof(struct slot *));
    for (size_t i = 0; i < count; i++)
        add_rule(loads, &rules[i]);
    return loads;
}

struct loads *
loads_hold(struct loads *loads)
{
    atomic_fetch_add_explicit(&loads->references, 1, memory_order_relaxed);
    return loads;
}

void
loads_release(struct loads *loads)
{
    if (loads && atomic_fetch_sub_explicit(&loads->references, 1, memory_order_acq_rel) == 1)
        arena_destroy(loads->arena);
}

/* ----------------------------------------------------------------------------------- looking */

struct question {
    int64_t observed_at_ms, now_ms;
    int64_t next_ms; /* of all rules so far; 0 = none */
};

static int64_t
last_slot_s(const struct slot *slot, int64_t at_s)
{
    return slot->cron ? cron_last_s(slot->cron, at_s) : at_s - at_s % slot->period_s;
}

static int64_t
next_slot_s(const struct slot *slot, int64_t slot_s)
{
    return slot->cron ? cron_next_s(slot->cron, slot_s) : slot_s + slot->period_s;
}

static int64_t
next_load_ms(const struct slot *slot, const struct question *question)
{
    int64_t now_s = question->now_ms / 1000;
    int64_t last_s = last_slot_s(slot, now_s - slot->offset_s);
    int64_t next_s = next_slot_s(slot, last_s);
    int64_t grace_s = (next_s - last_s) / 4;

    if (grace_s > LOADS_GRACE_S)
        grace_s = LOADS_GRACE_S;
    if (question->observed_at_ms < last_s * 1000 && now_s < last_s + slot->offset_s + grace_s)
        return question->now_ms;
    return (next_s + slot->offset_s) * 1000;
}

static void
ask(const struct loads *loads, uint64_t key, struct question *question)
{
    for (const struct slot *slot = loads->buckets[key & (loads->bucket_count - 1)]; slot;
         slot = slot->next) {
        int64_t next_ms;

        if (slot->key != key)
            continue;
        next_ms = next_load_ms(slot, question);
        if (question->next_ms == 0 || next_ms < question->next_ms)
            question->next_ms = next_ms;
    }
}

/* Schedules that name the market, pages of a listing in its currency, folders of anything. */
static void
ask_all(const struct loads *loads, const struct names *names, int32_t interval_s,
        struct question *question)
{
    ask(loads, key_of(names->source, names->asset, names->currency, interval_s), question);
    ask(loads, key_of(names->source, 0, names->currency, interval_s), question);
    ask(loads, key_of(names->source, 0, 0, interval_s), question);
}

int64_t
loads_next_price_ms(const struct loads *loads, const char *source, const char *asset,
                    const char *currency, int64_t observed_at_ms, int64_t now_ms)
{
    struct names names = names_of(source, asset, currency);
    struct question question = {observed_at_ms, now_ms, 0};

    ask_all(loads, &names, 0, &question);
    if (question.next_ms == 0)
        ask_all(loads, &names, LOADS_ANY_INTERVAL, &question);
    return question.next_ms;
}

int64_t
loads_next_candle_ms(const struct loads *loads, const char *source, const char *asset,
                     const char *currency, int32_t interval_s, int64_t closed_at_ms, int64_t now_ms)
{
    struct names names = names_of(source, asset, currency);
    struct question question = {closed_at_ms, now_ms, 0};

    ask_all(loads, &names, interval_s, &question);
    ask(loads, key_of(names.source, 0, 0, LOADS_ANY_INTERVAL), &question);
    return question.next_ms;
}
