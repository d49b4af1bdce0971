#ifndef TIDEMARK_INGEST_SOURCES_RECORDS_H
#define TIDEMARK_INGEST_SOURCES_RECORDS_H

#include "ingest/sources/batch.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Collects the records of one payload and holds every source to the same rules. A record that
 * breaks one is not taken; it becomes a reject with one of these reasons:
 *
 *   price.missing, price.not_positive   a price must be > 0
 *   size.negative                       volumes, capitalisations, supplies, counts must be >= 0
 *   candle.inconsistent                 not low <= open, close <= high
 *   time.past, time.future              before 2009-01-01, or more than 10 minutes after the fetch
 *   time.expired                        of a range that was archived and dropped (said by the
 * store) time.off_grid                       a candle that does not open on a multiple of its
 * interval candle.superseded                   the same open time came again, with other numbers
 *   row.duplicate                       the same symbol came again, with a newer observation
 *   field.missing, field.too_long       of a reference: what the limits below say
 *   batch.full                          more than RECORDS_MAX records
 *
 * and from reading (row.h): row.shape, field.missing, field.type, field.too_long,
 * decimal.malformed, decimal.range, time.malformed; from the sources: market.halted,
 * market.dark_pool, symbol.unasked, symbol.unanswered, and those of csv.c.
 */
enum {
    RECORDS_MAX = 100000,              /* of each kind in one batch */
    RECORDS_AHEAD_MS = 10 * 60 * 1000, /* how far a provider's clock may be ahead of ours */

    /* Of references and listings, in bytes; what the tables of assets and instruments hold. */
    RECORDS_SYMBOL_BYTES = 100, /* the longest id seen has 53 (CoinGecko) */
    RECORDS_TICKER_BYTES = 100, /* 50 */
    RECORDS_NAME_BYTES = 200,   /* 60 */
    RECORDS_QUOTE_BYTES = 20,
};
#define RECORDS_EARLIEST_MS INT64_C(1230768000000) /* 2009-01-01: no coin is older */
#define RECORDS_SECONDS_MAX INT64_C(253402300799)  /* 9999-12-31: larger is no time in seconds */

/* The market, and the window, of a batch's candles. */
struct candle_series {
    const char *symbol;
    int32_t interval_s;
    enum candle_origin origin;
    int64_t from_ms, to_ms; /* [from, to) on open time: others are left out in silence, because
                               providers send neighbours and the unfinished candle along */
};

/* A record and the row it came from. */
struct tick_entry;
struct listing_entry;
struct reference_entry;
struct candle_entry;

struct records {
    struct arena *arena;
    int64_t fetched_at_ms;
    const char *row_before, *row_after; /* a reject's place is these around the row's number */
    struct candle_series series;
    struct tick_entry *ticks;
    struct listing_entry *listings;
    struct reference_entry *references;
    struct candle_entry *candles;
    struct reject *rejects;
    size_t tick_count, tick_room, listing_count, listing_room, candle_count, candle_room;
    size_t reference_count, reference_room, reject_count, rejected;
};

/* `row_before`, `row_after`: "[" and "]" to say "[17].price", "line " and "" to say "line 17". */
void records_init(struct records *records, const struct payload *payload, const char *row_before,
                  const char *row_after, struct arena *arena);
void records_set_series(struct records *records, const struct candle_series *series);

/* `row` is where the record stood. False if it became a reject. */
bool records_add_tick(struct records *records, size_t row, const struct tick *tick);
bool records_add_listing(struct records *records, size_t row, const struct listing *listing);
/*
 * A name that is too long or empty is left out; symbol and ticker must be there. The words are
 * copied, so that a long list can be read element by element (common/json_list.h).
 */
bool records_add_reference(struct records *records, size_t row, const struct reference *reference);
/* Also true for a candle outside of the series' window, which is left out. */
bool records_add_candle(struct records *records, size_t row, const struct candle *candle);

/* The rule for a price, and for a time, by themselves: the reason for a reject, or NULL. */
const char *records_check_price(const char *price);
const char *records_check_time(const struct records *records, int64_t at_ms);

/* Counts a reject. `member` may be NULL; `excerpt` may be NULL and is made safe here. */
void records_reject(struct records *records, size_t row, const char *member, const char *reason,
                    const char *excerpt);
/* The same where the place is not a row: "symbols". */
void records_reject_at(struct records *records, const char *where, const char *reason,
                       const char *excerpt);

/*
 * Sorts the candles and keeps the last of several with one open time; keeps the newest of several
 * ticks or listings of one symbol (the later row on a tie), and the last of several references.
 * Fills all of `ret_batch` but `position`, `more` and `references_whole`, which become NULL and
 * false.
 */
void records_finish(struct records *records, struct batch *ret_batch);

#endif
