#include "common/text.h"
#include "ingest/sources/aggregator.h"
#include "ingest/sources/args.h"
#include "ingest/sources/points.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/reference.h"
#include "ingest/sources/registry.h"
#include "ingest/sources/row.h"
#include "ingest/sources/target.h"
#include "ingest/sources/verdict.h"

#include <inttypes.h>
#include <string.h>

/*
 * CoinGecko, keyless or with a demo key. Paths, granularity and limits:
 * coingecko/coingecko-api-oas, demo-api.json; docs.coingecko.com/docs/errors-and-rate-limits.
 */
enum {
    COINGECKO_PAGE_MAX = 250,
};

#define DAY_MS INT64_C(86400000)
/* Free history ends 365 days back; an hour less, because our clock and theirs differ. */
#define COINGECKO_HISTORY_MS (365 * DAY_MS - INT64_C(3600000))

/* ---- what to fetch ---- */

static void
begin_markets(struct text *target, const char *currency, struct arena *arena)
{
    text_init(target, arena, 256);
    text_add_string(target, "/coins/markets?vs_currency=");
    target_add_encoded(target, currency);
}

/* Ids are joined by bare commas: after a comma and a space the API silently stops reading. */
static bool
request_quote(const struct job *job, struct arena *arena, struct request *ret_request,
              struct error *err)
{
    const char *currency, *id;
    struct quote_args args;
    struct text target;

    if (!args_read_quote(job, COINGECKO_PAGE_MAX, arena, &args, err) ||
        !aggregator_quote_currency(&args, arena, &currency, err))
        return false;
    begin_markets(&target, currency, arena);
    for (size_t i = 0; i < args.count; i++) {
        if (!aggregator_split_symbol(args.symbols[i], arena, &id, &currency, err))
            return false;
        text_add_string(&target, i ? "," : "&ids=");
        target_add_encoded(&target, id);
    }
    text_add_format(&target, "&order=market_cap_desc&per_page=%d&page=1&precision=full",
                    COINGECKO_PAGE_MAX);
    ret_request->target = text_finish(&target).data;
    return true;
}

static bool
request_listing(const struct job *job, struct arena *arena, struct request *ret_request,
                struct error *err)
{
    struct listing_args args;
    struct text target;

    if (!args_read_listing(job, COINGECKO_PAGE_MAX, &args, err))
        return false;
    begin_markets(&target, args.currency, arena);
    text_add_format(&target,
                    "&order=market_cap_desc&per_page=%" PRId64 "&page=%" PRId64 "&precision=full",
                    args.per_page, args.page);
    ret_request->target = text_finish(&target).data;
    return true;
}

/*
 * The span asked for decides how dense the points are: one day back from now gives 5 minutes, 2 to
 * 90 days give hours, more gives days. Nothing finer can be had further back, but hours can: as
 * windows of at most 90 days through /range. A day less, so that a second does not tip it over.
 */
struct density {
    int32_t interval_s;
    int64_t days_min, days_max; /* of market_chart?days= */
    int64_t reach_ms;           /* how far back this interval can be had at all */
};

static const struct density densities[] = {
    {300,   1,  1,   DAY_MS              },
    {3600,  2,  89,  COINGECKO_HISTORY_MS},
    {86400, 91, 365, COINGECKO_HISTORY_MS},
};

static const struct density *
find_density(int32_t interval_s)
{
    for (size_t i = 0; i < COUNT_OF(densities) - 1; i++) {
        if (densities[i].interval_s == interval_s)
            return &densities[i];
    }
    return &densities[COUNT_OF(densities) - 1];
}

/* The days to ask for so that `from_ms` is among them; 0 if it lies further back than `days`. */
static int64_t
days_back(const struct density *density, int64_t from_ms, int64_t now_ms)
{
    int64_t days = (now_ms - from_ms + DAY_MS - 1) / DAY_MS;

    if (days > density->days_max)
        return 0;
    return days < density->days_min ? density->days_min : days;
}

static void
set_chart_target(const char *id, const char *currency, const struct density *density,
                 const struct progress *progress, int64_t now_ms, struct arena *arena,
                 struct request *ret_request)
{
    int64_t days = days_back(density, progress->from_ms, now_ms);
    struct text target;

    text_init(&target, arena, 160);
    text_add_string(&target, "/coins/");
    target_add_encoded(&target, id);
    text_add_string(&target,
                    days ? "/market_chart?vs_currency=" : "/market_chart/range?vs_currency=");
    target_add_encoded(&target, currency);
    if (days)
        text_add_format(&target, "&days=%" PRId64, days);
    else
        text_add_format(&target, "&from=%" PRId64 "&to=%" PRId64, progress->from_ms / 1000,
                        progress->to_ms / 1000);
    text_add_string(&target, "&precision=full");
    ret_request->target = text_finish(&target).data;
    ret_request->from_ms = progress->from_ms;
    ret_request->to_ms = days ? progress->end_ms : progress->to_ms;
}

static bool
request_history(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                struct request *ret_request, bool *ret_done, struct error *err)
{
    const struct density *density;
    const char *id, *currency;
    struct history_args args;
    struct progress progress;
    int64_t capacity;

    if (!args_read_history(job, &args, err) ||
        !aggregator_split_symbol(args.symbol, arena, &id, &currency, err))
        return false;
    density = find_density(args.interval_s);
    capacity = density->days_max * DAY_MS / 1000 / args.interval_s;
    if (!progress_plan(job, &args, position, now_ms, now_ms - density->reach_ms, capacity,
                       &progress, ret_done, err))
        return false;
    if (!*ret_done)
        set_chart_target(id, currency, density, &progress, now_ms, arena, ret_request);
    return true;
}

static bool
request_reference(const struct job *job, struct request *ret_request, struct error *err)
{
    struct reference_args args;

    ret_request->target = "/coins/list?include_platform=false";
    return args_read_reference(job, 0, &args, err);
}

static bool
coingecko_request(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                  struct request *ret_request, bool *ret_done, struct error *err)
{
    struct request request = {.position = position, .weight = 1};
    bool done = false, made;

    if (job->kind == JOB_QUOTE)
        made = request_quote(job, arena, &request, err);
    else if (job->kind == JOB_LISTING)
        made = request_listing(job, arena, &request, err);
    else if (job->kind == JOB_HISTORY)
        made = request_history(job, position, now_ms, arena, &request, &done, err);
    else if (job->kind == JOB_REFERENCE)
        made = request_reference(job, &request, err);
    else
        made = args_refuse_kind(job, err);
    if (!made)
        return false;
    *ret_done = done;
    if (!done)
        *ret_request = request;
    return true;
}

/* ---- what an answer means ---- */

/*
 * Four shapes: {"error":"..."}, {"status":500,"error":"..."},
 * {"status":{"error_code","error_message"}} and the same inside of "error".
 */
static bool
read_error(const struct json *body, struct arena *arena, int64_t *ret_code, const char **ret_detail)
{
    const struct json *error = json_get(body, "error");
    const struct json *status = json_get(json_is_object(error) ? error : body, "status");
    const struct json *code = json_is_object(status) ? json_get(status, "error_code") : status;

    *ret_code = 0;
    if (!json_integer(code, ret_code) && !json_is_string(error) && !json_is_object(status))
        return false;
    *ret_detail =
        verdict_detail(json_is_object(status) ? json_get(status, "error_message") : error, arena);
    return true;
}

static enum verdict
classify_code(const struct payload *payload, int64_t code, const char *detail, struct error *err)
{
    if (code == 10012)
        return verdict_set(payload, VERDICT_PERMANENT, "provider.history_limit", detail, err);
    if (payload->status != 200)
        return verdict_by_status(payload, detail, err);
    if (code == 429)
        return verdict_set(payload, VERDICT_LIMITED, "provider.limited", detail, err);
    if (code >= 500 && code < 600)
        return verdict_set(payload, VERDICT_TRANSIENT, "provider.server_error", detail, err);
    return verdict_set(payload, VERDICT_PERMANENT, "provider.error", detail, err);
}

static enum verdict
coingecko_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *body = verdict_error_body(payload, arena);
    const char *detail;
    int64_t code;

    if (!read_error(body, arena, &code, &detail))
        return verdict_by_status(payload, NULL, err);
    return classify_code(payload, code, detail, err);
}

/* ---- what an answer says ---- */

static const char *
read_decimal(struct row *row, const struct json *value, const char *member)
{
    return row_decimal(row, member, json_get(value, member), ROW_OPTIONAL);
}

static struct listing
read_listing(struct row *row, const struct json *value)
{
    return (struct listing){
        .asset = row_text(row, "id", json_get(value, "id"), AGGREGATOR_ID_BYTES, ROW_REQUIRED),
        .ticker = row_text(row, "symbol", json_get(value, "symbol"), AGGREGATOR_TICKER_BYTES,
                           ROW_REQUIRED),
        .name = row_text(row, "name", json_get(value, "name"), AGGREGATOR_NAME_BYTES, ROW_REQUIRED),
        .price = row_decimal(row, "current_price", json_get(value, "current_price"), ROW_REQUIRED),
        .observed_at_ms =
            row_iso_ms(row, "last_updated", json_get(value, "last_updated"), ROW_REQUIRED),
        .rank = aggregator_rank(row, value, "market_cap_rank"),
        .market_cap = read_decimal(row, value, "market_cap"),
        .fully_diluted_valuation = read_decimal(row, value, "fully_diluted_valuation"),
        .volume_24h = read_decimal(row, value, "total_volume"),
        .high_24h = read_decimal(row, value, "high_24h"),
        .low_24h = read_decimal(row, value, "low_24h"),
        .change_24h = read_decimal(row, value, "price_change_24h"),
        .change_24h_percent = read_decimal(row, value, "price_change_percentage_24h"),
        .circulating_supply = read_decimal(row, value, "circulating_supply"),
        .total_supply = read_decimal(row, value, "total_supply"),
        .max_supply = read_decimal(row, value, "max_supply"),
        .ath = read_decimal(row, value, "ath"),
        .ath_at_ms = row_iso_ms(row, "ath_date", json_get(value, "ath_date"), ROW_OPTIONAL),
        .atl = read_decimal(row, value, "atl"),
        .atl_at_ms = row_iso_ms(row, "atl_date", json_get(value, "atl_date"), ROW_OPTIONAL),
    };
}

/* A market row is both: the price at a moment, and the coin's place in the list. */
static void
parse_market(const struct json *value, size_t index, const char *currency, struct quote_args *asked,
             struct records *records)
{
    struct row row = row_begin(records, index);
    struct listing listing = read_listing(&row, value);

    aggregator_add_market(&row, &listing, listing.asset, currency, asked);
}

static bool
parse_markets(const struct job *job, const struct json *tree, struct records *records,
              struct error *err)
{
    struct listing_args listing;
    struct quote_args quote;
    const char *currency;
    size_t index = 0;

    if (job->kind == JOB_QUOTE) {
        if (!args_read_quote(job, COINGECKO_PAGE_MAX, records->arena, &quote, err) ||
            !aggregator_quote_currency(&quote, records->arena, &currency, err))
            return false;
    } else {
        if (!args_read_listing(job, COINGECKO_PAGE_MAX, &listing, err))
            return false;
        currency = listing.currency;
    }
    if (!json_is_array(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "markets are no list");
    for (const struct json *value = json_first(tree); value; value = json_next(value))
        parse_market(value, index++, currency, job->kind == JOB_QUOTE ? &quote : NULL, records);
    if (job->kind == JOB_QUOTE)
        args_reject_unanswered(&quote, records);
    return true;
}

/* The number beside `at_ms` in the row of another series; NULL if that is of another moment. */
static const char *
number_beside(struct row *row, const struct json *pair, int64_t at_ms)
{
    const struct json *cells[2] = {NULL};
    int64_t other_ms;

    if (row_elements(pair, cells, 2) != 2 || !json_integer(cells[0], &other_ms) ||
        other_ms != at_ms)
        return NULL;
    return row_decimal(row, NULL, cells[1], ROW_OPTIONAL);
}

/* Reads [ms, price] and what stands at the same place of the two other series. */
static bool
read_point(struct row *row, const struct json *price, const struct json *cap,
           const struct json *volume, struct point *ret_point)
{
    const struct json *cells[2] = {NULL};
    const char *reason;

    if (row_elements(price, cells, 2) != 2) {
        row_reject(row, NULL, "row.shape", NULL);
        return false;
    }
    ret_point->row = row->index;
    ret_point->at_ms = row_integer(row, NULL, cells[0], 0, ROW_REQUIRED);
    ret_point->price = row_decimal(row, NULL, cells[1], ROW_REQUIRED);
    ret_point->market_cap = aggregator_known_cap(number_beside(row, cap, ret_point->at_ms), 0);
    ret_point->volume_24h = number_beside(row, volume, ret_point->at_ms);
    if (!row->bad && (reason = records_check_time(row->records, ret_point->at_ms)))
        row_reject(row, NULL, reason, json_number(cells[0]));
    if (!row->bad && (reason = records_check_price(ret_point->price)))
        row_reject(row, NULL, reason, ret_point->price);
    return !row->bad;
}

/* total_volumes is a rolling 24 h figure, not what was traded in the interval. */
static bool
parse_chart(const struct job *job, const struct request *request, const struct json *tree,
            struct records *records, struct error *err)
{
    const struct json *price = json_get(tree, "prices");
    const struct json *cap = json_first(json_get(tree, "market_caps"));
    const struct json *volume = json_first(json_get(tree, "total_volumes"));
    struct point *points;
    size_t count = 0, index = 0;

    if (!args_begin_series(job, request, CANDLE_POINTS, records, err))
        return false;
    if (!json_is_array(price))
        return error_set(err, ERROR_REJECT, "payload.shape", "the chart has no list of prices");
    points = arena_alloc_array(records->arena, json_count(price), sizeof *points);
    for (price = json_first(price); price; price = json_next(price)) {
        struct row row = row_begin(records, index++);

        if (read_point(&row, price, cap, volume, &points[count]))
            count++;
        cap = cap ? json_next(cap) : NULL;
        volume = volume ? json_next(volume) : NULL;
    }
    points_add_candles(points, count, records);
    return true;
}

/*
 * Where a history goes on: after the window if there is more beyond it, else after the newest
 * candle there is, because the point that closes the last interval may come minutes late.
 */
static void
set_history_position(const struct request *request, int64_t interval_s, struct arena *arena,
                     struct batch *batch)
{
    bool window = strstr(request->target, "/market_chart/range?") != NULL;

    if (window)
        batch->position = progress_position(request, request->to_ms, arena);
    else if (batch->candle_count)
        batch->position = progress_position(
            request, batch->candles[batch->candle_count - 1].open_time_ms + interval_s * 1000,
            arena);
    batch->more = window && batch->position;
}

/* Its ids are the names of our assets. Coins that were taken off are not in the list any more. */
static void
parse_coin(const struct json *entry, struct row *row)
{
    const char *id = row_text(row, "id", json_get(entry, "id"), RECORDS_SYMBOL_BYTES, ROW_REQUIRED);
    struct reference coin = {
        .symbol = id,
        .asset = id,
        .ticker =
            row_text(row, "symbol", json_get(entry, "symbol"), RECORDS_TICKER_BYTES, ROW_REQUIRED),
        .name = row_text(row, "name", json_get(entry, "name"), RECORDS_NAME_BYTES, ROW_REQUIRED),
        .active = true,
    };

    if (!row->bad)
        records_add_reference(row->records, row->index, &coin);
}

static const struct reference_list coins = {.whole = true, .id = "id", .parse = parse_coin};

static bool
coingecko_parse(const struct job *job, const struct request *request, const struct payload *payload,
                struct arena *arena, struct batch *ret_batch, struct error *err)
{
    const struct json *tree;
    struct records records;

    if (job->kind == JOB_REFERENCE)
        return reference_list_parse(&coins, job, request, payload, arena, ret_batch, err);
    if (!json_parse(arena, payload->body, &json_limits_payload, &tree, err))
        return false;
    if (job->kind == JOB_QUOTE || job->kind == JOB_LISTING) {
        records_init(&records, payload, "[", "]", arena);
        if (!parse_markets(job, tree, &records, err))
            return false;
        records_finish(&records, ret_batch);
        ret_batch->position = progress_position(request, job->slot_s * 1000, arena);
        return true;
    }
    if (job->kind != JOB_HISTORY)
        return args_refuse_kind(job, err);
    records_init(&records, payload, "prices[", "]", arena);
    if (!parse_chart(job, request, tree, &records, err))
        return false;
    records_finish(&records, ret_batch);
    set_history_position(request, ret_batch->candle_interval_s, arena, ret_batch);
    return true;
}

const struct source coingecko_source = {
    .name = "coingecko",
    .about = "CoinGecko: market pages, prices and price points of coins",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.coingecko.com/api/v3",
    .key_header = "x-cg-demo-api-key",
    .budget_per_minute = 30, /* calls; what the pricing page promises a demo key */
    .left_header = "x-ratelimit-remaining",
    .request = coingecko_request,
    .classify = coingecko_classify,
    .parse = coingecko_parse,
};
