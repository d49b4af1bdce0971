#ifndef TIDEMARK_API_CONSENSUS_H
#define TIDEMARK_API_CONSENSUS_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One price of what several sources say of one asset in one quote currency (usd, usdt and usdc are
 * three), and of each why it was used or not. Pure: exact decimals, no clock, no order among the
 * inputs, nothing remembered.
 *
 * 1. Who votes. An observation older than its source's `fresh_ms` is `stale`. One with a doubt (see
 *    migrations: decided when it was stored) is `doubtful`, unless another origin agrees with it.
 *    An exchange is an origin: it trades. Aggregators and files repeat what exchanges trade at, so
 *    all of them together are one origin; only where no exchange is fresh each counts for itself.
 * 2. Weights. An exchange counts 4, one or two others count 3 each, more than two count 6 between
 *    them. So all copies together never outvote two originals that agree, and one original alone
 *    cannot hold out against two others.
 * 3. One voter: its price, `single_source`. Two: their weighted median if they agree, that is
 * differ by at most 5 % of the smaller; else `disagreement`.
 * 4. Three or more: m = weighted median, MAD = weighted median of |price - m|. `outlier` is what is
 *    more than 5 % of m away from it, or more than 1 % and more than 3 * 1.4826 * MAD. (1.4826
 * makes the MAD of normally distributed values their standard deviation; three of those is the
 *    conservative choice of Leys et al. 2013, J. Exp. Soc. Psychol. 49:764. The 1 % is what keeps a
 *    MAD of 0, from prices that are equal, from rejecting the rest; the 5 % is what keeps a large
 *    one, from prices that are all over the place, from accepting them.) The price is the weighted
 *    median of the rest, if that is a quorum: two at least, with more than half of all weight.
 * 5. A crash is not an outlier: outliers that agree with one of them, are of two origins at least,
 * and were all observed later than every other voter, are followed; the other voters are
 *    `superseded`. That also settles a vote without a quorum.
 * 6. Otherwise it is a `disagreement`: no price, and the voters `disagree`.
 *
 * Nobody votes: the newest stale price without a doubt is the price, and the state says `stale`.
 *
 * The weighted median is the price at which half of the weight is reached; where it is reached
 * exactly, the middle between that price and the next, which is exact (decimal_halve).
 *
 * It follows, and is tested: with two other voters at least, no single input, however wrong, takes
 * a price further than 5 % beyond the range of the others.
 */
enum consensus_state {
    CONSENSUS_NONE, /* there is nothing to agree on */
    CONSENSUS_OK,   /* two sources at least */
    CONSENSUS_SINGLE_SOURCE,
    CONSENSUS_DISAGREEMENT, /* no price */
    CONSENSUS_STALE,        /* the newest price that there is, and it is old */
};

enum consensus_verdict {
    CONSENSUS_USED,
    CONSENSUS_OLD,        /* "stale" */
    CONSENSUS_DOUBTFUL,   /* "doubtful" */
    CONSENSUS_OUTLIER,    /* "outlier" */
    CONSENSUS_SUPERSEDED, /* "superseded" */
    CONSENSUS_DISAGREES,  /* "disagrees" */
};

struct consensus_input {
    const char *source; /* breaks ties, no more */
    bool is_original;   /* an exchange */
    const char *price;  /* canonical decimal, > 0 */
    int64_t observed_at_ms;
    int64_t fresh_ms; /* an observation of this source is fresh for so long */
    int32_t doubt;    /* 0 = none */

    enum consensus_verdict verdict; /* filled */
    int32_t weight;                 /* filled: of a voter; 0 = did not vote */
};

struct consensus {
    enum consensus_state state;
    const char *price;      /* NULL = none */
    const char *spread;     /* the highest of those used less the lowest; NULL = none used */
    size_t used;            /* how many inputs */
    int64_t observed_at_ms; /* of the newest that was used; 0 = none used */
    int32_t weight;         /* of all voters together */
};

/* `now_ms` is when the observations were read. What is returned lives in `arena`. */
void consensus_decide(struct consensus_input *inputs, size_t count, int64_t now_ms,
                      struct arena *arena, struct consensus *ret_consensus);

/* "ok", "single_source", "disagreement", "stale"; NULL for none. */
const char *consensus_state_name(enum consensus_state state);
/* "used" or why not. */
const char *consensus_verdict_name(enum consensus_verdict verdict);

#endif
