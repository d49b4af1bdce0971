#include "common/clock.h"
#include "common/decimal.h"
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
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * CoinMarketCap, with a key of any plan. Paths, plans and credits:
 * coinmarketcap.com/api/documentation, and the reference in OpenCMC/coinmarketcap-api-python; error
 * codes: "How to handle CoinMarketCap API errors" there. Answers of v1, v2 and v3 are understood:
 * the older ones stay in use beside the new.
 *
 * A coin is its number ("1/usd"): symbols are not unique and slugs change.
 */
enum {
    CMC_PAGE_MAX = 1000,  /* of a listing; larger ones are not documented for certain */
    CMC_QUOTES_MAX = 100, /* one credit */
    CMC_MAP_MAX = 5000,
    CMC_POINTS_MAX = 1000, /* of a history; ten credits */
    CMC_MINUTE_MS = 60 * 1000,
};

#define DAY_MS INT64_C(86400000)
/*
 * The Basic plan has a month of intraday points and a year of daily ones. What is asked for stays
 * inside of that for certain, because a request beyond is refused whole.
 */
#define CMC_INTRADAY_MS (28 * DAY_MS)
#define CMC_DAILY_MS (364 * DAY_MS)

/* ---- what to fetch ---- */

static int32_t
credits(int64_t rows, int64_t rows_per_credit)
{
    return rows > rows_per_credit ? (int32_t)((rows + rows_per_credit - 1) / rows_per_credit) : 1;
}

static bool
split_symbol(const char *symbol, struct arena *arena, const char **ret_id,
             const char **ret_currency, struct error *err)
{
    if (!aggregator_split_symbol(symbol, arena, ret_id, ret_currency, err))
        return false;
    if (strspn(*ret_id, "0123456789") != strlen(*ret_id) || strlen(*ret_id) > 18)
        return error_set(err, ERROR_REJECT, "job.args",
                         "\"%.64s\" is not CoinMarketCap's number of a coin, such as \"1/usd\"",
                         symbol);
    return true;
}

static void
add_convert(struct text *target, const char *currency, struct arena *arena)
{
    text_add_string(target, "&convert=");
    target_add_encoded(target, aggregator_upper(currency, arena));
}

static bool
request_quote(const struct job *job, struct arena *arena, struct request *request,
              struct error *err)
{
    const char *currency, *id;
    struct quote_args args;
    struct text target;

    if (!args_read_quote(job, CMC_QUOTES_MAX, arena, &args, err) ||
        !aggregator_quote_currency(&args, arena, &currency, err))
        return false;
    text_init(&target, arena, 256);
    text_add_string(&target, "/v3/cryptocurrency/quotes/latest?id=");
    for (size_t i = 0; i < args.count; i++) {
        if (!split_symbol(args.symbols[i], arena, &id, &currency, err))
            return false;
        text_add_string(&target, i ? "," : "");
        text_add_string(&target, id);
    }
    add_convert(&target, currency, arena);
    text_add_string(&target, "&skip_invalid=true");
    request->target = text_finish(&target).data;
    return true;
}

static bool
request_listing(const struct job *job, struct arena *arena, struct request *request,
                struct error *err)
{
    struct listing_args args;
    struct text target;

    if (!args_read_listing(job, CMC_PAGE_MAX, &args, err))
        return false;
    text_init(&target, arena, 256);
    text_add_format(&target, "/v3/cryptocurrency/listings/latest?start=%" PRId64 "&limit=%" PRId64,
                    (args.page - 1) * args.per_page + 1, args.per_page);
    add_convert(&target, args.currency, arena);
    text_add_string(&target, "&sort=market_cap&sort_dir=desc"
                             "&aux=cmc_rank,max_supply,circulating_supply,total_supply");
    request->target = text_finish(&target).data;
    request->weight = credits(args.per_page, 200);
    return true;
}

static bool
request_map(const struct job *job, struct arena *arena, struct request *request, struct error *err)
{
    struct reference_args args;

    if (!args_read_reference(job, CMC_MAP_MAX, &args, err))
        return false;
    request->target = arena_printf(arena,
                                   "/v1/cryptocurrency/map?listing_status=active&sort=cmc_rank"
                                   "&start=%" PRId64 "&limit=%" PRId64 "&aux=is_active",
                                   (args.page - 1) * args.per_page + 1, args.per_page);
    return true;
}

/* The words for our intervals, and how far back each can be had. */
struct span {
    const char *interval, *points, *candles; /* NULL: there are none */
    int64_t reach_ms;
};

static const struct span spans[] = {
    {"5m", "5m", NULL,     CMC_INTRADAY_MS},
    {"1h", "1h", "hourly", CMC_INTRADAY_MS},
    {"1d", "1d", "daily",  CMC_DAILY_MS   },
};

static const struct span *
find_span(const char *interval)
{
    size_t i = 0;

    while (i < COUNT_OF(spans) - 1 && strcmp(spans[i].interval, interval) != 0)
        i++;
    return &spans[i];
}

static void
add_time(struct text *target, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_format(target, "&%s=", name);
    target_add_encoded(target, clock_format_ms(at_ms, at));
}

/*
 * The sample that closes the last candle stands at its end or a little after it, so the window is
 * asked for up to the moment before the next one.
 */
static void
add_points(struct text *target, const struct span *span, const struct progress *progress,
           int64_t step_ms, int64_t now_ms)
{
    int64_t until_ms = progress->to_ms + step_ms - 1000;

    text_add_format(target, "&interval=%s&count=%d", span->points, CMC_POINTS_MAX + 2);
    add_time(target, "time_start", progress->from_ms);
    add_time(target, "time_end", until_ms < now_ms ? until_ms : now_ms);
    text_add_string(target, "&aux=price,volume,market_cap,quote_timestamp&skip_invalid=true");
}

/* time_start is exclusive and time_end is not; one more on each side is left out by parse(). */
static void
add_candles(struct text *target, const struct span *span, const struct progress *progress,
            int64_t step_ms)
{
    text_add_format(target, "&time_period=%s&interval=%s&count=%" PRId64, span->candles,
                    span->candles, (progress->to_ms - progress->from_ms) / step_ms + 2);
    add_time(target, "time_start", progress->from_ms - step_ms);
    add_time(target, "time_end", progress->to_ms);
}

/* What a history job asks for. */
struct wish {
    const char *id, *currency;
    const struct span *span;
    struct history_args args;
    bool candles;
    int64_t step_ms;
};

static bool
read_wish(const struct job *job, struct arena *arena, struct wish *wish, struct error *err)
{
    if (!args_read_history(job, &wish->args, err) || !args_read_series(job, &wish->candles, err) ||
        !split_symbol(wish->args.symbol, arena, &wish->id, &wish->currency, err))
        return false;
    wish->span = find_span(wish->args.interval);
    wish->step_ms = (int64_t)wish->args.interval_s * 1000;
    if (wish->candles && !wish->span->candles)
        return error_set(err, ERROR_REJECT, "job.args", "CoinMarketCap has no candles of %s",
                         wish->args.interval);
    return true;
}

static bool
request_history(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                struct request *request, bool *ret_done, struct error *err)
{
    struct progress progress;
    struct text target;
    struct wish wish;
    int64_t earliest_ms;

    if (!read_wish(job, arena, &wish, err))
        return false;
    earliest_ms = wish.candles ? RECORDS_EARLIEST_MS : now_ms - wish.span->reach_ms;
    if (!progress_plan(job, &wish.args, position, now_ms, earliest_ms, CMC_POINTS_MAX, &progress,
                       ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, arena, 256);
    text_add_format(&target, "/%s/historical?id=%s",
                    wish.candles ? "v2/cryptocurrency/ohlcv" : "v3/cryptocurrency/quotes", wish.id);
    add_convert(&target, wish.currency, arena);
    if (wish.candles)
        add_candles(&target, wish.span, &progress, wish.step_ms);
    else
        add_points(&target, wish.span, &progress, wish.step_ms, now_ms);
    request->target = text_finish(&target).data;
    request->weight = credits((progress.to_ms - progress.from_ms) / wish.step_ms, 100);
    request->from_ms = progress.from_ms;
    request->to_ms = progress.to_ms;
    return true;
}

static bool
coinmarketcap_request(const struct job *job, const char *position, int64_t now_ms,
                      struct arena *arena, struct request *ret_request, bool *ret_done,
                      struct error *err)
{
    struct request request = {.position = position, .weight = 1};
    bool done = false, made;

    if (job->kind == JOB_QUOTE)
        made = request_quote(job, arena, &request, err);
    else if (job->kind == JOB_LISTING)
        made = request_listing(job, arena, &request, err);
    else if (job->kind == JOB_REFERENCE)
        made = request_map(job, arena, &request, err);
    else if (job->kind == JOB_HISTORY)
        made = request_history(job, position, now_ms, arena, &request, &done, err);
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

/* status.error_code, which newer endpoints write as a string. */
static bool
read_code(const struct json *body, int64_t *ret_code, const struct json **ret_message)
{
    const struct json *status = json_get(body, "status");
    const struct json *code = json_get(status, "error_code");
    const char *text = json_string(code);

    *ret_message = json_get(status, "error_message");
    if (!text)
        return json_integer(code, ret_code);
    if (text[0] == '\0' || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
        return false;
    *ret_code = atoi(text);
    return true;
}

/* The row of a code that means something of its own; others go by their status. */
static const struct {
    int64_t code;
    enum verdict verdict;
    const char *name;
} codes[] = {
    {400,  VERDICT_PERMANENT, "provider.refused"     },
    {500,  VERDICT_TRANSIENT, "provider.server_error"},
    {1001, VERDICT_PERMANENT, "provider.unauthorized"}, /* key invalid */
    {1002, VERDICT_PERMANENT, "provider.unauthorized"}, /* key missing */
    {1003, VERDICT_PERMANENT, "provider.plan"        }, /* plan must be paid first */
    {1004, VERDICT_PERMANENT, "provider.plan"        }, /* plan has not been paid further */
    {1005, VERDICT_PERMANENT, "provider.unauthorized"}, /* endpoint needs a key */
    {1006, VERDICT_PERMANENT, "provider.plan"        }, /* endpoint is not in the plan */
    {1007, VERDICT_PERMANENT, "provider.forbidden"   }, /* key disabled */
    {1008, VERDICT_LIMITED,   "provider.limited"     }, /* of the minute */
    {1009, VERDICT_LIMITED,   "provider.limited"     }, /* of the day */
    {1010, VERDICT_LIMITED,   "provider.limited"     }, /* of the month */
    {1011, VERDICT_LIMITED,   "provider.limited"     }, /* of the address */
};

/*
 * How long a limit lasts: that of a minute and of an address a minute, that of a day until the next
 * day of UTC, that of a month until the next month.
 */
static int64_t
limit_ms(int64_t code, int64_t now_ms)
{
    struct tm day;
    time_t now_s;

    if (code == 1009)
        return DAY_MS - now_ms % DAY_MS;
    if (code != 1010)
        return CMC_MINUTE_MS;
    now_s = (time_t)(now_ms / 1000);
    gmtime_r(&now_s, &day);
    day = (struct tm){.tm_year = day.tm_year, .tm_mon = day.tm_mon + 1, .tm_mday = 1};
    return (int64_t)timegm(&day) * 1000 - now_ms;
}

static enum verdict
classify_code(const struct payload *payload, int64_t code, const char *detail, struct error *err)
{
    enum verdict verdict;
    int64_t wait_ms;

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i].code != code)
            continue;
        verdict = verdict_set(payload, codes[i].verdict, codes[i].name, detail, err);
        wait_ms = limit_ms(code, payload->fetched_at_ms);
        if (verdict == VERDICT_LIMITED && err->retry_after_ms == 0)
            err->retry_after_ms = wait_ms;
        return verdict;
    }
    if (code == 0 || payload->status != 200)
        return verdict_by_status(payload, detail, err);
    return verdict_set(payload, VERDICT_PERMANENT, "provider.error", detail, err);
}

static enum verdict
coinmarketcap_classify(const struct payload *payload, struct arena *arena, struct error *err)
{
    const struct json *body = verdict_error_body(payload, arena), *message;
    int64_t code;

    if (!read_code(body, &code, &message))
        return verdict_by_status(payload, NULL, err);
    return classify_code(payload, code, verdict_detail(message, arena), err);
}

/* ---- what an answer says ---- */

/* The numbers in a currency: v1 and v2 key them by it, v3 lists them. NULL if there are none. */
static const struct json *
find_quote(const struct json *coin, const char *currency)
{
    const struct json *quote = json_get(coin, "quote");
    const char *symbol;

    if (!json_is_array(quote))
        return aggregator_get_currency(quote, currency);
    for (quote = json_first(quote); quote; quote = json_next(quote)) {
        symbol = json_string(json_get(quote, "symbol"));
        if (symbol && strcasecmp(symbol, currency) == 0)
            return quote;
    }
    return NULL;
}

/* "1" of 1 or "1". */
static const char *
id_text(const struct json *value)
{
    return json_number(value) ? json_number(value) : json_string(value);
}

static const char *
read_id(struct row *row, const struct json *coin)
{
    const struct json *value = json_get(coin, "id");
    const char *text = id_text(value);

    if (text && text[0] && strlen(text) <= 18 && strspn(text, "0123456789") == strlen(text))
        return text;
    row_reject(row, "id", value && !json_is_null(value) ? "field.type" : "field.missing", text);
    return NULL;
}

/* Coins whose supply nobody has verified have a cap and a supply of 0: both are unknown. */
static void
clear_unknown(struct listing *listing)
{
    if (listing->circulating_supply && decimal_is_zero(listing->circulating_supply)) {
        listing->circulating_supply = NULL;
        if (listing->market_cap && decimal_is_zero(listing->market_cap))
            listing->market_cap = NULL;
    }
}

static struct listing
read_listing(struct row *row, const struct json *coin, const struct json *quote)
{
    const struct json *updated = json_get(quote, "last_updated");
    struct listing listing = {
        .ticker = row_text(row, "symbol", json_get(coin, "symbol"), AGGREGATOR_TICKER_BYTES,
                           ROW_REQUIRED),
        .name = row_text(row, "name", json_get(coin, "name"), AGGREGATOR_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, coin, "cmc_rank"),
        .observed_at_ms = row_iso_ms(
            row, "last_updated", json_is_string(updated) ? updated : json_get(coin, "last_updated"),
            ROW_REQUIRED),
        .price = aggregator_decimal(row, quote, "price"),
        .market_cap = aggregator_decimal(row, quote, "market_cap"),
        .fully_diluted_valuation = aggregator_decimal(row, quote, "fully_diluted_market_cap"),
        .volume_24h = aggregator_decimal(row, quote, "volume_24h"),
        .change_24h_percent = aggregator_decimal(row, quote, "percent_change_24h"),
        .circulating_supply = aggregator_decimal(row, coin, "circulating_supply"),
        .total_supply = aggregator_decimal(row, coin, "total_supply"),
        .max_supply = aggregator_decimal(row, coin, "max_supply"),
    };

    clear_unknown(&listing);
    return listing;
}

/* What was asked for: which coins, and in what currency. */
struct asked {
    const char *currency;
    struct quote_args *quote; /* NULL = any coin will do */
};

static void
parse_coin(const struct json *coin, size_t index, const struct asked *asked,
           struct records *records)
{
    struct row row = row_begin(records, index);
    const char *id = read_id(&row, coin);
    const struct json *quote = find_quote(coin, asked->currency);
    struct listing listing;

    if (!json_is_object(quote))
        row_reject(&row, "quote", "field.missing", NULL);
    listing = read_listing(&row, coin, quote);
    aggregator_add_market(&row, &listing, id, asked->currency, asked->quote);
}

/* Coins come as a list, or keyed by what was asked for, each alone or as a list. */
static size_t
parse_coins(const struct json *value, size_t index, const struct asked *asked,
            struct records *records)
{
    if (!json_is_array(value)) {
        parse_coin(value, index, asked, records);
        return index + 1;
    }
    for (value = json_first(value); value; value = json_next(value))
        parse_coin(value, index++, asked, records);
    return index;
}

static bool
parse_listing(const struct job *job, const struct json *data, struct records *records,
              struct error *err)
{
    struct listing_args args;

    if (!args_read_listing(job, CMC_PAGE_MAX, &args, err))
        return false;
    if (!json_is_array(data))
        return error_set(err, ERROR_REJECT, "payload.shape", "the listing is no list");
    parse_coins(data, 0, &(struct asked){args.currency, NULL}, records);
    return true;
}

static bool
parse_quote(const struct job *job, const struct json *data, struct records *records,
            struct error *err)
{
    struct quote_args args;
    struct asked asked = {.quote = &args};
    size_t index = 0;

    if (!args_read_quote(job, CMC_QUOTES_MAX, records->arena, &args, err) ||
        !aggregator_quote_currency(&args, records->arena, &asked.currency, err))
        return false;
    if (json_is_array(data))
        parse_coins(data, 0, &asked, records);
    else if (json_is_object(data))
        for (data = json_first(data); data; data = json_next(data))
            index = parse_coins(data, index, &asked, records);
    else
        return error_set(err, ERROR_REJECT, "payload.shape", "the quotes are no coins");
    args_reject_unanswered(&args, records);
    return true;
}

static void
parse_entry(const struct json *entry, struct row *row)
{
    struct reference coin = {
        .symbol = read_id(row, entry),
        .ticker =
            row_text(row, "symbol", json_get(entry, "symbol"), RECORDS_TICKER_BYTES, ROW_REQUIRED),
        .name = row_text(row, "name", json_get(entry, "name"), RECORDS_NAME_BYTES, ROW_REQUIRED),
        .rank = aggregator_rank(row, entry, "rank"),
        .active = row_integer(row, "is_active", json_get(entry, "is_active"), 1, ROW_OPTIONAL) != 0,
    };

    if (!row->bad)
        records_add_reference(row->records, row->index, &coin);
}

static const struct reference_list coin_map = {.member = "data", .parse = parse_entry};

/* The rows of the one coin that was asked for, however it is wrapped. */
static const struct json *
find_rows(const struct json *data, const char *id, struct error *err)
{
    const struct json *rows = NULL;
    const char *of = NULL;

    for (int depth = 0; data && !rows && depth < 3; depth++) {
        rows = json_get(data, "quotes");
        of = id_text(json_get(data, "id"));
        data = json_first(data);
    }
    if (!json_is_array(rows))
        error_set(err, ERROR_REJECT, "payload.shape", "the history has no list of quotes");
    else if (of && strcmp(of, id) != 0)
        error_set(err, ERROR_REJECT, "payload.shape", "the history is of coin %.20s, not of %.20s",
                  of, id);
    else
        return rows;
    return NULL;
}

static void
parse_points(const struct json *rows, const char *currency, struct records *records)
{
    struct point *points = arena_alloc_array(records->arena, json_count(rows), sizeof *points);
    size_t count = 0, index = 0;

    for (rows = json_first(rows); rows; rows = json_next(rows)) {
        struct row row = row_begin(records, index++);
        const struct json *quote = find_quote(rows, currency);
        const struct json *stamp = json_get(quote, "timestamp");

        if (aggregator_read_point(&row, json_is_string(stamp) ? stamp : json_get(rows, "timestamp"),
                                  quote, records->series.interval_s, &points[count]))
            count++;
    }
    points_add_candles(points, count, records);
}

/* `volume` is what was traded in the period, in the currency asked for. */
static void
parse_candle(const struct json *value, size_t index, const char *currency, struct records *records)
{
    const struct json *quote = find_quote(value, currency);
    struct row row = row_begin(records, index);
    struct candle candle = {
        .open_time_ms = row_iso_ms(&row, "time_open", json_get(value, "time_open"), ROW_REQUIRED),
        .open = aggregator_decimal(&row, quote, "open"),
        .high = aggregator_decimal(&row, quote, "high"),
        .low = aggregator_decimal(&row, quote, "low"),
        .close = aggregator_decimal(&row, quote, "close"),
        .quote_volume = aggregator_decimal(&row, quote, "volume"),
        .market_cap = aggregator_known_cap(aggregator_decimal(&row, quote, "market_cap"), 0),
        .trades = -1,
        .inputs = 1,
    };

    if (!row.bad)
        records_add_candle(records, index, &candle);
}

static bool
parse_history(const struct job *job, const struct request *request, const struct json *data,
              struct records *records, struct error *err)
{
    const struct json *rows;
    struct wish wish;
    size_t index = 0;

    if (!read_wish(job, records->arena, &wish, err) || !(rows = find_rows(data, wish.id, err)) ||
        !args_begin_series(job, request, wish.candles ? CANDLE_PROVIDER : CANDLE_POINTS, records,
                           err))
        return false;
    if (!wish.candles)
        parse_points(rows, wish.currency, records);
    else
        for (rows = json_first(rows); rows; rows = json_next(rows))
            parse_candle(rows, index++, wish.currency, records);
    return true;
}

static bool
parse_data(const struct job *job, const struct request *request, const struct json *data,
           struct records *records, struct error *err)
{
    if (job->kind == JOB_QUOTE)
        return parse_quote(job, data, records, err);
    if (job->kind == JOB_LISTING)
        return parse_listing(job, data, records, err);
    if (job->kind == JOB_HISTORY)
        return parse_history(job, request, data, records, err);
    return args_refuse_kind(job, err);
}

static bool
coinmarketcap_parse(const struct job *job, const struct request *request,
                    const struct payload *payload, struct arena *arena, struct batch *ret_batch,
                    struct error *err)
{
    const struct json *tree;
    struct records records;

    if (job->kind == JOB_REFERENCE)
        return reference_list_parse(&coin_map, job, request, payload, arena, ret_batch, err);
    if (!json_parse(arena, payload->body, &json_limits_payload, &tree, err))
        return false;
    records_init(&records, payload, job->kind == JOB_HISTORY ? "quotes[" : "data[", "]", arena);
    if (!parse_data(job, request, json_get(tree, "data"), &records, err))
        return false;
    records_finish(&records, ret_batch);
    if (job->kind == JOB_HISTORY)
        aggregator_set_position(request, CMC_POINTS_MAX, arena, ret_batch);
    else
        ret_batch->position = progress_position(request, job->slot_s * 1000, arena);
    return true;
}

const struct source coinmarketcap_source = {
    .name = "coinmarketcap",
    .about = "CoinMarketCap: market pages, prices, price points and the list of coins",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://pro-api.coinmarketcap.com",
    .key_header = "X-CMC_PRO_API_KEY",
    .key_required = true,
    .budget_per_minute = 30, /* calls of the Basic plan; what costs more credits counts as more */
    .request = coinmarketcap_request,
    .classify = coinmarketcap_classify,
    .parse = coinmarketcap_parse,
};
