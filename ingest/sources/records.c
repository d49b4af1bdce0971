#include "ingest/sources/records.h"

#include "common/decimal.h"
#include "ingest/sources/excerpt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct tick_entry {
    struct tick tick;
    size_t row;
};

struct listing_entry {
    struct listing listing;
    size_t row;
};

struct reference_entry {
    struct reference reference;
    size_t row;
};

struct candle_entry {
    struct candle candle;
    size_t row;
};

void
records_init(struct records *records, const struct payload *payload, const char *row_before,
             const char *row_after, struct arena *arena)
{
    *records = (struct records){
        .arena = arena,
        .fetched_at_ms = payload->fetched_at_ms,
        .row_before = row_before,
        .row_after = row_after,
    };
}

void
records_set_series(struct records *records, const struct candle_series *series)
{
    records->series = *series;
}

void
records_reject_at(struct records *records, const char *where, const char *reason,
                  const char *excerpt)
{
    records->rejected++;
    if (records->reject_count == BATCH_REJECTS_MAX)
        return;
    if (!records->rejects)
        records->rejects =
            arena_alloc(records->arena, BATCH_REJECTS_MAX * sizeof *records->rejects);
    records->rejects[records->reject_count++] = (struct reject){
        .where = arena_string(records->arena, where),
        .reason = reason,
        .excerpt = excerpt ? excerpt_make(excerpt, strlen(excerpt), records->arena) : "",
    };
}

void
records_reject(struct records *records, size_t row, const char *member, const char *reason,
               const char *excerpt)
{
    if (records->reject_count == BATCH_REJECTS_MAX) {
        records->rejected++; /* without the work of saying where */
        return;
    }
    records_reject_at(records,
                      arena_printf(records->arena, "%s%zu%s%s%s", records->row_before, row,
                                   records->row_after, member ? "." : "", member ? member : ""),
                      reason, excerpt);
}

/* Makes room for one more of an array that doubles. False if the batch is full. */
static bool
make_room(struct records *records, void **items, size_t count, size_t *room, size_t item_bytes)
{
    size_t larger;

    if (count < *room)
        return true;
    if (count >= RECORDS_MAX)
        return false;
    larger = *room ? *room * 2 : 64;
    if (larger > RECORDS_MAX)
        larger = RECORDS_MAX;
    *items = arena_grow(records->arena, *items, count * item_bytes, larger * item_bytes);
    *room = larger;
    return true;
}

const char *
records_check_price(const char *price)
{
    if (!price)
        return "price.missing";
    if (decimal_is_negative(price) || decimal_is_zero(price))
        return "price.not_positive";
    return NULL;
}

const char *
records_check_time(const struct records *records, int64_t at_ms)
{
    if (at_ms < RECORDS_EARLIEST_MS)
        return "time.past";
    if (at_ms > records->fetched_at_ms + RECORDS_AHEAD_MS)
        return "time.future";
    return NULL;
}

static const char *
time_excerpt(const struct records *records, int64_t at_ms)
{
    return arena_printf(records->arena, "%" PRId64, at_ms);
}

/* The first of `sizes` that is there and negative, or NULL. */
static const char *
find_negative(const char *const sizes[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] && decimal_is_negative(sizes[i]))
            return sizes[i];
    }
    return NULL;
}

bool
records_add_tick(struct records *records, size_t row, const struct tick *tick)
{
    const char *const sizes[] = {tick->volume_24h, tick->market_cap};
    const char *reason, *negative;

    if ((reason = records_check_price(tick->price))) {
        records_reject(records, row, NULL, reason, tick->price);
    } else if ((negative = find_negative(sizes, COUNT_OF(sizes)))) {
        records_reject(records, row, NULL, "size.negative", negative);
    } else if ((reason = records_check_time(records, tick->observed_at_ms))) {
        records_reject(records, row, NULL, reason, time_excerpt(records, tick->observed_at_ms));
    } else if (!make_room(records, (void **)&records->ticks, records->tick_count,
                          &records->tick_room, sizeof *records->ticks)) {
        records_reject(records, row, NULL, "batch.full", tick->symbol);
    } else {
        records->ticks[records->tick_count++] = (struct tick_entry){*tick, row};
        return true;
    }
    return false;
}

bool
records_add_listing(struct records *records, size_t row, const struct listing *listing)
{
    const char *const sizes[] = {
        listing->market_cap,   listing->fully_diluted_valuation,
        listing->volume_24h,   listing->high_24h,
        listing->low_24h,      listing->circulating_supply,
        listing->total_supply, listing->max_supply,
        listing->ath,          listing->atl,
    };
    const char *reason, *negative;

    if ((reason = records_check_price(listing->price))) {
        records_reject(records, row, NULL, reason, listing->price);
    } else if ((negative = find_negative(sizes, COUNT_OF(sizes)))) {
        records_reject(records, row, NULL, "size.negative", negative);
    } else if ((reason = records_check_time(records, listing->observed_at_ms))) {
        records_reject(records, row, NULL, reason, time_excerpt(records, listing->observed_at_ms));
    } else if (!make_room(records, (void **)&records->listings, records->listing_count,
                          &records->listing_room, sizeof *records->listings)) {
        records_reject(records, row, NULL, "batch.full", listing->symbol);
    } else {
        records->listings[records->listing_count++] = (struct listing_entry){*listing, row};
        return true;
    }
    return false;
}

/* Why a word of a reference cannot be kept; NULL if it can. */
static const char *
check_word(const char *word, size_t max_bytes)
{
    if (!word || word[0] == '\0')
        return "field.missing";
    return strlen(word) > max_bytes ? "field.too_long" : NULL;
}

static const char *
keep_word(const struct records *records, const char *word)
{
    return word ? arena_string(records->arena, word) : NULL;
}

/* The same with words that last as long as the batch. */
static struct reference
keep_reference(const struct records *records, const struct reference *reference)
{
    struct reference kept = *reference;

    kept.symbol = keep_word(records, reference->symbol);
    kept.ticker = keep_word(records, reference->ticker);
    kept.quote = keep_word(records, reference->quote);
    kept.asset = keep_word(records, reference->asset);
    kept.name = check_word(reference->name, RECORDS_NAME_BYTES)
                    ? NULL
                    : keep_word(records, reference->name);
    return kept;
}

bool
records_add_reference(struct records *records, size_t row, const struct reference *reference)
{
    const char *reason;

    if ((reason = check_word(reference->symbol, RECORDS_SYMBOL_BYTES))) {
        records_reject(records, row, "symbol", reason, reference->symbol);
    } else if ((reason = check_word(reference->ticker, RECORDS_TICKER_BYTES))) {
        records_reject(records, row, "ticker", reason, reference->ticker);
    } else if (reference->quote && (reason = check_word(reference->quote, RECORDS_QUOTE_BYTES))) {
        records_reject(records, row, "quote", reason, reference->quote);
    } else if (!make_room(records, (void **)&records->references, records->reference_count,
                          &records->reference_room, sizeof *records->references)) {
        records_reject(records, row, NULL, "batch.full", reference->symbol);
    } else {
        records->references[records->reference_count++] =
            (struct reference_entry){keep_reference(records, reference), row};
        return true;
    }
    return false;
}

/* Why a candle's numbers cannot be right, with the number in `*ret_excerpt`; NULL if they can. */
static const char *
check_candle(const struct records *records, const struct candle *candle, const char **ret_excerpt)
{
    const char *const prices[] = {candle->open, candle->high, candle->low, candle->close};
    const char *const sizes[] = {candle->volume, candle->quote_volume, candle->volume_24h,
                                 candle->market_cap};
    const char *reason;

    for (size_t i = 0; i < COUNT_OF(prices); i++) {
        *ret_excerpt = prices[i];
        if ((reason = records_check_price(prices[i])))
            return reason;
    }
    *ret_excerpt = find_negative(sizes, COUNT_OF(sizes));
    if (*ret_excerpt || candle->trades < -1)
        return "size.negative";
    *ret_excerpt = candle->low;
    if (decimal_compare(candle->low, candle->open) > 0 ||
        decimal_compare(candle->low, candle->close) > 0)
        return "candle.inconsistent";
    *ret_excerpt = candle->high;
    if (decimal_compare(candle->high, candle->open) < 0 ||
        decimal_compare(candle->high, candle->close) < 0)
        return "candle.inconsistent";
    reason = records_check_time(records, candle->open_time_ms);
    if (!reason && candle->open_time_ms % ((int64_t)records->series.interval_s * 1000) != 0)
        reason = "time.off_grid";
    *ret_excerpt = reason ? time_excerpt(records, candle->open_time_ms) : NULL;
    return reason;
}

bool
records_add_candle(struct records *records, size_t row, const struct candle *candle)
{
    const char *excerpt, *reason = check_candle(records, candle, &excerpt);

    if (reason) {
        records_reject(records, row, NULL, reason, excerpt);
        return false;
    }
    if (candle->open_time_ms < records->series.from_ms ||
        candle->open_time_ms >= records->series.to_ms)
        return true;
    if (!make_room(records, (void **)&records->candles, records->candle_count,
                   &records->candle_room, sizeof *records->candles)) {
        records_reject(records, row, NULL, "batch.full", NULL);
        return false;
    }
    records->candles[records->candle_count++] = (struct candle_entry){*candle, row};
    return true;
}

/* By open time, and within one by the order in which they came, which is that of the addresses. */
static int
compare_entries(const void *left, const void *right)
{
    const struct candle_entry *a = *(const struct candle_entry *const *)left;
    const struct candle_entry *b = *(const struct candle_entry *const *)right;

    if (a->candle.open_time_ms != b->candle.open_time_ms)
        return a->candle.open_time_ms < b->candle.open_time_ms ? -1 : 1;
    return a < b ? -1 : a > b;
}

static bool
same_decimal(const char *a, const char *b)
{
    return a == b || (a && b && decimal_compare(a, b) == 0);
}

static bool
same_numbers(const struct candle *a, const struct candle *b)
{
    return same_decimal(a->open, b->open) && same_decimal(a->high, b->high) &&
           same_decimal(a->low, b->low) && same_decimal(a->close, b->close) &&
           same_decimal(a->volume, b->volume) && same_decimal(a->quote_volume, b->quote_volume) &&
           same_decimal(a->volume_24h, b->volume_24h) &&
           same_decimal(a->market_cap, b->market_cap) && a->trades == b->trades;
}

/* Candles in ascending order, one for each open time. Returns how many. */
static size_t
settle_candles(struct records *records, struct candle **ret_candles)
{
    size_t count = records->candle_count, kept = 0;
    struct candle_entry **order = arena_alloc_array(records->arena, count, sizeof(*order));
    struct candle *candles = arena_alloc_array(records->arena, count, sizeof(*candles));

    for (size_t i = 0; i < count; i++)
        order[i] = &records->candles[i];
    qsort(order, count, sizeof *order, compare_entries);
    for (size_t i = 0; i < count; i++) {
        const struct candle_entry *next = i + 1 < count ? order[i + 1] : NULL;

        if (!next || next->candle.open_time_ms != order[i]->candle.open_time_ms)
            candles[kept++] = order[i]->candle;
        else if (!same_numbers(&order[i]->candle, &next->candle))
            records_reject(records, order[i]->row, NULL, "candle.superseded",
                           order[i]->candle.close);
    }
    *ret_candles = candles;
    return kept;
}

/* What a tick or listing is one of: a symbol at a moment, from a row. */
struct sighting {
    const char *symbol;
    int64_t observed_at_ms;
    size_t row, index;
};

static int
compare_sightings(const void *left, const void *right)
{
    const struct sighting *a = left, *b = right;
    int by_symbol = strcmp(a->symbol, b->symbol);

    if (by_symbol != 0)
        return by_symbol;
    if (a->observed_at_ms != b->observed_at_ms)
        return a->observed_at_ms < b->observed_at_ms ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Leaves the newest sighting of each symbol, in the order of symbols. Returns how many. */
static size_t
keep_newest(struct records *records, struct sighting *sightings, size_t count)
{
    size_t kept = 0;

    qsort(sightings, count, sizeof *sightings, compare_sightings);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && strcmp(sightings[i].symbol, sightings[i + 1].symbol) == 0)
            records_reject(records, sightings[i].row, NULL, "row.duplicate", sightings[i].symbol);
        else
            sightings[kept++] = sightings[i];
    }
    return kept;
}

static size_t
settle_ticks(struct records *records, struct tick **ret_ticks)
{
    size_t count = records->tick_count;
    struct sighting *sightings = arena_alloc_array(records->arena, count, sizeof *sightings);
    struct tick *ticks = arena_alloc_array(records->arena, count, sizeof *ticks);

    for (size_t i = 0; i < count; i++) {
        const struct tick *tick = &records->ticks[i].tick;

        sightings[i] =
            (struct sighting){tick->symbol, tick->observed_at_ms, records->ticks[i].row, i};
    }
    count = keep_newest(records, sightings, count);
    for (size_t i = 0; i < count; i++)
        ticks[i] = records->ticks[sightings[i].index].tick;
    *ret_ticks = ticks;
    return count;
}

static size_t
settle_listings(struct records *records, struct listing **ret_listings)
{
    size_t count = records->listing_count;
    struct sighting *sightings = arena_alloc_array(records->arena, count, sizeof *sightings);
    struct listing *listings = arena_alloc_array(records->arena, count, sizeof *listings);

    for (size_t i = 0; i < count; i++) {
        const struct listing *listing = &records->listings[i].listing;

        sightings[i] = (struct sighting){listing->symbol, listing->observed_at_ms,
                                         records->listings[i].row, i};
    }
    count = keep_newest(records, sightings, count);
    for (size_t i = 0; i < count; i++)
        listings[i] = records->listings[sightings[i].index].listing;
    *ret_listings = listings;
    return count;
}

/* Entries of a list have no moments of their own: the last of several counts. */
static size_t
settle_references(struct records *records, struct reference **ret_references)
{
    size_t count = records->reference_count;
    struct sighting *sightings = arena_alloc_array(records->arena, count, sizeof *sightings);
    struct reference *references = arena_alloc_array(records->arena, count, sizeof *references);

    for (size_t i = 0; i < count; i++)
        sightings[i] = (struct sighting){
            .symbol = records->references[i].reference.symbol,
            .row = records->references[i].row,
            .index = i,
        };
    count = keep_newest(records, sightings, count);
    for (size_t i = 0; i < count; i++)
        references[i] = records->references[sightings[i].index].reference;
    *ret_references = references;
    return count;
}

void
records_finish(struct records *records, struct batch *ret_batch)
{
    struct reference *references = NULL;
    struct candle *candles = NULL;
    struct listing *listings = NULL;
    struct tick *ticks = NULL;
    struct batch batch = {
        .candle_symbol = records->series.symbol,
        .candle_interval_s = records->series.interval_s,
        .candle_origin = records->series.origin,
    };

    if (records->candle_count)
        batch.candle_count = settle_candles(records, &candles);
    if (records->listing_count)
        batch.listing_count = settle_listings(records, &listings);
    if (records->reference_count)
        batch.reference_count = settle_references(records, &references);
    if (records->tick_count)
        batch.tick_count = settle_ticks(records, &ticks);
    batch.candles = candles;
    batch.listings = listings;
    batch.references = references;
    batch.ticks = ticks;
    batch.rejects = records->rejects; /* settling may have added some */
    batch.reject_count = records->reject_count;
    batch.rejected = records->rejected;
    *ret_batch = batch;
}
