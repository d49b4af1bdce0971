#include "api/handlers/coingecko/markets.h"

#include "api/handlers/coingecko/details.h"
#include "api/handlers/coingecko/fields.h"
#include "api/handlers/coingecko/pages.h"
#include "api/handlers/coingecko/valuation.h"
#include "api/params/params_known.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <string.h>

enum { HOUR_S = 3600, SPARKLINE_HOURS = 168 };

/* Columns of query_coins_page and its like, and of query_coins_sparklines. */
enum { PAGE_SLUG, PAGE_TOTAL, PAGE_VERSION };
enum { SPARKLINE_SLUG, SPARKLINE_PRICES };

/* What a flight carries from one query to the next. */
struct markets {
    const char **slugs;
    size_t count;
    const char *codes[2]; /* what is asked for, and usd */
    struct rows details_rows, sparkline_rows, closes_rows;
    struct row_index details, sparklines, closes;
};

/* The parameter that says which coins; NULL = all. */
static const struct param_value *
asked_of(const struct params *params)
{
    static const char *const names[] = {"ids", "names", "symbols"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (params_get(params, names[i])->given)
            return params_get(params, names[i]);
    }
    return NULL;
}

static void
markets_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "data"); /* any price may move a coin onto the page */
}

static bool
is_true(const struct params *params, const char *name)
{
    const struct param_value *value = params_get(params, name);

    return value->given && strcmp(value->text, "true") == 0;
}

/* --------------------------------------------------------------------------------- rendering */

/* One coin in the currency that was asked for. */
struct row {
    const struct markets *markets;
    struct valuation *valuation;
    const struct worth *worth;
    const char *slug, *code, *precision;
};

static const char *
detail_of(const struct row *row, enum detail detail)
{
    return detail_text(&row->markets->details, row->slug, row->code, detail);
}

/* What is the same in every currency. */
static const char *
detail_anywhere(const struct row *row, enum detail detail)
{
    const char *text = detail_of(row, detail);

    return text ? text : detail_text(&row->markets->details, row->slug, NULL, detail);
}

static void
add_money(struct text *text, const struct row *row, const char *name, const char *number)
{
    field_json(text, name, valuation_round(number, row->precision, text->arena));
}

/* Of what all coins that there will ever be are worth now: converted as market caps are. */
static const char *
fully_diluted(const struct row *row)
{
    const char *own = detail_of(row, DETAIL_FULLY_DILUTED);

    if (own)
        return own;
    return valuation_convert(
        row->valuation, detail_text(&row->markets->details, row->slug, "usd", DETAIL_FULLY_DILUTED),
        "usd", row->code);
}

static void
add_record(struct text *text, const struct row *row, const char *name, enum detail price,
           enum detail at)
{
    const char *record = detail_of(row, price);

    add_money(text, row, name, record);
    field_json(text, arena_printf(text->arena, "%s_change_percentage", name),
               percent_change(row->worth->price, record, text->arena));
    field_moment(text, arena_printf(text->arena, "%s_date", name),
                 detail_moment_ms(&row->markets->details, row->slug, row->code, at));
}

static void
add_sparkline(struct text *text, const struct row *row)
{
    int64_t found = row_index_find(&row->markets->sparklines, &row->slug, 1);

    text_add_string(text, ",\"sparkline_in_7d\":{\"price\":");
    text_add_string(text, found < 0 ? "[]"
                                    : rows_text(&row->markets->sparkline_rows, (size_t)found,
                                                SPARKLINE_PRICES));
    text_add_char(text, '}');
}

static const char *
price_before(const struct row *row, const char *period, struct arena *arena)
{
    return close_before(&row->markets->closes, row->slug, row->code, period, arena);
}

/* As a source says it. */
static const char *
told_percent(const struct row *row)
{
    const char *change = row->worth->change_24h_percent;

    return change ? change : detail_of(row, DETAIL_CHANGE_24H_PERCENT);
}

/* As a source says it, else by what the coin cost then. */
static const char *
change_percent(const struct row *row, const char *period, struct arena *arena)
{
    const char *told = strcmp(period, "24h") == 0 ? told_percent(row) : NULL;

    return told ? told : percent_change(row->worth->price, price_before(row, period, arena), arena);
}

static const char *
change_24h(const struct row *row, struct arena *arena)
{
    const char *told = detail_of(row, DETAIL_CHANGE_24H);

    return told ? told
                : price_change(row->worth->price, told_percent(row),
                               price_before(row, "24h", arena), arena);
}

static void
add_market_cap_changes(struct text *text, const struct row *row)
{
    const char *now = row->worth->market_cap;
    const char *before =
        market_cap_before(&row->markets->closes, row->slug, row->code, text->arena);

    add_money(text, row, "market_cap_change_24h",
              now && before ? decimal_subtract(now, before, text->arena) : NULL);
    field_json(text, "market_cap_change_percentage_24h", percent_change(now, before, text->arena));
}

static void
add_changes(struct text *text, const struct row *row, const struct param_value *periods)
{
    for (size_t i = 0; i < periods->item_count; i++) {
        const char *period = periods->items[i];

        field_json(text,
                   arena_printf(text->arena, "price_change_percentage_%s_in_currency", period),
                   change_percent(row, period, text->arena));
    }
}

static void
add_row(struct text *text, const struct row *row, const struct params *params)
{
    int64_t updated_at_ms = row->worth->observed_at_ms;

    if (updated_at_ms == 0)
        updated_at_ms =
            detail_moment_ms(&row->markets->details, row->slug, NULL, DETAIL_OBSERVED_AT);
    text_add_string(text, "{\"id\":");
    text_add_json_string(text, row->slug);
    field_string(text, "symbol",
                 field_lower_case(detail_anywhere(row, DETAIL_SYMBOL), text->arena));
    field_string(text, "name", detail_anywhere(row, DETAIL_NAME));
    field_string(text, "image", "");
    add_money(text, row, "current_price", row->worth->price);
    add_money(text, row, "market_cap", row->worth->market_cap);
    field_json(text, "market_cap_rank", detail_anywhere(row, DETAIL_RANK));
    add_money(text, row, "fully_diluted_valuation", fully_diluted(row));
    add_money(text, row, "total_volume", row->worth->volume_24h);
    add_money(text, row, "high_24h", detail_of(row, DETAIL_HIGH_24H));
    add_money(text, row, "low_24h", detail_of(row, DETAIL_LOW_24H));
    add_money(text, row, "price_change_24h", change_24h(row, text->arena));
    field_json(text, "price_change_percentage_24h", change_percent(row, "24h", text->arena));
    add_market_cap_changes(text, row);
    field_json(text, "circulating_supply", detail_anywhere(row, DETAIL_CIRCULATING));
    field_json(text, "total_supply", detail_anywhere(row, DETAIL_TOTAL));
    field_json(text, "max_supply", detail_anywhere(row, DETAIL_MAX));
    add_record(text, row, "ath", DETAIL_ATH, DETAIL_ATH_AT);
    add_record(text, row, "atl", DETAIL_ATL, DETAIL_ATL_AT);
    field_json(text, "roi", NULL);
    field_moment(text, "last_updated", updated_at_ms);
    if (is_true(params, "sparkline"))
        add_sparkline(text, row);
    add_changes(text, row, params_get(params, "price_change_percentage"));
    text_add_char(text, '}');
}

static void
markets_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct markets *markets = flight_context(flight);
    struct row row = {.markets = markets,
                      .valuation = valuation_read(flight, rows),
                      .code = markets->codes[0],
                      .precision = params_get(params, "precision")->text};
    struct text text;

    text_init(&text, flight_arena(flight), 64 + 900 * markets->count);
    text_add_char(&text, '[');
    for (size_t i = 0; i < markets->count; i++) {
        row.slug = markets->slugs[i];
        row.worth = valuation_of(row.valuation, row.slug, row.code);
        text_add_string(&text, i > 0 ? ",\n" : "");
        add_row(&text, &row, params);
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

/* ----------------------------------------------------------------------------------- reading */

static void
ask_prices(struct flight *flight)
{
    struct markets *markets = flight_context(flight);

    valuation_ask(flight, markets->slugs, markets->count, markets->codes, 1, markets_render);
}

static void
closes_read(struct flight *flight, const struct rows *rows)
{
    struct markets *markets = flight_context(flight);

    markets->closes_rows = *rows;
    closes_read_rows(&markets->closes, &markets->closes_rows, flight_arena(flight));
    ask_prices(flight);
}

static void
ask_closes(struct flight *flight)
{
    struct markets *markets = flight_context(flight);
    const struct param_value *asked = params_get(flight_params(flight), "price_change_percentage");
    const char **periods =
        arena_alloc_array(flight_arena(flight), asked->item_count + 1, sizeof *periods);
    size_t count = 0;

    periods[count++] = "24h"; /* which every row has */
    for (size_t i = 0; i < asked->item_count; i++) {
        if (strcmp(asked->items[i], "24h") != 0)
            periods[count++] = asked->items[i];
    }
    closes_ask(flight, markets->slugs, markets->count, markets->codes, 1, periods, count,
               closes_read);
}

static void
sparklines_read(struct flight *flight, const struct rows *rows)
{
    static const size_t by_slug = SPARKLINE_SLUG;
    struct markets *markets = flight_context(flight);

    markets->sparkline_rows = *rows;
    row_index_make(&markets->sparklines, &markets->sparkline_rows, &by_slug, 1,
                   flight_arena(flight));
    ask_closes(flight);
}

static void
details_read(struct flight *flight, const struct rows *rows)
{
    struct markets *markets = flight_context(flight);
    int64_t first_ms = clock_now_ms() - (SPARKLINE_HOURS + 1) * HOUR_S * INT64_C(1000);

    markets->details_rows = *rows;
    details_read_rows(&markets->details, &markets->details_rows, flight_arena(flight));
    if (is_true(flight_params(flight), "sparkline"))
        flight_ask(
            flight, &query_coins_sparklines,
            SQL_VALUES(SQL_TEXT(text_array(markets->slugs, markets->count, flight_arena(flight))),
                       SQL_TEXT(markets->codes[0]), SQL_TIME_MS(first_ms)),
            sparklines_read);
    else
        ask_closes(flight);
}

static void
page_read(struct flight *flight, const struct rows *rows)
{
    struct markets *markets = flight_context(flight);
    const struct rows nothing = {0};
    size_t row;

    flight_note_version(flight, rows_text(rows, 0, PAGE_VERSION));
    pages_add_links(flight, params_get(flight_params(flight), "per_page")->integer,
                    rows_int(rows, 0, PAGE_TOTAL, 0));
    markets->slugs = arena_alloc_array(flight_arena(flight), rows->count, sizeof *markets->slugs);
    for (row = 0; row < rows->count && !rows_is_null(rows, row, PAGE_SLUG); row++)
        markets->slugs[row] = rows_text(rows, row, PAGE_SLUG);
    markets->count = row;
    if (markets->count > 0)
        details_ask(flight, markets->slugs, markets->count, markets->codes, 2, details_read);
    else
        markets_render(flight, &nothing);
}

/* The first order that is known; sorted by name, which is as good as any where several are given.
 */
static const char *
order_of(const struct params *params)
{
    const struct param_value *order = params_get(params, "order");
    const char *name = order->item_count > 0 ? order->items[0] : "market_cap_desc";

    return strncmp(name, "gecko", 5) == 0 ? "market_cap_desc" : name;
}

/* Of the coins that one word means the largest, unless all are wanted. */
static void
ask_named(struct flight *flight, const struct param_value *asked, const char *sort, bool ascending,
          struct database_value rows, struct database_value skip)
{
    struct arena *arena = flight_arena(flight);
    const struct param_value *tokens = params_get(flight_params(flight), "include_tokens");
    bool takes_all = tokens->given && strcmp(tokens->text, "all") == 0;
    const char **slugs = arena_alloc_array(arena, asked->item_count + 1, sizeof *slugs);
    const char **words = arena_alloc_array(arena, asked->item_count + 1, sizeof *words);

    for (size_t i = 0; i < asked->item_count; i++) {
        slugs[i] = param_asset_slug(asked->items[i], arena);
        words[i] = takes_all ? slugs[i] : param_asset_asked(asked->items[i]);
    }
    flight_ask(flight, &query_coins_page_of,
               SQL_VALUES(SQL_TEXT(text_array(slugs, asked->item_count, arena)), SQL_TEXT(sort),
                          SQL_BOOL(ascending), rows, skip,
                          SQL_TEXT(text_array(words, asked->item_count, arena))),
               page_read);
}

static void
ask_page(struct flight *flight, const char *code)
{
    const struct params *params = flight_params(flight);
    const struct param_value *asked = asked_of(params);
    int64_t per_page = params_get(params, "per_page")->integer;
    struct database_value rows = SQL_INT(per_page);
    struct database_value skip = SQL_INT((params_get(params, "page")->integer - 1) * per_page);
    const char *order = order_of(params);
    bool ascending = strcmp(order + strlen(order) - 4, "_asc") == 0;
    const char *sort = strncmp(order, "volume", 6) == 0 ? "volume"
                       : strncmp(order, "id", 2) == 0   ? "id"
                                                        : "market_cap";

    if (asked)
        ask_named(flight, asked, sort, ascending, rows, skip);
    else if (strcmp(sort, "id") == 0)
        flight_ask(flight, &query_coins_page_by_id,
                   SQL_VALUES(SQL_TEXT(code), SQL_BOOL(!ascending), rows, skip), page_read);
    else
        flight_ask(flight, &query_coins_page,
                   SQL_VALUES(SQL_TEXT(code), SQL_TEXT(sort), SQL_BOOL(ascending), rows, skip),
                   page_read);
}

/* There are no categories here, so no coin is in the one that was asked for, whatever its id. */
static void
ask_nobody(struct flight *flight)
{
    const struct param_value nobody = {.item_count = 0};

    ask_named(flight, &nobody, "id", true, SQL_INT(1), SQL_INT(0));
}

static void
markets_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    struct markets *markets = arena_alloc_array(flight_arena(flight), 1, sizeof *markets);

    markets->codes[0] = params_get(params, "vs_currency")->text;
    markets->codes[1] = "usd";
    flight_set_context(flight, markets);
    if (params_get(params, "category")->given)
        ask_nobody(flight);
    else
        ask_page(flight, markets->codes[0]);
}

const struct reading coingecko_markets_reading = {.tag = markets_tag, .start = markets_start};
