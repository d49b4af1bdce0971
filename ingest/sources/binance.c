#include "common/decimal.h"
#include "common/text.h"
#include "ingest/sources/args.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/reference.h"
#include "ingest/sources/registry.h"
#include "ingest/sources/row.h"
#include "ingest/sources/target.h"
#include "ingest/sources/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Binance spot, public market data. Limits, shapes and error codes: binance/binance-spot-api-docs,
 * rest-api.md and errors.md (2026-07).
 */
enum {
    BINANCE_SYMBOLS_MAX = 100,  /* of one ticker call */
    BINANCE_SYMBOLS_CHEAP = 20, /* up to here a ticker call weighs 2, above 40 */
    BINANCE_KLINES_MAX = 1000,  /* rows of one klines call */
    BINANCE_KLINES_WEIGHT = 2,
    BINANCE_SYMBOL_BYTES = 64,
    BINANCE_MARKETS_WEIGHT = 20,
};

/* The array of symbols in `symbols=` must be one URL-encoded JSON array without spaces. */
static bool
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, BINANCE_SYMBOLS_MAX, question->arena, &args, err))
        return false;
    text_init(&target, question->arena, 64 + args.count * 16);
    text_add_string(&target, "/api/v3/ticker/24hr?symbols=%5B");
    for (size_t i = 0; i < args.count; i++) {
        text_add_string(&target, i ? ",%22" : "%22");
        target_add_encoded(&target, args.symbols[i]);
        text_add_string(&target, "%22");
    }
    text_add_string(&target, "%5D");
    request->target = text_finish(&target).data;
    request->weight = args.count <= BINANCE_SYMBOLS_CHEAP ? 2 : 40;
    return true;
}

/*
 * The oldest rows from startTime on come first, so the window stays open up to the present: a
 * market's first page begins where it was listed, however long before that we start to ask.
 */
static bool
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct history_args args;
    struct progress progress;
    struct text target;

    if (!args_read_history(question->job, &args, err) ||
        !progress_plan(question, &args, RECORDS_EARLIEST_MS, BINANCE_KLINES_MAX, &progress,
                       ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, question->arena, 160);
    text_add_string(&target, "/api/v3/klines?symbol=");
    target_add_encoded(&target, args.symbol);
    text_add_format(&target, "&interval=%s&startTime=%" PRId64 "&endTime=%" PRId64 "&limit=%d",
                    args.interval, progress.from_ms, progress.end_ms - 1, BINANCE_KLINES_MAX);
    request->target = text_finish(&target).data;
    request->weight = BINANCE_KLINES_WEIGHT;
    request->from_ms = progress.from_ms;
    request->to_ms = progress.end_ms;
    return true;
}

/* All markets at once. The sets of permissions would make the answer three times as large. */
static bool
request_reference(const struct question *question, struct request *request, bool *ret_done,
                  struct error *err)
{
    struct reference_args args;

    if (!args_read_reference(question->job, 0, &args, err))
        return false;
    request->target = "/api/v3/exchangeInfo?showPermissionSets=false";
    request->weight = BINANCE_MARKETS_WEIGHT;
    return true;
}

/* Error codes that do not mean what their HTTP status says. */
static const struct {
    int64_t code;
    enum verdict verdict;
    const char *error_code;
} error_codes[] = {
    {-1000, VERDICT_TRANSIENT, "provider.server_error"}, /* unknown error on their side */
    {-1001, VERDICT_TRANSIENT, "provider.server_error"}, /* disconnected */
    {-1003, VERDICT_LIMITED,   "provider.limited"     }, /* too many requests */
    {-1006, VERDICT_TRANSIENT, "provider.server_error"}, /* unexpected response */
    {-1007, VERDICT_TRANSIENT, "provider.timeout"     },
    {-1008, VERDICT_TRANSIENT, "provider.server_error"}, /* busy */
    {-1015, VERDICT_LIMITED,   "provider.limited"     },
    {-1016, VERDICT_TRANSIENT, "provider.server_error"}, /* service shutting down */
    {-1120, VERDICT_PERMANENT, "provider.refused"     }, /* bad interval */
    {-1121, VERDICT_PERMANENT, "provider.not_found"   }, /* bad symbol */
};

/* A ban names its end in the message ("IP banned until 1660090423228"), also without a header. */
static int64_t
ban_left_ms(const struct payload *payload, const char *message)
{
    const char *until = message ? strstr(message, "banned until ") : NULL;
    int64_t until_ms = until ? strtoll(until + strlen("banned until "), NULL, 10) : 0;

    return until_ms > payload->fetched_at_ms ? until_ms - payload->fetched_at_ms : 0;
}

static enum verdict
classify_error(const struct payload *payload, int64_t code, const char *detail, struct error *err)
{
    if (payload->status <= 400) {
        for (size_t i = 0; i < COUNT_OF(error_codes); i++) {
            if (code == error_codes[i].code)
                return verdict_set(payload, error_codes[i].verdict, error_codes[i].error_code,
                                   detail, err);
        }
    }
    if (payload->status == 200)
        return verdict_set(payload, VERDICT_PERMANENT, "provider.error", detail, err);
    return verdict_by_status(payload, detail, err);
}

static enum verdict
binance_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *body = verdict_error_body(payload, arena);
    const char *message = json_string(json_get(body, "msg"));
    const char *detail = verdict_detail(json_get(body, "msg"), arena);
    enum verdict verdict;
    int64_t code;

    if (!json_integer(json_get(body, "code"), &code))
        return verdict_by_status(payload, NULL, err);
    verdict = classify_error(payload, code, detail, err);
    if (verdict == VERDICT_LIMITED && err->retry_after_ms < ban_left_ms(payload, message))
        err->retry_after_ms = ban_left_ms(payload, message);
    return verdict;
}

/*
 * A market that is halted or delisted is listed for ever, with zeros for prices and a count of 0:
 * that is no price, not a price of 0.
 */
static void
parse_ticker(const struct json *value, size_t index, struct quote_args *asked,
             struct records *records)
{
    struct row row = row_begin(records, index);
    struct tick tick = {
        .symbol =
            row_text(&row, "symbol", json_get(value, "symbol"), BINANCE_SYMBOL_BYTES, ROW_REQUIRED),
        .price = row_decimal(&row, "lastPrice", json_get(value, "lastPrice"), ROW_REQUIRED),
        .volume_24h =
            row_decimal(&row, "quoteVolume", json_get(value, "quoteVolume"), ROW_OPTIONAL),
        .change_24h_percent = row_decimal(&row, "priceChangePercent",
                                          json_get(value, "priceChangePercent"), ROW_OPTIONAL),
        .observed_at_ms =
            row_integer(&row, "closeTime", json_get(value, "closeTime"), 0, ROW_REQUIRED),
    };
    int64_t count = row_integer(&row, "count", json_get(value, "count"), -1, ROW_OPTIONAL);

    if (row.bad)
        return;
    if (!args_answer(asked, tick.symbol))
        row_reject(&row, "symbol", "symbol.unasked", tick.symbol);
    else if (count == 0 && decimal_is_zero(tick.price))
        row_reject(&row, NULL, "market.halted", tick.symbol);
    else
        records_add_tick(records, index, &tick);
}

/* One symbol may come as an object, several as an array. */
static bool
read_tickers(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    const struct json *value = json_is_array(tree) ? json_first(tree) : tree;
    struct quote_args asked;
    size_t index = 0;

    if (!args_read_quote(answer->job, RECORDS_MAX, records->arena, &asked, err))
        return false;
    if (!json_is_array(tree) && !json_is_object(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "tickers are no list");
    for (; value; value = json_is_array(tree) ? json_next(value) : NULL)
        parse_ticker(value, index++, &asked, records);
    args_reject_unanswered(&asked, records);
    return true;
}

/* [open time, open, high, low, close, volume, close time, quote volume, trades, ...] */
static void
parse_kline(const struct json *value, size_t index, struct records *records)
{
    const struct json *cells[9] = {NULL};
    struct row row = row_begin(records, index);
    struct candle candle;

    if (row_elements(value, cells, COUNT_OF(cells)) < COUNT_OF(cells)) {
        row_reject(&row, NULL, "row.shape", NULL);
        return;
    }
    candle = (struct candle){
        .open_time_ms = row_integer(&row, "open_time", cells[0], 0, ROW_REQUIRED),
        .open = row_decimal(&row, "open", cells[1], ROW_REQUIRED),
        .high = row_decimal(&row, "high", cells[2], ROW_REQUIRED),
        .low = row_decimal(&row, "low", cells[3], ROW_REQUIRED),
        .close = row_decimal(&row, "close", cells[4], ROW_REQUIRED),
        .volume = row_decimal(&row, "volume", cells[5], ROW_OPTIONAL),
        .quote_volume = row_decimal(&row, "quote_volume", cells[7], ROW_OPTIONAL),
        .trades = row_integer(&row, "trades", cells[8], -1, ROW_OPTIONAL),
        .inputs = 1,
    };
    if (!row.bad)
        records_add_candle(records, index, &candle);
}

static bool
read_klines(const struct answer *answer, struct records *records, struct error *err)
{
    size_t index = 0;

    if (!args_begin_series(answer->job, answer->request, CANDLE_PROVIDER, records, err))
        return false;
    if (!json_is_array(answer->tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "klines are no list");
    for (const struct json *value = json_first(answer->tree); value; value = json_next(value))
        parse_kline(value, index++, records);
    return true;
}

/* A market that is halted or was taken off stays in the list; it is no market of today. */
static void
parse_market(const struct json *entry, struct row *row)
{
    const char *status = row_text(row, "status", json_get(entry, "status"), 64, ROW_REQUIRED);
    const char *quote = row_text(row, "quoteAsset", json_get(entry, "quoteAsset"),
                                 RECORDS_QUOTE_BYTES, ROW_REQUIRED);
    struct reference market = {
        .symbol =
            row_text(row, "symbol", json_get(entry, "symbol"), RECORDS_SYMBOL_BYTES, ROW_REQUIRED),
        .ticker = row_text(row, "baseAsset", json_get(entry, "baseAsset"), RECORDS_TICKER_BYTES,
                           ROW_REQUIRED),
        .quote = reference_lower(quote, row->records->arena),
    };

    if (row->bad)
        return;
    market.active = strcmp(status, "TRADING") == 0;
    records_add_reference(row->records, row->index, &market);
}

/* History goes on after the last candle that came; an empty answer moves nothing. */
static void
go_on_after_klines(const struct answer *answer, struct batch *batch)
{
    int64_t next_ms;

    if (batch->candle_count == 0)
        return;
    next_ms = batch->candles[batch->candle_count - 1].open_time_ms +
              (int64_t)batch->candle_interval_s * 1000;
    batch->position = progress_position(answer->request, next_ms, answer->arena);
    batch->more = batch->position && json_count(answer->tree) >= BINANCE_KLINES_MAX &&
                  next_ms < answer->request->to_ms;
}

static const struct reference_list markets = {
    .member = "symbols", .whole = true, .id = "symbol", .parse = parse_market};

const struct source binance_source = {
    .name = "binance",
    .about = "Binance spot: 24 h tickers and klines of exchange pairs",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.binance.com",
    .key_header = NULL,
    .budget_per_minute = 4800, /* weight; the published limit is 6,000 per address */
    .weighs = true,
    .used_header = "x-mbx-used-weight-1m",
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "[", read_tickers},
                [JOB_HISTORY] = {ARGS_HISTORY, request_history, "[", read_klines, go_on_after_klines},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_reference, .list = &markets},
                },
    .classify = binance_classify,
};
