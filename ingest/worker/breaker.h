#ifndef TIDEMARK_INGEST_WORKER_BREAKER_H
#define TIDEMARK_INGEST_WORKER_BREAKER_H

#include "common/upstream.h"
#include "ingest/worker/tally.h"

/*
 * The circuit breaker of one provider, for a host that is alone; upstream.lua is the same for all
 * hosts together. Pure; the caller keeps others out.
 *
 *   closed     all may ask. Five failures in a row, or half of at least 20 answers within a minute,
 *              open it
 *   open       nobody may, for 15 s, and twice as long each time it opens again, up to 10 min, and
 *              all that give or take a quarter
 *   half open  one call goes out as the probe. If it is good the breaker closes, if it fails it is
 *              open again; a probe of which nothing is heard for a minute is lost, and the next
 *              one goes out
 *
 * A failure is what says that the provider is unwell: network, timeout, 5xx. Not 4xx, not 429, and
 * nothing of our own.
 */
enum {
    BREAKER_FAILURES = 5,
    BREAKER_ANSWERS = 20,
    BREAKER_LEASE_US = 60 * 1000 * 1000,
    BREAKER_POLL_US = 1000 * 1000, /* how often others look whether the probe is back */
    BREAKER_LONGEST_US = 600 * 1000 * 1000,
};

/* All zero = closed. */
struct breaker {
    enum upstream_breaker state;
    int32_t failures; /* in a row */
    int32_t openings; /* in a row */
    int64_t open_until_us;
    int64_t probe_until_us; /* 0 = no probe is out */
    int32_t prober;
    struct tally recent; /* good and bad answers */
};

/* 0: the caller may ask. Otherwise how many microseconds to wait before trying again. */
int64_t breaker_wait_us(const struct breaker *breaker, int32_t caller, int64_t now_us);

/* The caller asks now: unless the breaker is closed this is the probe. */
void breaker_pass(struct breaker *breaker, int32_t caller, int64_t now_us);

/* What came of it. An open breaker is open for about `first_us`; `random` is within [0, 1). */
void breaker_note(struct breaker *breaker, int32_t caller, enum upstream_result result,
                  int64_t first_us, double random, int64_t now_us);

#endif
