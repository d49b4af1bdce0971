#include "common/clock.h"
#include "common/decimal.h"
#include "common/text.h"
#include "ingest/sources/aggregator.h"
#include "ingest/sources/args.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/reference.h"
#include "ingest/sources/registry.h"
#include "ingest/sources/row.h"
#include "ingest/sources/target.h"
#include "ingest/sources/verdict.h"

#include <inttypes.h>
#include <string.h>

/*
 * CoinPaprika, free or with a key. Paths, plans and limits: docs.coinpaprika.com and
 * coinpaprika/coinpaprika.github.io, 1.7/openapi. No target ends with a slash: that is a redirect.
 */
enum {
    PAPRIKA_QUOTES_MAX = 250,
    PAPRIKA_PAGE_MAX = 2500,   /* all that the free plan lists */
    PAPRIKA_POINTS_MAX = 1000, /* of 5000 */
    PAPRIKA_CANDLES_MAX = 366,
};

#define DAY_MS INT64_C(86400000)
/*
 * Without a plan: a year of daily points, a day of hourly ones. A little less, because a request
 * that reaches further back is refused whole (402), and their clock is not ours.
 */
#define PAPRIKA_DAILY_MS (364 * DAY_MS)
#define PAPRIKA_HOURLY_MS (DAY_MS - INT64_C(300000))

/* ---- what to fetch ---- */

static void
add_quotes(struct text *target, const char *currency, struct arena *arena)
{
    text_add_string(target, "?quotes=");
    target_add_encoded(target, aggregator_upper(currency, arena));
}

/*
 * Calls are what is scarce, not bytes: several coins are one call for all there are, one coin is
 * asked for by itself.
 */
static bool
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct arena *arena = question->arena;
    const char *currency, *id;
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, PAPRIKA_QUOTES_MAX, arena, &args, err) ||
        !aggregator_quote_currency(&args, arena, &currency, err) ||
        !aggregator_split_symbol(args.symbols[0], arena, &id, &currency, err))
        return false;
    text_init(&target, arena, 128);
    text_add_string(&target, "/tickers");
    if (args.count == 1) {
        text_add_char(&target, '/');
        target_add_encoded(&target, id);
    }
    add_quotes(&target, currency, arena);
    request->target = text_finish(&target).data;
    return true;
}

static bool
request_reference(const struct question *question, struct request *request, bool *ret_done,
                  struct error *err)
{
    struct reference_args args;

    request->target = "/coins";
    return args_read_reference(question->job, 0, &args, err);
}

/* There are no pages: parse() takes the ranks of the one that is asked for. */
static bool
request_listing(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct listing_args args;
    struct text target;

    if (!args_read_listing(question->job, PAPRIKA_PAGE_MAX, &args, err))
        return false;
    text_init(&target, question->arena, 128);
    text_add_string(&target, "/tickers");
    add_quotes(&target, args.currency, question->arena);
    request->target = text_finish(&target).data;
    return true;
}

/* What a history job asks for. */
struct wish {
    const char *id, *currency;
    struct history_args args;
    bool candles;
    int64_t step_ms, reach_ms, capacity;
};

static int64_t
capacity_of(bool candles)
{
    return candles ? PAPRIKA_CANDLES_MAX : PAPRIKA_POINTS_MAX;
}

static bool
read_wish(const struct job *job, struct arena *arena, struct wish *wish, struct error *err)
{
    if (!args_read_history(job, &wish->args, err) || !args_read_series(job, &wish->candles, err) ||
        !aggregator_split_symbol(wish->args.symbol, arena, &wish->id, &wish->currency, err))
        return false;
    if (strcmp(wish->args.interval, "5m") == 0)
        return error_set(err, ERROR_REJECT, "job.args",
                         "CoinPaprika has a history of 1h and 1d, not of 5m");
    if (strcmp(wish->currency, "usd") != 0 && strcmp(wish->currency, "btc") != 0)
        return error_set(err, ERROR_REJECT, "job.args",
                         "CoinPaprika has histories in usd and btc, not in %.20s", wish->currency);
    wish->step_ms = (int64_t)wish->args.interval_s * 1000;
    wish->reach_ms = wish->step_ms == DAY_MS ? PAPRIKA_DAILY_MS : PAPRIKA_HOURLY_MS;
    wish->capacity = capacity_of(wish->candles);
    return true;
}

/*
 * Candles need a plan, and how far back that reaches only the plan knows: they are asked for as far
 * as the job says. Points end with the sample that closes the last candle, so one more is asked
 * for; what is too much is left out by parse().
 */
static void
set_history_target(const struct wish *wish, const struct progress *progress, struct arena *arena,
                   struct request *request)
{
    struct text target;

    text_init(&target, arena, 160);
    text_add_string(&target, wish->candles ? "/coins/" : "/tickers/");
    target_add_encoded(&target, wish->id);
    text_add_format(&target, "/%s?start=%" PRId64 "&end=%" PRId64 "&interval=%s&limit=%" PRId64,
                    wish->candles ? "ohlcv/historical" : "historical", progress->from_ms / 1000,
                    (wish->candles ? progress->to_ms - 1000 : progress->to_ms) / 1000,
                    wish->args.interval,
                    wish->candles ? (int64_t)PAPRIKA_CANDLES_MAX : wish->capacity + 2);
    text_add_string(&target, "&quote=");
    target_add_encoded(&target, wish->currency);
    request->target = text_finish(&target).data;
    request->from_ms = progress->from_ms;
    request->to_ms = progress->to_ms;
}

static bool
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct progress progress;
    struct wish wish;

    if (!read_wish(question->job, question->arena, &wish, err) ||
        !progress_plan(question, &wish.args,
                       wish.candles ? RECORDS_EARLIEST_MS : question->now_ms - wish.reach_ms,
                       wish.capacity, &progress, ret_done, err))
        return false;
    if (!*ret_done)
        set_history_target(&wish, &progress, question->arena, request);
    return true;
}

/* ---- what an answer means ---- */

/* {"error":"..."}, with a status that says what kind; with 200 only the words can tell. */
static enum verdict
coinpaprika_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *error = json_get(verdict_error_body(payload, arena), "error");
    const char *detail = verdict_detail(error, arena);

    if (!detail || payload->status != 200)
        return verdict_by_status(payload, detail, err);
    if (strstr(detail, "request limit"))
        return verdict_set(payload, VERDICT_LIMITED, "provider.limited", detail, err);
    return verdict_set(payload, VERDICT_PERMANENT, "provider.error", detail, err);
}

/* ---- what an answer says ---- */

/* 0 is how a coin without a maximum is written. */
static const char *
known_supply(const char *supply)
{
    return supply && decimal_is_zero(supply) ? NULL : supply;
}

/* Times may be missing, null or "", like numbers. */
static int64_t
read_time(struct row *row, const struct json *object, const char *member, enum row_need need)
{
    const struct json *value = json_get(object, member);
    const char *text = json_string(value);

    return row_iso_ms(row, member, text && text[0] == '\0' ? NULL : value, need);
}

static struct listing
read_listing(struct row *row, const struct json *coin, const struct json *quote)
{
    return (struct listing){
        .ticker = row_text(row, "symbol", json_get(coin, "symbol"), AGGREGATOR_TICKER_BYTES,
                           ROW_REQUIRED),
        .name = row_text(row, "name", json_get(coin, "name"), AGGREGATOR_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, coin, "rank"),
        .observed_at_ms = read_time(row, coin, "last_updated", ROW_REQUIRED),
        .price = aggregator_decimal(row, quote, "price"),
        .market_cap = aggregator_decimal(row, quote, "market_cap"),
        .volume_24h = aggregator_decimal(row, quote, "volume_24h"),
        .change_24h_percent = aggregator_decimal(row, quote, "percent_change_24h"),
        .circulating_supply = known_supply(aggregator_decimal(row, coin, "circulating_supply")),
        .total_supply = known_supply(aggregator_decimal(row, coin, "total_supply")),
        .max_supply = known_supply(aggregator_decimal(row, coin, "max_supply")),
        .ath = aggregator_decimal(row, quote, "ath_price"),
        .ath_at_ms = read_time(row, quote, "ath_date", ROW_OPTIONAL),
    };
}

static void
parse_ticker(const struct json *coin, size_t index, const char *currency, struct quote_args *asked,
             struct records *records)
{
    const struct json *quote = aggregator_get_currency(json_get(coin, "quotes"), currency);
    struct row row = row_begin(records, index);
    const char *id = row_text(&row, "id", json_get(coin, "id"), AGGREGATOR_ID_BYTES, ROW_REQUIRED);
    struct listing listing;

    if (!json_is_object(quote))
        row_reject(&row, "quotes", "field.missing", NULL);
    listing = read_listing(&row, coin, quote);
    aggregator_add_market(&row, &listing, id, currency, asked);
}

/* An answer of all coins has many that nobody asked for: they are no rejects. */
static bool
is_asked(const struct quote_args *args, const struct json *coin, const char *currency)
{
    const char *id = json_string(json_get(coin, "id"));
    size_t length = id ? strlen(id) : 0;

    for (size_t i = 0; id && i < args->count; i++) {
        const char *symbol = args->symbols[i];

        if (strncmp(symbol, id, length) == 0 && symbol[length] == '/' &&
            strcmp(symbol + length + 1, currency) == 0)
            return true;
    }
    return false;
}

static bool
read_quote(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    struct quote_args args;
    const char *currency;
    size_t index = 0;

    if (!args_read_quote(answer->job, PAPRIKA_QUOTES_MAX, records->arena, &args, err) ||
        !aggregator_quote_currency(&args, records->arena, &currency, err))
        return false;
    if (json_is_object(tree)) {
        parse_ticker(tree, 0, currency, &args, records);
    } else if (json_is_array(tree)) {
        for (tree = json_first(tree); tree; tree = json_next(tree), index++)
            if (is_asked(&args, tree, currency))
                parse_ticker(tree, index, currency, &args, records);
    } else {
        return error_set(err, ERROR_REJECT, "payload.shape", "the tickers are no coins");
    }
    args_reject_unanswered(&args, records);
    return true;
}

/* Whether a coin's place is on the page. A null or 0 is no place; without a rank it is a reject. */
static bool
is_on_page(const struct listing_args *args, const struct json *coin, struct row *row)
{
    const struct json *value = json_get(coin, "rank");
    int64_t last = args->page * args->per_page;
    int64_t rank = json_is_null(value) ? 0 : row_integer(row, "rank", value, 0, ROW_REQUIRED);

    return rank > last - args->per_page && rank <= last;
}

static bool
read_page(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    struct listing_args args;
    size_t index = 0;

    if (!args_read_listing(answer->job, PAPRIKA_PAGE_MAX, &args, err))
        return false;
    if (!json_is_array(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "the tickers are no list");
    for (tree = json_first(tree); tree; tree = json_next(tree), index++) {
        struct row row = row_begin(records, index);

        if (is_on_page(&args, tree, &row))
            parse_ticker(tree, index, args.currency, NULL, records);
    }
    return true;
}

/* Four of five are inactive and have the rank 0. */
static void
parse_entry(const struct json *entry, struct row *row)
{
    struct reference coin = {
        .symbol = row_text(row, "id", json_get(entry, "id"), RECORDS_SYMBOL_BYTES, ROW_REQUIRED),
        .ticker =
            row_text(row, "symbol", json_get(entry, "symbol"), RECORDS_TICKER_BYTES, ROW_REQUIRED),
        .name = row_text(row, "name", json_get(entry, "name"), RECORDS_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, entry, "rank"),
        .active = json_is_true(json_get(entry, "is_active")),
    };

    if (!row->bad)
        records_add_reference(row->records, row->index, &coin);
}

static const struct reference_list coins = {.whole = true, .id = "id", .parse = parse_entry};

static struct point_place
locate_point(const struct json *row, const char *currency)
{
    return (struct point_place){json_get(row, "timestamp"), row};
}

/*
 * The candle of today is among them and ends now. `volume` is what was traded in the period, in the
 * quote currency.
 */
static void
parse_candle(const struct json *value, size_t index, struct records *records)
{
    struct row row = row_begin(records, index);
    int64_t close_ms = read_time(&row, value, "time_close", ROW_OPTIONAL);
    struct candle candle = {
        .open_time_ms = read_time(&row, value, "time_open", ROW_REQUIRED),
        .open = aggregator_decimal(&row, value, "open"),
        .high = aggregator_decimal(&row, value, "high"),
        .low = aggregator_decimal(&row, value, "low"),
        .close = aggregator_decimal(&row, value, "close"),
        .quote_volume = aggregator_decimal(&row, value, "volume"),
        .market_cap = aggregator_known_cap(aggregator_decimal(&row, value, "market_cap"), 0),
        .trades = -1,
        .inputs = 1,
    };
    int64_t last_ms = candle.open_time_ms + ((int64_t)records->series.interval_s - 1) * 1000;
    bool unfinished = close_ms != 0 && close_ms < last_ms;

    if (!row.bad && !unfinished)
        records_add_candle(records, index, &candle);
}

static bool
read_history(const struct answer *answer, struct records *records, struct error *err)
{
    const struct json *tree = answer->tree;
    struct wish wish;
    size_t index = 0;

    if (!read_wish(answer->job, records->arena, &wish, err) ||
        !args_begin_series(answer->job, answer->request,
                           wish.candles ? CANDLE_PROVIDER : CANDLE_POINTS, records, err))
        return false;
    if (!json_is_array(tree))
        return error_set(err, ERROR_REJECT, "payload.shape", "the history is no list");
    if (!wish.candles)
        aggregator_add_points(tree, wish.currency, locate_point, records);
    else
        for (tree = json_first(tree); tree; tree = json_next(tree))
            parse_candle(tree, index++, records);
    return true;
}

static void
go_on_after_history(const struct answer *answer, struct batch *batch)
{
    bool candles = batch->candle_origin == CANDLE_PROVIDER;

    aggregator_set_position(answer->request, capacity_of(candles), answer->arena, batch);
}

const struct source coinpaprika_source = {
    .name = "coinpaprika",
    .about = "CoinPaprika: tickers, price points and the list of coins",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://api.coinpaprika.com/v1",
    .key_header = "Authorization", /* the key alone, without "Bearer" */
    .budget_per_minute = 10, /* calls; none is published, and 20,000 a month are free */
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "[", read_quote},
                [JOB_LISTING] = {ARGS_LISTING, request_listing, "[", read_page},
                [JOB_HISTORY] = {ARGS_HISTORY_SERIES, request_history, "[", read_history,
                             go_on_after_history},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_reference, .list = &coins},
                },
    .classify = coinpaprika_classify,
};
