#include "api/handlers/coingecko/coin.h"

#include "api/handlers/coingecko/details.h"
#include "api/handlers/coingecko/fields.h"
#include "api/handlers/coingecko/retention.h"
#include "api/handlers/coingecko/tickers.h"
#include "api/handlers/coingecko/valuation.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, SPARKLINE_HOURS = 168, TICKERS_MAX = 100, RATIO_DIGITS = 14 };

/* Columns of query_currencies_priced and of query_coins_sparklines. */
enum { CURRENCY_CODE, CURRENCY_VERSION };
enum { SPARKLINE_SLUG, SPARKLINE_PRICES };

static const char *const periods[] = {"1h", "24h", "7d", "14d", "30d", "60d", "200d", "1y"};

/* What a flight carries from one query to the next. */
struct coin {
    const char *slug;
    const char **codes;
    size_t code_count;
    struct rows details_rows, closes_rows, sparklines;
    struct row_index details, closes;
    struct valuation *valuation;
};

static void
coin_tag(const struct params *params, struct tag_list *tags)
{
    static const char *const converted[] = {"eth"};
    const char *slug = params_get(params, "id")->text;

    valuation_tag(tags, &slug, 1, converted, COUNT_OF(converted));
}

/* These are told unless they are refused; the others only if they are wanted. */
static bool
is_told(const struct params *params, const char *name)
{
    return strcmp(params_get(params, name)->text, "false") != 0;
}

/* --------------------------------------------------------------------------------- rendering */

/* By currency: a number of a pair, or NULL where it is not known. */
typedef const char *number_of(const struct coin *coin, const char *code, struct arena *arena);

static void
add_by_currency(struct text *text, const char *name, const struct coin *coin, number_of *number)
{
    bool has_any = false;

    text_add_format(text, ",\"%s\":{", name);
    for (size_t i = 0; i < coin->code_count; i++) {
        const char *value = number(coin, coin->codes[i], text->arena);

        if (!value)
            continue;
        text_add_format(text, "%s\"%s\":", has_any ? "," : "", coin->codes[i]);
        text_add_string(text, value);
        has_any = true;
    }
    text_add_char(text, '}');
}

static const char *
price(const struct coin *coin, const char *code, struct arena *arena)
{
    return valuation_of(coin->valuation, coin->slug, code)->price;
}

static const char *
market_cap(const struct coin *coin, const char *code, struct arena *arena)
{
    return valuation_of(coin->valuation, coin->slug, code)->market_cap;
}

static const char *
volume(const struct coin *coin, const char *code, struct arena *arena)
{
    return valuation_of(coin->valuation, coin->slug, code)->volume_24h;
}

static const char *
fully_diluted(const struct coin *coin, const char *code, struct arena *arena)
{
    const char *own = detail_text(&coin->details, coin->slug, code, DETAIL_FULLY_DILUTED);
    const char *usd = detail_text(&coin->details, coin->slug, "usd", DETAIL_FULLY_DILUTED);

    return own ? own : valuation_convert(coin->valuation, usd, "usd", code);
}

#define DETAIL_NUMBER(function, detail)                                                            \
    static const char *function(const struct coin *coin, const char *code, struct arena *arena)    \
    {                                                                                              \
        return detail_text(&coin->details, coin->slug, code, detail);                              \
    }

DETAIL_NUMBER(high_24h, DETAIL_HIGH_24H)
DETAIL_NUMBER(low_24h, DETAIL_LOW_24H)
DETAIL_NUMBER(ath, DETAIL_ATH)
DETAIL_NUMBER(atl, DETAIL_ATL)

static const char *
ath_percent(const struct coin *coin, const char *code, struct arena *arena)
{
    return percent_change(price(coin, code, arena), ath(coin, code, arena), arena);
}

static const char *
atl_percent(const struct coin *coin, const char *code, struct arena *arena)
{
    return percent_change(price(coin, code, arena), atl(coin, code, arena), arena);
}

static const char *
moment(const struct coin *coin, const char *code, enum detail detail, struct arena *arena)
{
    int64_t at_ms = detail_moment_ms(&coin->details, coin->slug, code, detail);
    char at[CLOCK_TEXT_SIZE];

    return at_ms > 0 ? arena_printf(arena, "\"%s\"", clock_format_ms(at_ms, at)) : NULL;
}

static const char *
ath_date(const struct coin *coin, const char *code, struct arena *arena)
{
    return moment(coin, code, DETAIL_ATH_AT, arena);
}

static const char *
atl_date(const struct coin *coin, const char *code, struct arena *arena)
{
    return moment(coin, code, DETAIL_ATL_AT, arena);
}

static const char *
price_before(const struct coin *coin, const char *code, const char *period, struct arena *arena)
{
    return close_before(&coin->closes, coin->slug, code, period, arena);
}

/* As a source says it. */
static const char *
told_percent(const struct coin *coin, const char *code)
{
    const char *change = valuation_of(coin->valuation, coin->slug, code)->change_24h_percent;

    return change ? change
                  : detail_text(&coin->details, coin->slug, code, DETAIL_CHANGE_24H_PERCENT);
}

/* As a source says it, else by what the coin cost then. */
static const char *
change_percent(const struct coin *coin, const char *code, const char *period, struct arena *arena)
{
    const char *told = strcmp(period, "24h") == 0 ? told_percent(coin, code) : NULL;

    return told ? told
                : percent_change(price(coin, code, arena), price_before(coin, code, period, arena),
                                 arena);
}

static const char *
change_24h(const struct coin *coin, const char *code, struct arena *arena)
{
    const char *told = detail_text(&coin->details, coin->slug, code, DETAIL_CHANGE_24H);

    return told ? told
                : price_change(price(coin, code, arena), told_percent(coin, code),
                               price_before(coin, code, "24h", arena), arena);
}

static const char *
market_cap_change(const struct coin *coin, const char *code, struct arena *arena)
{
    const char *now = market_cap(coin, code, arena);
    const char *before = market_cap_before(&coin->closes, coin->slug, code, arena);

    return now && before ? decimal_subtract(now, before, arena) : NULL;
}

static const char *
market_cap_percent(const struct coin *coin, const char *code, struct arena *arena)
{
    return percent_change(market_cap(coin, code, arena),
                          market_cap_before(&coin->closes, coin->slug, code, arena), arena);
}

/* What is worth now of all coins that there will ever be. */
static const char *
diluted_ratio(const struct coin *coin, struct arena *arena)
{
    const char *now = market_cap(coin, "usd", arena), *all = fully_diluted(coin, "usd", arena);

    return now && all && !decimal_is_zero(all) ? decimal_ratio(now, all, RATIO_DIGITS, arena)
                                               : NULL;
}

/* In usd as a number, then in each currency. */
static void
add_changes(struct text *text, const struct coin *coin)
{
    for (size_t i = 1; i < COUNT_OF(periods); i++)
        field_json(text, arena_printf(text->arena, "price_change_percentage_%s", periods[i]),
                   change_percent(coin, "usd", periods[i], text->arena));
    field_json(text, "market_cap_change_24h", market_cap_change(coin, "usd", text->arena));
    field_json(text, "market_cap_change_percentage_24h",
               market_cap_percent(coin, "usd", text->arena));
    add_by_currency(text, "price_change_24h_in_currency", coin, change_24h);
    for (size_t i = 0; i < COUNT_OF(periods); i++) {
        bool has_any = false;

        text_add_format(text, ",\"price_change_percentage_%s_in_currency\":{", periods[i]);
        for (size_t k = 0; k < coin->code_count; k++) {
            const char *change = change_percent(coin, coin->codes[k], periods[i], text->arena);

            if (!change)
                continue;
            text_add_format(text, "%s\"%s\":%s", has_any ? "," : "", coin->codes[k], change);
            has_any = true;
        }
        text_add_char(text, '}');
    }
    add_by_currency(text, "market_cap_change_24h_in_currency", coin, market_cap_change);
    add_by_currency(text, "market_cap_change_percentage_24h_in_currency", coin, market_cap_percent);
}

static const char *
anywhere(const struct coin *coin, enum detail detail)
{
    const char *usd = detail_text(&coin->details, coin->slug, "usd", detail);

    return usd ? usd : detail_text(&coin->details, coin->slug, NULL, detail);
}

static int64_t
updated_at_ms(const struct coin *coin)
{
    int64_t price_at_ms = valuation_of(coin->valuation, coin->slug, "usd")->observed_at_ms;

    return price_at_ms > 0 ? price_at_ms
                           : detail_moment_ms(&coin->details, coin->slug, NULL, DETAIL_OBSERVED_AT);
}

static void
add_sparkline(struct text *text, const struct coin *coin)
{
    text_add_string(text, ",\"sparkline_7d\":{\"price\":");
    text_add_string(text, coin->sparklines.count > 0
                              ? rows_text(&coin->sparklines, 0, SPARKLINE_PRICES)
                              : "[]");
    text_add_char(text, '}');
}

static void
add_market_data(struct text *text, const struct coin *coin, bool has_sparkline)
{
    text_add_string(text,
                    ",\"market_data\":{\"total_value_locked\":null,\"mcap_to_tvl_ratio\":null,"
                    "\"fdv_to_tvl_ratio\":null,\"roi\":null");
    add_by_currency(text, "current_price", coin, price);
    add_by_currency(text, "ath", coin, ath);
    add_by_currency(text, "ath_change_percentage", coin, ath_percent);
    add_by_currency(text, "ath_date", coin, ath_date);
    add_by_currency(text, "atl", coin, atl);
    add_by_currency(text, "atl_change_percentage", coin, atl_percent);
    add_by_currency(text, "atl_date", coin, atl_date);
    add_by_currency(text, "market_cap", coin, market_cap);
    field_json(text, "market_cap_rank", anywhere(coin, DETAIL_RANK));
    add_by_currency(text, "fully_diluted_valuation", coin, fully_diluted);
    field_json(text, "market_cap_fdv_ratio", diluted_ratio(coin, text->arena));
    add_by_currency(text, "total_volume", coin, volume);
    add_by_currency(text, "high_24h", coin, high_24h);
    add_by_currency(text, "low_24h", coin, low_24h);
    field_json(text, "price_change_24h", change_24h(coin, "usd", text->arena));
    add_changes(text, coin);
    field_json(text, "total_supply", anywhere(coin, DETAIL_TOTAL));
    field_json(text, "max_supply", anywhere(coin, DETAIL_MAX));
    field_json(text, "circulating_supply", anywhere(coin, DETAIL_CIRCULATING));
    if (has_sparkline)
        add_sparkline(text, coin);
    field_moment(text, "last_updated", updated_at_ms(coin));
    text_add_char(text, '}');
}

/*
 * What nobody tells us of is empty in all its members, because clients look two levels deep:
 * links.homepage[0], developer_data.code_additions_deletions_4_weeks.additions.
 */
#define NO_LINKS                                                                                   \
    ",\"links\":{\"homepage\":[],\"whitepaper\":\"\",\"blockchain_site\":[],"                      \
    "\"official_forum_url\":[],\"chat_url\":[],\"announcement_url\":[],\"snapshot_url\":null,"     \
    "\"twitter_screen_name\":\"\",\"facebook_username\":\"\",\"bitcointalk_thread_identifier\":"   \
    "null,"                                                                                        \
    "\"telegram_channel_identifier\":\"\",\"subreddit_url\":\"\","                                 \
    "\"repos_url\":{\"github\":[],\"bitbucket\":[]}}"
#define NO_COMMUNITY                                                                               \
    ",\"community_data\":{\"facebook_likes\":null,\"twitter_followers\":null,"                     \
    "\"reddit_average_posts_48h\":null,\"reddit_average_comments_48h\":null,"                      \
    "\"reddit_subscribers\":null,\"reddit_accounts_active_48h\":null,"                             \
    "\"telegram_channel_user_count\":null}"
/* Without its end: a coin's has a member more than that of a day. */
#define NO_DEVELOPERS                                                                              \
    ",\"developer_data\":{\"forks\":null,\"stars\":null,\"subscribers\":null,"                     \
    "\"total_issues\":null,\"closed_issues\":null,\"pull_requests_merged\":null,"                  \
    "\"pull_request_contributors\":null,"                                                          \
    "\"code_additions_deletions_4_weeks\":{\"additions\":null,\"deletions\":null},"                \
    "\"commit_count_4_weeks\":null"

/* Who it is; what no source tells us is empty. */
static void
add_identity(struct text *text, const struct coin *coin, bool is_localized)
{
    text_add_string(text, "{\"id\":");
    text_add_json_string(text, coin->slug);
    field_string(text, "symbol", field_lower_case(anywhere(coin, DETAIL_SYMBOL), text->arena));
    field_string(text, "name", anywhere(coin, DETAIL_NAME));
    if (is_localized) {
        text_add_string(text, ",\"localization\":{\"en\":");
        text_add_json_string(text, anywhere(coin, DETAIL_NAME));
        text_add_char(text, '}');
    }
}

static void
add_profile(struct text *text, const struct coin *coin, const struct params *params)
{
    field_string(text, "web_slug", coin->slug);
    text_add_string(
        text, ",\"asset_platform_id\":null,\"platforms\":{},\"detail_platforms\":{},"
              "\"block_time_in_minutes\":0,\"hashing_algorithm\":null,\"categories\":[],"
              "\"preview_listing\":false,\"public_notice\":null,\"additional_notices\":[],"
              "\"has_supply_breakdown\":false,\"description\":{\"en\":\"\"},"
              "\"image\":{\"thumb\":\"\",\"small\":\"\",\"large\":\"\"},\"country_origin\":\"\","
              "\"genesis_date\":null,\"sentiment_votes_up_percentage\":null,"
              "\"sentiment_votes_down_percentage\":null,\"ico_data\":null,"
              "\"watchlist_portfolio_users\":0");
    field_json(text, "market_cap_rank", anywhere(coin, DETAIL_RANK));
    field_json(text, "market_cap_rank_with_rehypothecated", NULL);
    text_add_string(text, NO_LINKS);
    if (is_told(params, "community_data"))
        text_add_string(text, NO_COMMUNITY);
    if (is_told(params, "developer_data"))
        text_add_string(text, NO_DEVELOPERS ",\"last_4_weeks_commit_activity_series\":[]}");
    text_add_string(text, ",\"status_updates\":[]");
    field_moment(text, "last_updated", updated_at_ms(coin));
}

static void
coin_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct coin *coin = flight_context(flight);
    const struct ticker_coin ticker_coin = {coin->slug, anywhere(coin, DETAIL_SYMBOL), coin->codes,
                                            coin->code_count};
    struct text text;

    coin->valuation = valuation_read(flight, rows);
    text_init(&text, flight_arena(flight), 8192);
    add_identity(&text, coin, is_told(params, "localization"));
    add_profile(&text, coin, params);
    if (is_told(params, "market_data"))
        add_market_data(&text, coin, is_told(params, "sparkline"));
    if (is_told(params, "tickers")) {
        text_add_string(&text, ",\"tickers\":[");
        tickers_add(&text, flight, coin->valuation, &ticker_coin, NULL, NULL, 0, TICKERS_MAX);
        text_add_char(&text, ']');
    }
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

/* ----------------------------------------------------------------------------------- reading */

static void
ask_prices(struct flight *flight)
{
    struct coin *coin = flight_context(flight);

    valuation_ask(flight, &coin->slug, 1, coin->codes, coin->code_count, coin_render);
}

static void
sparkline_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = flight_context(flight);

    coin->sparklines = *rows;
    ask_prices(flight);
}

static void
closes_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = flight_context(flight);
    int64_t first_ms = clock_now_ms() - (SPARKLINE_HOURS + 1) * HOUR_S * INT64_C(1000);

    coin->closes_rows = *rows;
    closes_read_rows(&coin->closes, &coin->closes_rows, flight_arena(flight));
    if (is_told(flight_params(flight), "sparkline"))
        flight_ask(flight, &query_coins_sparklines,
                   SQL_VALUES(SQL_TEXT(text_array(&coin->slug, 1, flight_arena(flight))),
                              SQL_TEXT("usd"), SQL_TIME_MS(first_ms)),
                   sparkline_read);
    else
        ask_prices(flight);
}

static void
details_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = flight_context(flight);

    if (!flight_expect_row(flight, rows))
        return;
    coin->details_rows = *rows;
    details_read_rows(&coin->details, &coin->details_rows, flight_arena(flight));
    if (is_told(flight_params(flight), "market_data"))
        closes_ask(flight, &coin->slug, 1, coin->codes, coin->code_count, periods,
                   COUNT_OF(periods), closes_read);
    else
        ask_prices(flight);
}

static bool
has_code(const struct coin *coin, const char *code)
{
    for (size_t i = 0; i < coin->code_count; i++) {
        if (strcmp(coin->codes[i], code) == 0)
            return true;
    }
    return false;
}

/* Usd, and what tickers are converted into, is there in any case. */
static struct coin *
take_codes(struct flight *flight, const struct rows *rows)
{
    static const char *const always[] = {"btc", "eth", "usd"};
    struct arena *arena = flight_arena(flight);
    struct coin *coin = arena_alloc_array(arena, 1, sizeof *coin);

    coin->slug = params_get(flight_params(flight), "id")->text;
    coin->codes = arena_alloc_array(arena, rows->count + COUNT_OF(always), sizeof *coin->codes);
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, CURRENCY_VERSION));
        coin->codes[coin->code_count++] = rows_text(rows, row, CURRENCY_CODE);
    }
    for (size_t i = 0; i < COUNT_OF(always); i++) {
        if (!has_code(coin, always[i]))
            coin->codes[coin->code_count++] = always[i];
    }
    flight_set_context(flight, coin);
    return coin;
}

static void
codes_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = take_codes(flight, rows);

    details_ask(flight, &coin->slug, 1, coin->codes, coin->code_count, details_read);
}

static void
coin_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, codes_read);
}

const struct reading coingecko_coin_reading = {.tag = coin_tag, .start = coin_start};

/* ----------------------------------------------------------------------------------- history */

enum { DATE_SIZE = 10 }; /* "21-11-2026" */

/* Three numbers with a minus between them, of up to four digits each; false if it is anything else.
 */
static bool
split_date(const char *date, long numbers[3])
{
    for (size_t i = 0; i < 3; i++) {
        size_t digits = strspn(date, "0123456789");

        if (digits == 0 || digits > 4 || date[digits] != (i < 2 ? '-' : '\0'))
            return false;
        numbers[i] = strtol(date, NULL, 10);
        date += digits + 1;
    }
    return true;
}

/* Midnight of "21-11-2026", also as "1-2-2026", or of "2026-11-21"; -1 = it is no day. */
static int64_t
midnight_ms(const char *date)
{
    char text[32];
    long n[3];
    int64_t at_ms;

    if (!split_date(date, n))
        return -1;
    if (n[0] > 31) /* it is the year, and the other way round */
        snprintf(text, sizeof text, "%04ld-%02ld-%02ld", n[0], n[1], n[2]);
    else
        snprintf(text, sizeof text, "%04ld-%02ld-%02ld", n[2], n[1], n[0]);
    return strlen(text) == DATE_SIZE && clock_parse_ms(text, DATE_SIZE, &at_ms) ? at_ms : -1;
}

static bool
history_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (midnight_ms(params_get(params, "date")->text) >= 0)
        return true;
    problem_set(ret_problem, 400, "parameter.malformed",
                "The request has a parameter that cannot be used",
                "date: not a day of the calendar as dd-mm-yyyy");
    ret_problem->parameter = "date";
    return false;
}

/* Late rows of that day may still come: as with the day's chart. */
static void
history_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, arena_printf(tags->arena, "price:%s", params_get(params, "id")->text));
}

static void
add_snapshot(struct text *text, const struct coin *coin)
{
    text_add_string(text, ",\"market_data\":{\"roi\":null");
    add_by_currency(text, "current_price", coin, price);
    add_by_currency(text, "market_cap", coin, market_cap);
    add_by_currency(text, "total_volume", coin, volume);
    text_add_char(text, '}');
}

/* Leaves the currencies in which there was a price at that time, not one of long before. */
static void
keep_known(struct coin *coin)
{
    size_t known = 0;

    for (size_t i = 0; i < coin->code_count; i++) {
        const struct worth *worth = valuation_of(coin->valuation, coin->slug, coin->codes[i]);

        if (worth->price && !worth->is_stale)
            coin->codes[known++] = coin->codes[i];
    }
    coin->code_count = known;
}

static void
history_land(struct flight *flight)
{
    struct coin *coin = flight_context(flight);
    struct text text;

    text_init(&text, flight_arena(flight), 4096);
    add_identity(&text, coin, is_told(flight_params(flight), "localization"));
    text_add_string(&text, ",\"image\":{\"thumb\":\"\",\"small\":\"\"}");
    if (coin->code_count > 0)
        add_snapshot(&text, coin);
    text_add_string(&text, NO_COMMUNITY NO_DEVELOPERS
                    "},\"public_interest_stats\":{\"alexa_rank\":null,\"bing_matches\":null}}\n");
    flight_land(flight, text_finish(&text));
}

static void
nothing_found(struct flight *flight, const struct rows *rows)
{
    int64_t at_ms = midnight_ms(params_get(flight_params(flight), "date")->text);

    if (!retention_refuses(flight, rows, at_ms, "date"))
        history_land(flight);
}

static void
history_render(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = flight_context(flight);

    coin->valuation = valuation_read(flight, rows);
    keep_known(coin);
    if (coin->code_count > 0)
        history_land(flight);
    else
        retention_ask(flight, nothing_found);
}

static void
history_details_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = flight_context(flight);
    int64_t at_ms = midnight_ms(params_get(flight_params(flight), "date")->text);

    if (!flight_expect_row(flight, rows))
        return;
    coin->details_rows = *rows;
    details_read_rows(&coin->details, &coin->details_rows, flight_arena(flight));
    valuation_ask_at(flight, &coin->slug, 1, coin->codes, coin->code_count, at_ms, history_render);
}

static void
history_codes_read(struct flight *flight, const struct rows *rows)
{
    struct coin *coin = take_codes(flight, rows);

    details_ask(flight, &coin->slug, 1, coin->codes, 0, history_details_read);
}

static void
history_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, history_codes_read);
}

const struct reading coingecko_history_reading = {
    .check = history_check, .tag = history_tag, .start = history_start};
