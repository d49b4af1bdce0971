#include "api/handlers/coingecko/simple.h"

#include "api/handlers/coingecko/details.h"
#include "api/handlers/coingecko/valuation.h"
#include "api/params/params_known.h"
#include "common/attributes.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <string.h>

/* The parameter that says which coins: ids before names before symbols. NULL = none does. */
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

static bool
price_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    const struct param_value *asked = asked_of(params);

    if (!asked) {
        problem_set(ret_problem, 400, "parameter.missing", "The request lacks a parameter",
                    "ids: is required, or names, or symbols");
        ret_problem->parameter = "ids";
        return false;
    }
    if (asked->item_count * params_get(params, "vs_currencies")->item_count > SIMPLE_PRICES_MAX) {
        problem_set(ret_problem, 400, "parameter.range",
                    "The request has a parameter that cannot be used",
                    "ids: more than %d prices at once, coins times currencies", SIMPLE_PRICES_MAX);
        ret_problem->parameter = "ids";
        return false;
    }
    return true;
}

static const char **
slugs_of(const struct param_value *asked, struct arena *arena)
{
    const char **slugs = arena_alloc_array(arena, asked->item_count + 1, sizeof *slugs);

    for (size_t i = 0; i < asked->item_count; i++)
        slugs[i] = param_asset_slug(asked->items[i], arena);
    return slugs;
}

static void
price_tag(const struct params *params, struct tag_list *tags)
{
    const struct param_value *asked = asked_of(params);
    const struct param_value *codes = params_get(params, "vs_currencies");

    valuation_tag(tags, slugs_of(asked, tags->arena), asked->item_count, codes->items,
                  codes->item_count);
}

/* --------------------------------------------------------------------------------- rendering */

static bool
is_wanted(const struct params *params, const char *flag)
{
    const struct param_value *value = params_get(params, flag);

    return value->given && strcmp(value->text, "true") == 0;
}

static void
add_member(struct text *text, bool *has_any, const char *code, const char *suffix,
           const char *number)
{
    text_add_string(text, *has_any ? ",\"" : "\"");
    text_add_string(text, code); /* [a-z0-9]: nothing to escape */
    text_add_string(text, suffix);
    text_add_string(text, "\":");
    text_add_json_raw(text, number);
    *has_any = true;
}

/* What a flight carries from one query to the next. */
struct simple {
    struct rows prices_rows, closes_rows;
    struct row_index closes;
    struct valuation *valuation;
};

/* As somebody says it, else by what the coin cost a day ago. */
static const char *
change_percent(const struct simple *simple, const char *slug, const char *code, struct arena *arena)
{
    const struct worth *worth = valuation_of(simple->valuation, slug, code);

    if (worth->change_24h_percent)
        return worth->change_24h_percent;
    return percent_change(worth->price, close_before(&simple->closes, slug, code, "24h", arena),
                          arena);
}

static void
add_currency(struct text *text, bool *has_any, const struct params *params,
             const struct simple *simple, const char *slug, const char *code)
{
    const char *precision = params_get(params, "precision")->text;
    const struct worth *worth = valuation_of(simple->valuation, slug, code);

    add_member(text, has_any, code, "", valuation_round(worth->price, precision, text->arena));
    if (is_wanted(params, "include_market_cap"))
        add_member(text, has_any, code, "_market_cap",
                   valuation_round(worth->market_cap, precision, text->arena));
    if (is_wanted(params, "include_24hr_vol"))
        add_member(text, has_any, code, "_24h_vol",
                   valuation_round(worth->volume_24h, precision, text->arena));
    if (is_wanted(params, "include_24hr_change"))
        add_member(text, has_any, code, "_24h_change",
                   change_percent(simple, slug, code, text->arena));
}

/* A currency in which nobody knows the price is left out, as one that does not exist is. */
static void
add_coin(struct flight *flight, struct text *text, const struct simple *simple, const char *slug)
{
    const struct params *params = flight_params(flight);
    const struct param_value *codes = params_get(params, "vs_currencies");
    int64_t updated_at_ms = 0;
    bool has_any = false;

    text_add_char(text, '{');
    for (size_t i = 0; i < codes->item_count; i++) {
        const struct worth *worth = valuation_of(simple->valuation, slug, codes->items[i]);

        valuation_note(flight, simple->valuation, slug, codes->items[i]);
        if (!worth->price)
            continue;
        add_currency(text, &has_any, params, simple, slug, codes->items[i]);
        if (worth->observed_at_ms > updated_at_ms)
            updated_at_ms = worth->observed_at_ms;
    }
    if (updated_at_ms > 0 && is_wanted(params, "include_last_updated_at")) {
        text_add_string(text, has_any ? ",\"last_updated_at\":" : "\"last_updated_at\":");
        text_add_int(text, updated_at_ms / 1000);
    }
    text_add_char(text, '}');
}

static const char *
market_cap_of(struct valuation *valuation, const char *slug)
{
    const char *market_cap = valuation_of(valuation, slug, "usd")->market_cap;

    return market_cap ? market_cap : "-1";
}

/*
 * Of the items from `first` on that answer one word, the one with the largest market cap; how many
 * there are.
 */
static size_t
choose_top(const struct param_value *asked, const char **slugs, size_t first,
           struct valuation *valuation, size_t *ret_top)
{
    const char *word = param_asset_asked(asked->items[first]);
    size_t next = first + 1;

    *ret_top = first;
    for (; next < asked->item_count && strcmp(param_asset_asked(asked->items[next]), word) == 0;
         next++) {
        if (decimal_compare(market_cap_of(valuation, slugs[next]),
                            market_cap_of(valuation, slugs[*ret_top])) > 0)
            *ret_top = next;
    }
    return next - first;
}

/* One coin a word; or all that have it, and then by their ids, because a key is there once. */
static void
price_render(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct simple *simple = flight_context(flight);
    const struct param_value *asked = asked_of(params);
    const struct param_value *tokens = params_get(params, "include_tokens");
    bool takes_all = tokens->given && strcmp(tokens->text, "all") == 0;
    const char **slugs = slugs_of(asked, flight_arena(flight));
    struct text text;
    size_t top;

    text_init(&text, flight_arena(flight), 64 + 96 * simple->prices_rows.count);
    text_add_char(&text, '{');
    for (size_t i = 0, count; i < asked->item_count; i += count) {
        count = choose_top(asked, slugs, i, simple->valuation, &top);
        if (takes_all && count > 1) {
            top = i;
            count = 1;
        }
        text_add_string(&text, i > 0 ? "," : "");
        text_add_json_string(&text, takes_all ? slugs[top] : param_asset_asked(asked->items[top]));
        text_add_char(&text, ':');
        add_coin(flight, &text, simple, slugs[top]);
    }
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
closes_read(struct flight *flight, const struct rows *rows)
{
    struct simple *simple = flight_context(flight);

    simple->closes_rows = *rows;
    closes_read_rows(&simple->closes, &simple->closes_rows, flight_arena(flight));
    price_render(flight);
}

/* The coins of which a price is known, but not how it changed. */
static size_t
find_unchanged(const struct params *params, struct valuation *valuation, const char **slugs)
{
    const struct param_value *codes = params_get(params, "vs_currencies");
    size_t slug_count = asked_of(params)->item_count, count = 0;

    for (size_t i = 0; i < slug_count; i++) {
        bool is_known = true;

        for (size_t k = 0; k < codes->item_count; k++) {
            const struct worth *worth = valuation_of(valuation, slugs[i], codes->items[k]);

            is_known &= !worth->price || worth->change_24h_percent;
        }
        if (!is_known)
            slugs[count++] = slugs[i];
    }
    return count;
}

static void
prices_read(struct flight *flight, const struct rows *rows)
{
    static const char *const periods[] = {"24h"};
    const struct params *params = flight_params(flight);
    const struct param_value *codes = params_get(params, "vs_currencies");
    struct simple *simple = arena_alloc_array(flight_arena(flight), 1, sizeof *simple);
    const char **slugs = slugs_of(asked_of(params), flight_arena(flight));
    size_t count = 0;

    simple->prices_rows = *rows;
    simple->valuation = valuation_read(flight, &simple->prices_rows);
    flight_set_context(flight, simple);
    if (is_wanted(params, "include_24hr_change"))
        count = find_unchanged(params, simple->valuation, slugs);
    if (count > 0)
        closes_ask(flight, slugs, count, codes->items, codes->item_count, periods,
                   COUNT_OF(periods), closes_read);
    else
        price_render(flight);
}

static void
price_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct param_value *asked = asked_of(params);
    const struct param_value *codes = params_get(params, "vs_currencies");

    valuation_ask(flight, slugs_of(asked, flight_arena(flight)), asked->item_count, codes->items,
                  codes->item_count, prices_read);
}

const struct reading coingecko_simple_price_reading = {
    .check = price_check, .tag = price_tag, .start = price_start, .on_demand = true};

/* -------------------------------------------------------------------------------- currencies */

/* A new currency is seen within minutes. */
static void
currencies_tag(const struct params *params, struct tag_list *tags)
{
}

static void
currencies_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 256);
    text_add_char(&text, '[');
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, 1));
        text_add_string(&text, row > 0 ? "," : "");
        text_add_json_string(&text, rows_text(rows, row, 0));
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

static void
currencies_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, currencies_render);
}

const struct reading coingecko_currencies_reading = {.tag = currencies_tag,
                                                     .start = currencies_start};
