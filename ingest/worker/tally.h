#ifndef TIDEMARK_INGEST_WORKER_TALLY_H
#define TIDEMARK_INGEST_WORKER_TALLY_H

#include <stdint.h>

/*
 * How often two things happened lately, counted in slots of time: the last slot is the one that
 * runs, so a sum covers between `slots - 1` and `slots` of them. Pure; all zero = nothing happened.
 */
enum { TALLY_SLOTS_MAX = 10 };

struct tally_shape {
    int64_t slot_us;
    int32_t slots; /* at most TALLY_SLOTS_MAX */
};

struct tally {
    struct {
        int64_t number, a, b;
    } slots[TALLY_SLOTS_MAX];
};

struct tally_sums {
    int64_t a, b;
};

/* Adds (zeros, to look only) and returns the sums. */
struct tally_sums tally_add(struct tally *tally, const struct tally_shape *shape, int64_t a,
                            int64_t b, int64_t now_us);

#endif
