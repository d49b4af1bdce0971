#include "ingest/sources/coinmarketcap.h"

#include "common/clock.h"
#include "common/text.h"
#include "ingest/sources/aggregator.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/registry.h"
#include "ingest/sources/target.h"
#include "ingest/sources/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * CoinMarketCap, with a key of any plan. Paths, plans and credits:
 * coinmarketcap.com/api/documentation, and the reference in OpenCMC/coinmarketcap-api-python; error
 * codes: "How to handle CoinMarketCap API errors" there. Answers of v1, v2 and v3 are understood:
 * the older ones stay in use beside the new.
 *
 * A coin is its number ("1/usd"): symbols are not unique and slugs change.
 */
enum { CMC_MINUTE_MS = 60 * 1000 };

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
request_quote(const struct question *question, struct request *request, bool *ret_done,
              struct error *err)
{
    struct arena *arena = question->arena;
    const char *currency, *id;
    struct quote_args args;
    struct text target;

    if (!args_read_quote(question->job, CMC_QUOTES_MAX, arena, &args, err) ||
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
request_listing(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct listing_args args;
    struct text target;

    if (!args_read_listing(question->job, CMC_PAGE_MAX, &args, err))
        return false;
    text_init(&target, question->arena, 256);
    text_add_format(&target, "/v3/cryptocurrency/listings/latest?start=%" PRId64 "&limit=%" PRId64,
                    (args.page - 1) * args.per_page + 1, args.per_page);
    add_convert(&target, args.currency, question->arena);
    text_add_string(&target, "&sort=market_cap&sort_dir=desc"
                             "&aux=cmc_rank,max_supply,circulating_supply,total_supply");
    request->target = text_finish(&target).data;
    request->weight = credits(args.per_page, 200);
    return true;
}

static bool
request_map(const struct question *question, struct request *request, bool *ret_done,
            struct error *err)
{
    struct reference_args args;

    if (!args_read_reference(question->job, CMC_MAP_MAX, &args, err))
        return false;
    request->target = arena_printf(question->arena,
                                   "/v1/cryptocurrency/map?listing_status=active&sort=cmc_rank"
                                   "&start=%" PRId64 "&limit=%" PRId64 "&aux=is_active",
                                   (args.page - 1) * args.per_page + 1, args.per_page);
    return true;
}

static const struct cmc_span spans[] = {
    {"5m", "5m", NULL,     CMC_INTRADAY_MS},
    {"1h", "1h", "hourly", CMC_INTRADAY_MS},
    {"1d", "1d", "daily",  CMC_DAILY_MS   },
};

static const struct cmc_span *
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
add_points(struct text *target, const struct cmc_span *span, const struct progress *progress,
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
add_candles(struct text *target, const struct cmc_span *span, const struct progress *progress,
            int64_t step_ms)
{
    text_add_format(target, "&time_period=%s&interval=%s&count=%" PRId64, span->candles,
                    span->candles, (progress->to_ms - progress->from_ms) / step_ms + 2);
    add_time(target, "time_start", progress->from_ms - step_ms);
    add_time(target, "time_end", progress->to_ms);
}

bool
coinmarketcap_read_wish(const struct job *job, struct arena *arena, struct cmc_wish *wish,
                        struct error *err)
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
request_history(const struct question *question, struct request *request, bool *ret_done,
                struct error *err)
{
    struct progress progress;
    struct cmc_wish wish;
    struct text target;
    int64_t earliest_ms;

    if (!coinmarketcap_read_wish(question->job, question->arena, &wish, err))
        return false;
    earliest_ms = wish.candles ? RECORDS_EARLIEST_MS : question->now_ms - wish.span->reach_ms;
    if (!progress_plan(question, &wish.args, earliest_ms, CMC_POINTS_MAX, &progress, ret_done, err))
        return false;
    if (*ret_done)
        return true;
    text_init(&target, question->arena, 256);
    text_add_format(&target, "/%s/historical?id=%s",
                    wish.candles ? "v2/cryptocurrency/ohlcv" : "v3/cryptocurrency/quotes", wish.id);
    add_convert(&target, wish.currency, question->arena);
    if (wish.candles)
        add_candles(&target, wish.span, &progress, wish.step_ms);
    else
        add_points(&target, wish.span, &progress, wish.step_ms, question->now_ms);
    request->target = text_finish(&target).data;
    request->weight = credits((progress.to_ms - progress.from_ms) / wish.step_ms, 100);
    request->from_ms = progress.from_ms;
    request->to_ms = progress.to_ms;
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

const struct source coinmarketcap_source = {
    .name = "coinmarketcap",
    .about = "CoinMarketCap: market pages, prices, price points and the list of coins",
    .upstream = UPSTREAM_HTTP,
    .base_url = "https://pro-api.coinmarketcap.com",
    .key_header = "X-CMC_PRO_API_KEY",
    .key_required = true,
    .budget_per_minute = 30, /* calls of the Basic plan; what costs more credits counts as more */
    .kinds =
        {
                [JOB_QUOTE] = {ARGS_QUOTE, request_quote, "data[", coinmarketcap_read_quote},
                [JOB_LISTING] = {ARGS_LISTING, request_listing, "data[", coinmarketcap_read_page},
                [JOB_HISTORY] = {ARGS_HISTORY_SERIES, request_history, "quotes[",
                             coinmarketcap_read_history, coinmarketcap_go_on},
                [JOB_REFERENCE] = {ARGS_REFERENCE, request_map, .list = &coinmarketcap_map},
                },
    .classify = coinmarketcap_classify,
};
