#ifndef TIDEMARK_INGEST_WORKER_BUCKET_H
#define TIDEMARK_INGEST_WORKER_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A token bucket over what a provider allows in a minute, calls or weight, such that no minute,
 * wherever it starts, exceeds the budget as the provider counts: by when a call arrives there,
 * which is some time after it was granted. Pure; the caller keeps others out. upstream.lua is the
 * same for all hosts together.
 *
 * A tenth of the budget (at least 1) is the burst b; the rest flows in evenly over the minute, f.
 * A call lies in the bucket from when it is granted until it has landed, when its answer is there:
 * it fills only up to b less the weight I of those calls. So at any moment T its level is L <= b -
 * I; what arrives in the minute after T was either on its way then, I, or is granted in that
 * minute, at most L + 60 f. Together that is b + 60 f: the budget.
 *
 * A call of weight w > b waits until the level, not cut off at b, has grown to w, and leaves it at
 * b - w: it pays before and after, so that the minutes before and behind it hold, too. A call that
 * is heavier than the whole budget cannot keep to it, and only waits as long.
 *
 * Backfill leaves a fifth of the burst, or one call, to live work. A bucket starts empty, so that a
 * process that is started again and again does not spend the burst each time.
 */
enum {
    BUCKET_CALLERS_MAX = 66,             /* one call at a time each */
    BUCKET_FLIGHT_US = 60 * 1000 * 1000, /* a call of which nothing is heard has landed then */
    BUCKET_FLIGHT_POLL_US = 50 * 1000,   /* how often those look who wait for one to land */
};

struct bucket {
    double level;  /* may be below 0 */
    int64_t at_us; /* when it was that */
    struct {
        int64_t weight, until_us;
    } flights[BUCKET_CALLERS_MAX];
};

/*
 * A share of what a provider allows a minute, in percent. 0 only for a provider without a limit:
 * the smallest share of a small budget is still a budget.
 */
int64_t bucket_budget(int64_t allowed_per_minute, int64_t percent);

void bucket_init(struct bucket *bucket, int64_t now_us);

/* Who takes what out of which budget (a minute; <= 0: no limit). */
struct bucket_call {
    int64_t budget;
    int32_t caller; /* 0 .. BUCKET_CALLERS_MAX - 1 */
    int32_t weight; /* < 1 = free */
    bool backfill;
};

/* 0: taken. Otherwise how many microseconds to wait before trying again; nothing was taken. */
double bucket_take(struct bucket *bucket, const struct bucket_call *call, int64_t now_us);

/* Somebody else has granted it: takes it whatever is left. */
void bucket_force(struct bucket *bucket, const struct bucket_call *call, int64_t now_us);

/* The caller's call has landed. No effect if it has none. */
void bucket_land(struct bucket *bucket, int64_t budget, int32_t caller, int64_t now_us);

/*
 * The provider itself says that so much of this minute's budget is left: near its end that slows us
 * down, whoever else has used it. It never raises the level.
 */
void bucket_lower(struct bucket *bucket, int64_t budget, int64_t left, int64_t now_us);

/* What could be taken at once, and what is on its way. */
double bucket_level(struct bucket *bucket, int64_t budget, int64_t now_us);

#endif
