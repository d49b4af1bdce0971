#include "ingest/worker/bucket.h"

static const double minute_us = 60e6;

int64_t
bucket_budget(int64_t allowed_per_minute, int64_t percent)
{
    int64_t share = allowed_per_minute * percent / 100;

    return allowed_per_minute > 0 && share == 0 ? 1 : share;
}

void
bucket_init(struct bucket *bucket, int64_t now_us)
{
    *bucket = (struct bucket){.at_us = now_us};
}

static double
larger(double a, double b)
{
    return a > b ? a : b;
}

static double
smaller(double a, double b)
{
    return a < b ? a : b;
}

static double
burst_of(int64_t budget)
{
    double tenth = (double)budget / 10;

    return budget >= 2 ? larger(tenth, 1) : tenth;
}

static double
flow_of(int64_t budget)
{
    return ((double)budget - burst_of(budget)) / minute_us;
}

static int64_t
flying(const struct bucket *bucket)
{
    int64_t weight = 0;

    for (int32_t i = 0; i < BUCKET_CALLERS_MAX; i++)
        weight += bucket->flights[i].weight;
    return weight;
}

/* Brings the level up to now. Calls whose time is over count for the last time. */
static void
refill(struct bucket *bucket, int64_t budget, int64_t now_us)
{
    int64_t all = flying(bucket);

    if (now_us > bucket->at_us)
        bucket->level += (double)(now_us - bucket->at_us) * flow_of(budget);
    bucket->at_us = now_us;
    if (all > 0)
        bucket->level = smaller(bucket->level, burst_of(budget) - (double)all);
    for (int32_t i = 0; i < BUCKET_CALLERS_MAX; i++)
        if (bucket->flights[i].until_us <= now_us)
            bucket->flights[i].weight = 0;
}

static void
launch(struct bucket *bucket, const struct bucket_call *call, int64_t now_us)
{
    bucket->flights[call->caller].weight = call->weight;
    bucket->flights[call->caller].until_us = now_us + BUCKET_FLIGHT_US;
}

double
bucket_take(struct bucket *bucket, const struct bucket_call *call, int64_t now_us)
{
    double burst = burst_of(call->budget), weight = call->weight, spare, usable, room, wait_us;
    bool light = weight <= burst;

    if (call->budget <= 0 || call->weight < 1)
        return 0;
    bucket_land(bucket, call->budget, call->caller, now_us);
    spare = call->backfill ? larger(burst / 5, 1) : 0;
    bucket->level = smaller(bucket->level, larger(2 * (double)call->budget, weight + spare));
    room = burst - (double)flying(bucket);
    usable = light ? smaller(bucket->level, room) : bucket->level;
    if (usable >= weight && bucket->level >= weight + spare && (light || room >= burst)) {
        bucket->level = (light ? usable : burst) - weight;
        launch(bucket, call, now_us);
        return 0;
    }
    wait_us = larger(weight - usable, weight + spare - bucket->level) / flow_of(call->budget);
    if (room < burst && weight + spare > room)
        wait_us = larger(wait_us, BUCKET_FLIGHT_POLL_US);
    return wait_us;
}

void
bucket_force(struct bucket *bucket, const struct bucket_call *call, int64_t now_us)
{
    if (call->budget <= 0 || call->weight < 1)
        return;
    bucket_land(bucket, call->budget, call->caller, now_us);
    bucket->level = smaller(bucket->level, burst_of(call->budget)) - call->weight;
    launch(bucket, call, now_us);
}

void
bucket_land(struct bucket *bucket, int64_t budget, int32_t caller, int64_t now_us)
{
    if (budget <= 0)
        return;
    refill(bucket, budget, now_us);
    bucket->flights[caller].weight = 0;
}

void
bucket_lower(struct bucket *bucket, int64_t budget, int64_t left, int64_t now_us)
{
    if (budget <= 0)
        return;
    refill(bucket, budget, now_us);
    bucket->level = smaller(bucket->level, (double)left - burst_of(budget));
}

double
bucket_level(struct bucket *bucket, int64_t budget, int64_t now_us)
{
    refill(bucket, budget, now_us);
    return bucket->level;
}
