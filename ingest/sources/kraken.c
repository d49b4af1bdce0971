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
 * Kraken spot, public market data: docs.kraken.com/api, "Get Ticker Information", "Get OHLC Data"
 * and "Get Tradable Asset Pairs". Every answer is {"error":[...],"result":{...}}, errors too, under
 * status 200.
 *
 * A market's symbol is the key that Kraken itself answers with ("XXBTZUSD"), which its requests
 * take as well. It also takes other spellings ("XBTUSD"), but an answer under another key than the
 * one that was asked for is not taken: whether both are one market is not ours to guess.
 */
enum {
    KRAKEN_SYMBOLS_MAX = 100,  /* of one ticker call; one unknown market fails all of them */
    KRAKEN_CANDLES_KEPT = 720, /* the newest of each interval, whatever `since` says; the last of
                                  them is the one in progress */
};

static bool
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, KRAKEN_SYMBOLS_MAX, question->arena, &args, err))
        return false;
    text_init(&target, question->arena, 64 + args.count * 16);
    text_add_string(&target, "/0/public/Ticker?pair=");
    for (size_t i = 0; i < args.count; i++) {
        text_add_string(&target, i ? "," : "");
        target_add_encoded(&target, args.symbols[i]);
    }
    request->target = text_finish(&target).data;
    return true;
}

/* `since` may or may not be inclusive (the documentation says both), so it is a second earlier. */
static bool
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct history_args args;
    struct progress progress;
    struct text target;
    int64_t reach_ms;

    if (!args_read_history(question->job, &args, err))
        return false;
    reach_ms = question->now_ms - KRAKEN_CANDLES_KEPT * (int64_t)args.interval_s * 1000;
    if (!progress_plan(question, &args, reach_ms, KRAKEN_CANDLES_KEPT, &progress, ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, question->arena, 160);
    text_add_string(&target, "/0/public/OHLC?pair=");
    target_add_encoded(&target, args.symbol);
    text_add_format(&target, "&interval=%d&since=%" PRId64, (int)args.interval_s / 60,
                    progress.from_ms / 1000 - 1);
    request->target = text_finish(&target).data;
    request->from_ms = progress.from_ms;
    request->to_ms = progress.to_ms;
    return true;
}

static bool
request_reference(const struct question *question, struct request *request, bool *ret_done,
                  struct error *err)
{
    struct reference_args args;

    request->target = "/0/public/AssetPairs";
    return args_read_reference(question->job, 0, &args, err);
}

/* What their errors mean, by how they begin; the first row that fits counts. */
static const struct {
    const char *begins;
    enum verdict verdict;
    const char *code;
} error_words[] = {
    {"EAPI:Rate limit exceeded",   VERDICT_LIMITED,   "provider.limited"     },
    {"EGeneral:Too many requests", VERDICT_LIMITED,   "provider.limited"     },
    {"EGeneral:Temporary lockout", VERDICT_LIMITED,   "provider.limited"     },
    {"EService:Throttled",         VERDICT_LIMITED,   "provider.limited"     },
    {"EService:",                  VERDICT_TRANSIENT, "provider.server_error"}, /* Unavailable, Busy */
    {"EGeneral:Internal error",    VERDICT_TRANSIENT, "provider.server_error"},
    {"EQuery:Unknown",             VERDICT_PERMANENT, "provider.not_found"   },
    {"EGeneral:Invalid arguments", VERDICT_PERMANENT, "provider.refused"     },
    {"",                           VERDICT_PERMANENT, "provider.error"       },
};

static size_t
find_words(const char *text)
{
    size_t i = 0;

    while (strncmp(text, error_words[i].begins, strlen(error_words[i].begins)) != 0)
        i++;
    return i;
}

/*
 * The error to act on: of several the one that asks for most patience. "W..." are warnings, and no
 * error. NULL if there is none.
 */
static const struct json *
find_error(const struct json *body)
{
    const struct json *found = NULL, *errors = json_get(body, "error");
    size_t best = COUNT_OF(error_words);

    for (const struct json *child = json_is_array(errors) ? json_first(errors) : NULL; child;
         child = json_next(child)) {
        const char *text = json_string(child);
        size_t row = text ? find_words(text) : COUNT_OF(error_words) - 1;

        if ((!text || text[0] != 'W') && row < best) {
            found = child;
            best = row;
        }
    }
    return found;
}

/* "EService:Throttled: 1660090423" says until when, in unix seconds. */
static int64_t
throttle_left_ms(const struct payload *payload, const char *text)
{
    const char *until = strstr(text, "Throttled:");
    int64_t until_s = until ? strtoll(until + strlen("Throttled:"), NULL, 10) : 0;

    if (until_s <= 0 || until_s > RECORDS_SECONDS_MAX || until_s * 1000 <= payload->fetched_at_ms)
        return 0;
    return until_s * 1000 - payload->fetched_at_ms;
}

static enum verdict
kraken_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *found = find_error(verdict_error_body(payload, arena));
    const char *text = json_string(found) ? json_string(found) : "", *detail;
    enum verdict verdict;
    size_t row;

    if (!found)
        return verdict_by_status(payload, NULL, err);
    detail = verdict_detail(found, arena);
    row = find_words(text);
    if (payload->status != 200 && payload->status != 400)
        verdict = verdict_by_status(payload, detail, err);
    else
        verdict =
            verdict_set(payload, error_words[row].verdict, error_words[row].code, detail, err);
    if (verdict == VERDICT_LIMITED && err->retry_after_ms == 0)
        err->retry_after_ms = throttle_left_ms(payload, text);
    return verdict;
}

/* What is in the envelope. */
static bool
open_envelope(const struct json *tree, const struct json **ret_result, struct error *err)
{
    const struct json *result = json_get(tree, "result");

    if (!json_is_array(json_get(tree, "error")) || !json_is_object(result))
        return error_set(err, ERROR_REJECT, "payload.shape", "no list of errors and no result");
    if (find_error(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "a result beside an error");
    *ret_result = result;
    return true;
}

/*
 * A ticker says no time, so its price is as old as the answer. "c" is the last
 * trade: [price, lots]. "v" and "p" are volume in the base currency and average price, each [today,
 * last 24 hours]; their product would be the quote volume only as far as the average is exact,
 * which it is not. "o" is what the UTC day opened with, not the price of 24 hours ago. So neither
 * volume_24h nor the change is known.
 */
static void
parse_ticker(const struct json *value, size_t index, struct quote_args *asked,
             const struct payload *payload, struct records *records)
{
    const struct json *last[1] = {NULL}, *trades[2] = {NULL};
    struct row row = row_begin(records, index);
    struct tick tick = {
        .symbol = json_key(value),
        .observed_at_ms = payload->fetched_at_ms,
    };
    int64_t count = -1;

    if (!args_answer(asked, tick.symbol)) {
        row_reject(&row, NULL, "symbol.unasked", tick.symbol);
        return;
    }
    row_elements(json_get(value, "c"), last, COUNT_OF(last));
    tick.price = row_decimal(&row, "c", last[0], ROW_REQUIRED);
    if (row_elements(json_get(value, "t"), trades, COUNT_OF(trades)) == COUNT_OF(trades))
        count = row_integer(&row, "t", trades[1], -1, ROW_OPTIONAL);
    if (row.bad)
        return;
    if (count == 0 && decimal_is_zero(tick.price))
        row_reject(&row, NULL, "market.halted", tick.symbol);
    else
        records_add_tick(records, index, &tick);
}

static bool
read_tickers(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *result;
    struct quote_args asked;
    size_t index = 0;

    if (!open_envelope(answer->tree, &result, err) ||
        !args_read_quote(answer->job, KRAKEN_SYMBOLS_MAX, records->arena, &asked, err))
        return false;
    for (const struct json *value = json_first(result); value; value = json_next(value))
        parse_ticker(value, index++, &asked, answer->payload, records);
    args_reject_unanswered(&asked, records);
    return true;
}

/*
 * [time in seconds, open, high, low, close, vwap, volume, count]. A period without trades repeats
 * the last close, with a volume of 0: it is a candle like others.
 */
static void
parse_candle(const struct json *value, size_t index, int64_t last_s, struct records *records)
{
    const struct json *cells[8] = {NULL};
    struct row row = row_begin(records, index);
    struct candle candle;
    int64_t open_time_s;

    if (row_elements(value, cells, COUNT_OF(cells)) < COUNT_OF(cells)) {
        row_reject(&row, NULL, "row.shape", NULL);
        return;
    }
    open_time_s = row_integer(&row, "time", cells[0], 0, ROW_REQUIRED);
    if (open_time_s < 0 || open_time_s > RECORDS_SECONDS_MAX)
        row_reject(&row, "time", "time.malformed", json_number(cells[0]));
    if (row.bad || open_time_s > last_s)
        return; /* later than the last finished one: in progress */
    candle = (struct candle){
        .open_time_ms = open_time_s * 1000,
        .open = row_decimal(&row, "open", cells[1], ROW_REQUIRED),
        .high = row_decimal(&row, "high", cells[2], ROW_REQUIRED),
        .low = row_decimal(&row, "low", cells[3], ROW_REQUIRED),
        .close = row_decimal(&row, "close", cells[4], ROW_REQUIRED),
        .volume = row_decimal(&row, "volume", cells[6], ROW_OPTIONAL),
        .trades = row_integer(&row, "count", cells[7], -1, ROW_OPTIONAL),
        .inputs = 1,
    };
    if (!row.bad)
        records_add_candle(records, index, &candle);
}

/* {"XXBTZUSD":[rows],"last":the open time of the last finished one} */
static bool
read_candles(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *result, *rows;
    size_t index = 0;
    int64_t last_s;

    if (!open_envelope(answer->tree, &result, err) ||
        !args_begin_series(answer->job, answer->request, CANDLE_PROVIDER, records, err))
        return false;
    rows = json_get(result, records->series.symbol);
    if (!json_is_array(rows))
        return error_set(err, ERROR_REJECT, "payload.shape", "no candles of %s",
                         records->series.symbol);
    if (!json_integer(json_get(result, "last"), &last_s))
        return error_set(err, ERROR_REJECT, "payload.shape", "no last finished candle");
    for (const struct json *value = json_first(rows); value; value = json_next(value))
        parse_candle(value, index++, last_s, records);
    return true;
}

/*
 * History goes on after the last candle that came: that is one answer, because older candles than
 * those in it do not exist.
 */
static void
go_on_after_candles(const struct answer *answer, struct batch *batch)
{
    if (batch->candle_count == 0)
        return;
    batch->position = progress_position(answer->request,
                                        batch->candles[batch->candle_count - 1].open_time_ms +
                                            (int64_t)batch->candle_interval_s * 1000,
                                        answer->arena);
}

/* Assets that Kraken calls otherwise than everybody else. */
static const struct {
    const char *theirs, *ours;
} aliases[] = {
    {"XBT", "BTC" },
    {"XDG", "DOGE"},
};

static const char *
asset_ticker(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        if (strcmp(name, aliases[i].theirs) == 0)
            return aliases[i].ours;
    }
    return name;
}

static bool
is_dark_pool(const char *symbol)
{
    size_t size = strlen(symbol);

    return size > 2 && strcmp(symbol + size - 2, ".d") == 0;
}

/* Where one can still trade. Older answers say no status, and list no other market. */
static bool
is_active(const char *status)
{
    static const char *const words[] = {"online", "post_only", "limit_only", "reduce_only"};

    for (size_t i = 0; status && i < COUNT_OF(words); i++) {
        if (strcmp(status, words[i]) == 0)
            return true;
    }
    return !status;
}

/*
 * "base" and "quote" of an entry carry a prefix X or Z with old assets only (XXBT, ZUSD, but XTZ
 * and ZRX), so they tell nothing by themselves. "wsname" ("XBT/USD") is without; dark pools have
 * none.
 */
static void
parse_pair(const struct json *value, size_t index, struct records *records)
{
    struct row row = row_begin(records, index);
    const char *symbol = json_key(value), *name, *slash, *base, *status;

    if (is_dark_pool(symbol)) {
        row_reject(&row, NULL, "market.dark_pool", symbol);
        return;
    }
    name = row_text(&row, "wsname", json_get(value, "wsname"),
                    RECORDS_TICKER_BYTES + 1 + RECORDS_QUOTE_BYTES, ROW_REQUIRED);
    status = row_text(&row, "status", json_get(value, "status"), RECORDS_NAME_BYTES, ROW_OPTIONAL);
    slash = name ? strchr(name, '/') : NULL;
    if (!slash || strchr(slash + 1, '/'))
        row_reject(&row, "wsname", "row.shape", name);
    if (row.bad)
        return;
    base = arena_copy(records->arena, name, (size_t)(slash - name));
    records_add_reference(records, index,
                          &(struct reference){
                              .symbol = symbol,
                              .ticker = asset_ticker(base),
                              .quote = reference_lower(asset_ticker(slash + 1), records->arena),
                              .active = is_active(status),
                          });
}

static bool
read_pairs(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *result;
    size_t index = 0;

    if (!open_envelope(answer->tree, &result, err))
        return false;
    for (const struct json *value = json_first(result); value; value = json_next(value))
        parse_pair(value, index++, records);
    return true;
}

/* All markets came if every entry is a market or a dark pool. */
static bool
is_whole(const struct batch *batch)
{
    size_t dark = 0;

    for (size_t i = 0; i < batch->reject_count; i++)
        dark += strcmp(batch->rejects[i].reason, "market.dark_pool") == 0;
    return batch->reference_count > 0 && batch->rejected == dark;
}

static void
go_on_after_pairs(const struct answer *answer, struct batch *batch)
{
    batch->references_whole = is_whole(batch);
    batch->position = progress_position(answer->request, answer->job->slot_s * 1000, answer->arena);
}

const struct source kraken_source = {
    .name = "kraken",
    .about = "Kraken: tickers, markets and the newest 720 candles of exchange pairs",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.kraken.com",
    .key_header = NULL,
    .budget_per_minute = 60, /* calls; one a second is safe: support.kraken.com 206548367 */
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "[", read_tickers},
                [JOB_HISTORY] = {ARGS_HISTORY, request_history, "[", read_candles, go_on_after_candles},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_reference, "[", read_pairs,
                               go_on_after_pairs},
                },
    .classify = kraken_classify,
};
