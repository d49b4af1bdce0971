#ifndef TIDEMARK_API_CACHE_FRESHNESS_H
#define TIDEMARK_API_CACHE_FRESHNESS_H

#include "api/cache/loads.h"
#include "common/arena.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How fresh an answer is, told by all routes in one way. Who renders an answer says what it is made
 * of, and writes ages and flags through this:
 *
 *     struct freshness *freshness = flight_freshness(flight);
 *
 *     freshness_expect_price(freshness, "binance", "bitcoin", "usdt", observed_at_ms);
 *     text_add_string(&text, "\"age_seconds\":");
 *     freshness_add_age(freshness, &text, observed_at_ms);
 *     text_add_string(&text, ",\"stale\":");
 *     freshness_add_flag(freshness, &text, is_stale, stale_at_ms);
 *
 * What comes of it:
 * - Cache-Control: max-age says how long after it was read the next of these loads is due; Age,
 * with every answer, how long ago it was read. So max-age - Age is the time to the next load, for
 *   caches as for people (RFC 9111, 4.2).
 * - Ages are as of the reading, and are left out of what the ETag names: replicas that read the
 * same rows at different moments give the same tag, and 304 says that nothing but the age has
 * changed.
 * - When the moment comes at which a price turns stale, the answer is read anew before it is
 * served.
 * - When nothing newer can be had because PostgreSQL is away, each `stale` flag that says false is
 *   served as true, and each state as "stale", with a tag of its own.
 *
 * Offsets count from the beginning of `text`, whose bytes must be the beginning of the body. One
 * thread; everything lives in the arena of the flight.
 */
struct freshness_turn {
    uint32_t offset, size; /* what is there now */
    const char *text;      /* what stands there when nothing newer could be had: a constant */
};

struct freshness_span {
    size_t offset, size;
};

struct freshness {
    struct arena *arena;
    const struct loads *loads; /* NULL = not known */
    int64_t read_at_ms;
    int64_t past_at_ms;    /* the answer is as of this moment; 0 = of now */
    int64_t next_load_ms;  /* of all that was said so far; 0 = nobody knows */
    bool expects;          /* anything was said at all */
    bool unknown;          /* there is something in it that nobody has yet */
    int64_t true_until_ms; /* 0 = always */
    struct freshness_turn *turns;
    size_t turn_count, turn_room;
    struct freshness_span *ages;
    size_t age_count, age_room;
};

/*
 * The answer is of the past: its ages are as of that moment, nothing that is yet to come makes it
 * stale, and no load is expected. First of all.
 */
void freshness_set_past(struct freshness *freshness, int64_t at_ms);

/* What ages are counted to: the moment of the reading, or that of the past. */
int64_t freshness_now_ms(const struct freshness *freshness);

/* For flights: before each reading. `loads` must outlive it. */
void freshness_start(struct freshness *freshness, struct arena *arena, const struct loads *loads,
                     int64_t read_at_ms);

/* The answer has this price, or says that there is none (source NULL). See loads.h. */
void freshness_expect_price(struct freshness *freshness, const char *source, const char *asset,
                            const char *currency, int64_t observed_at_ms);
/* Candles of this length, the newest of which closed then. */
void freshness_expect_candles(struct freshness *freshness, const char *source, const char *asset,
                              const char *currency, int32_t interval_s, int64_t closed_at_ms);

/* Whole seconds from `at_ms` to the reading, never less than 0; `null` for 0. */
void freshness_add_age(struct freshness *freshness, struct text *text, int64_t at_ms);
/* What was added to `text` since it had `from` bytes tells the time of the reading, as an age does.
 */
void freshness_leave_out(struct freshness *freshness, const struct text *text, size_t from);
/* `true` or `false`; the latter is no longer so at `stale_at_ms` (0 = always). */
void freshness_add_flag(struct freshness *freshness, struct text *text, bool stale,
                        int64_t stale_at_ms);
/* A state as a JSON string that says "stale" when the flag beside it says true. */
void freshness_add_state(struct freshness *freshness, struct text *text, const char *state);

/* --------------------------------------------------------- for flights, when the body is finished
 */

enum { FRESHNESS_UNKNOWN_S = 5 };

/*
 * Cache-Control: max-age, counted from the reading: the seconds to the next load, at least 1 and at
 * most `max_s`; FRESHNESS_UNKNOWN_S where a price comes from nobody knows where or when; `max_s`
 * for an answer that was not said to hold any.
 */
int32_t freshness_client_s(const struct freshness *freshness, int32_t max_s);
/* 128 bits that name the body without its ages. */
void freshness_name(const struct freshness *freshness, struct bytes body, uint64_t ret_name[2]);
/* The body with all of its turns. */
struct bytes freshness_turned(struct bytes body, const struct freshness_turn *turns, size_t count,
                              struct arena *arena);

/*
 * Turns as text, for Redis: "123+5=true;". Decoding is false for anything but turns that we make,
 * in ascending order and within `body_bytes`.
 */
struct bytes freshness_turns_encode(const struct freshness_turn *turns, size_t count,
                                    struct arena *arena);
MUST_CHECK bool freshness_turns_decode(struct bytes text, size_t body_bytes, struct arena *arena,
                                       struct freshness_turn **ret_turns, size_t *ret_count);

#endif
