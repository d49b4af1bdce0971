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
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct arena *arena = question->arena;
    const char *currency, *id;
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, COINGECKO_PAGE_MAX, arena, &args, err) ||
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
    request->target = text_finish(&target).data;
    return true;
}

static bool
request_listing(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct listing_args args;
    struct text target;

    if (!args_read_listing(question->job, COINGECKO_PAGE_MAX, &args, err))
        return false;
    begin_markets(&target, args.currency, question->arena);
    text_add_format(&target,
                    "&order=market_cap_desc&per_page=%" PRId64 "&page=%" PRId64 "&precision=full",
                    args.per_page, args.page);
    request->target = text_finish(&target).data;
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
                 const struct progress *progress, const struct question *question,
                 struct request *request)
{
    int64_t days = days_back(density, progress->from_ms, question->now_ms);
    struct text target;

    text_init(&target, question->arena, 160);
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
    request->target = text_finish(&target).data;
    request->from_ms = progress->from_ms;
    request->to_ms = days ? progress->end_ms : progress->to_ms;
}

static bool
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    const struct density *density;
    const char *id, *currency;
    struct history_args args;
    struct progress progress;
    int64_t capacity;

    if (!args_read_history(question->job, &args, err) ||
        !aggregator_split_symbol(args.symbol, question->arena, &id, &currency, err))
        return false;
    density = find_density(args.interval_s);
    capacity = density->days_max * DAY_MS / 1000 / args.interval_s;
    if (!progress_plan(question, &args, question->now_ms - density->reach_ms, capacity, &progress,
                       ret_done, err))
        return false;
    if (!*ret_done)
        set_chart_target(id, currency, density, &progress, question, request);
    return true;
}

static bool
request_reference(const struct question *question, struct request *request, bool *ret_done,
                  struct error *err)
{
    struct reference_args args;

    request->target = "/coins/list?include_platform=false";
    return args_read_reference(question->job, 0, &args, err);
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
parse_markets(const struct json *tree, const char *currency, struct quote_args *asked,
              struct records *records, struct error *err)
{
    size_t index = 0;

    if (!json_is_array(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "markets are no list");
    for (const struct json *value = json_first(tree); value; value = json_next(value))
        parse_market(value, index++, currency, asked, records);
    return true;
}

static bool
read_quote(const struct answer *answer, struct records *records, struct error *err)
{
    struct quote_args args;
    const char *currency;

    if (!args_read_quote(answer->job, COINGECKO_PAGE_MAX, records->arena, &args, err) ||
        !aggregator_quote_currency(&args, records->arena, &currency, err) ||
        !parse_markets(answer->tree, currency, &args, records, err))
        return false;
    args_reject_unanswered(&args, records);
    return true;
}

static bool
read_page(const struct answer *answer, struct records *records, struct error *err)
{
    struct listing_args args;

    return args_read_listing(answer->job, COINGECKO_PAGE_MAX, &args, err) &&
           parse_markets(answer->tree, args.currency, NULL, records, err);
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
read_chart(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    const struct json *price = json_get(tree, "prices");
    const struct json *cap = json_first(json_get(tree, "market_caps"));
    const struct json *volume = json_first(json_get(tree, "total_volumes"));
    struct point *points;
    size_t count = 0, index = 0;

    if (!args_begin_series(answer->job, answer->request, CANDLE_POINTS, records, err))
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
go_on_after_chart(const struct answer *answer, struct batch *batch)
{
    const struct request *request = answer->request;
    bool window = strstr(request->target, "/market_chart/range?") != NULL;

    if (window)
        batch->position = progress_position(request, request->to_ms, answer->arena);
    else if (batch->candle_count)
        batch->position = progress_position(request,
                                            batch->candles[batch->candle_count - 1].open_time_ms +
                                                (int64_t)batch->candle_interval_s * 1000,
                                            answer->arena);
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

const struct source coingecko_source = {
    .name = "coingecko",
    .about = "CoinGecko: market pages, prices and price points of coins",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.coingecko.com/api/v3",
    .key_header = "x-cg-demo-api-key",
    .budget_per_minute = 30, /* calls; what the pricing page promises a demo key */
    .left_header = "x-ratelimit-remaining",
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "[", read_quote},
                [JOB_LISTING] = {ARGS_LISTING, request_listing, "[", read_page},
                [JOB_HISTORY] = {ARGS_HISTORY, request_history, "prices[", read_chart,
                             go_on_after_chart},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_reference, .list = &coins},
                },
    .classify = coingecko_classify,
};
