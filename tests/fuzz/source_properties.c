#include "fuzz/source_properties.h"

#include "common/decimal.h"
#include "common/utf8.h"
#include "ingest/sources/excerpt.h"
#include "ingest/sources/records.h"

#include "fuzz/fuzz.h"

#include <string.h>

static bool
is_price(const char *price)
{
    return price && !decimal_is_negative(price) && !decimal_is_zero(price);
}

static bool
is_size(const char *size)
{
    return !size || !decimal_is_negative(size);
}

static bool
is_time(int64_t at_ms)
{
    return at_ms >= RECORDS_EARLIEST_MS && at_ms <= FEED_NOW_MS + RECORDS_AHEAD_MS;
}

static void
check_ticks(const struct batch *batch)
{
    for (size_t i = 0; i < batch->tick_count; i++) {
        const struct tick *tick = &batch->ticks[i];

        MUST_HOLD(is_price(tick->price), "a tick has a price > 0");
        MUST_HOLD(is_size(tick->volume_24h) && is_size(tick->market_cap), "sizes are >= 0");
        MUST_HOLD(is_time(tick->observed_at_ms), "a tick is of a time that can be");
        MUST_HOLD(i == 0 || strcmp(batch->ticks[i - 1].symbol, tick->symbol) < 0,
                  "one tick a symbol, in their order");
    }
}

static void
check_listings(const struct batch *batch)
{
    for (size_t i = 0; i < batch->listing_count; i++) {
        const struct listing *listing = &batch->listings[i];

        MUST_HOLD(is_price(listing->price) && is_time(listing->observed_at_ms),
                  "a listing has a price and a time");
        MUST_HOLD(listing->rank >= 0 && listing->name && listing->ticker, "a listing has names");
        MUST_HOLD(i == 0 || strcmp(batch->listings[i - 1].symbol, listing->symbol) < 0,
                  "one listing a symbol, in their order");
    }
}

static void
check_candles(const struct batch *batch)
{
    int64_t step_ms = (int64_t)batch->candle_interval_s * 1000;

    for (size_t i = 0; i < batch->candle_count; i++) {
        const struct candle *candle = &batch->candles[i];

        MUST_HOLD(is_price(candle->open) && is_price(candle->close) && is_price(candle->low) &&
                      is_price(candle->high),
                  "a candle's prices are > 0");
        MUST_HOLD(decimal_compare(candle->low, candle->open) <= 0 &&
                      decimal_compare(candle->low, candle->close) <= 0 &&
                      decimal_compare(candle->open, candle->high) <= 0 &&
                      decimal_compare(candle->close, candle->high) <= 0,
                  "low <= open, close <= high");
        MUST_HOLD(candle->open_time_ms % step_ms == 0, "a candle opens on its grid");
        MUST_HOLD(is_time(candle->open_time_ms) && candle->open_time_ms + step_ms <= FEED_NOW_MS,
                  "a candle is closed");
        MUST_HOLD(i == 0 || batch->candles[i - 1].open_time_ms < candle->open_time_ms,
                  "candles ascend");
        MUST_HOLD(candle->trades >= -1 && candle->inputs >= 1, "counts can be");
    }
    MUST_HOLD(batch->candle_count == 0 || (batch->candle_symbol && batch->candle_interval_s > 0),
              "candles are of a market");
}

static void
check_references(const struct batch *batch)
{
    for (size_t i = 0; i < batch->reference_count; i++) {
        const struct reference *reference = &batch->references[i];

        MUST_HOLD(reference->symbol[0] && reference->ticker[0] && reference->rank >= 0,
                  "a reference has a symbol and a ticker");
        MUST_HOLD(i == 0 || strcmp(batch->references[i - 1].symbol, reference->symbol) < 0,
                  "one reference a symbol, in their order");
    }
}

static void
check_rejects(const struct batch *batch)
{
    MUST_HOLD(batch->reject_count <= BATCH_REJECTS_MAX && batch->reject_count <= batch->rejected,
              "a bounded number of rejects is kept");
    for (size_t i = 0; i < batch->reject_count; i++) {
        const struct reject *reject = &batch->rejects[i];
        const unsigned char *at = (const unsigned char *)reject->excerpt;
        const unsigned char *end = at + strlen(reject->excerpt);

        MUST_HOLD(reject->where[0] && reject->reason[0], "a reject has a place and a reason");
        MUST_HOLD(end - at <= EXCERPT_MAX, "an excerpt is short");
        for (; at < end; at += utf8_length(at, end))
            MUST_HOLD(utf8_length(at, end) > 0 && *at >= 0x20, "an excerpt is printable UTF-8");
    }
}

void
source_properties_hold(const struct fed *fed)
{
    MUST_HOLD(fed->parsed || (fed->err.kind != ERROR_NONE && fed->err.code && fed->err.message[0]),
              "what is not taken has a reason");
    MUST_HOLD(fed->verdict == VERDICT_OK || !fed->parsed, "only good answers are parsed");
    MUST_HOLD(fed->err.retry_after_ms >= 0, "nobody waits backwards");
    if (!fed->parsed)
        return;
    check_ticks(&fed->batch);
    check_listings(&fed->batch);
    check_candles(&fed->batch);
    check_references(&fed->batch);
    check_rejects(&fed->batch);
}

void
source_properties_check(const struct feed *feeds, size_t count, const uint8_t *data, size_t size)
{
    static const int32_t statuses[] = {400, 401, 403, 404, 418, 429, 451, 500};
    struct arena *arena = arena_create(1 << 16);
    struct feed feed;
    struct fed fed;

    if (size > 0) {
        feed = feeds[(data[0] & 7) % count];
        if (data[0] & 0x80)
            feed.status = statuses[(data[0] >> 3) & 7];
        fed = feed_body(&feed, (struct bytes){(const char *)data + 1, size - 1}, arena);
        source_properties_hold(&fed);
    }
    arena_destroy(arena);
}
