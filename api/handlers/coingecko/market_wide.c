#include "api/handlers/coingecko/market_wide.h"

#include "api/handlers/coingecko/details.h"
#include "api/handlers/coingecko/fields.h"
#include "api/handlers/coingecko/valuation.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <string.h>

enum { LARGEST = 10, SHARE_DIGITS = 14 };

/* Columns of query_currencies_priced, query_coins_totals and query_coins_largest. */
enum { CURRENCY_CODE, CURRENCY_VERSION, CURRENCY_NAME, CURRENCY_KIND };
enum {
    COINS,
    SOURCES,
    MARKET_CAP,
    VOLUME_24H,
    CAP_BEFORE,
    CAP_COMPARED,
    TOTALS_VERSION,
    VOLUME_COMPARED,
    VOLUME_BEFORE,
};
enum { LARGEST_SYMBOL, LARGEST_CAP };

/* What a flight carries from one query to the next. */
struct market_wide {
    struct rows currencies, totals, largest;
    const char **codes;
};

/* No event changes these: they are read again when their time is over. */
static void
no_tags(const struct params *params, struct tag_list *tags)
{
}

static struct market_wide *
take_currencies(struct flight *flight, const struct rows *rows)
{
    struct arena *arena = flight_arena(flight);
    struct market_wide *wide = arena_alloc_array(arena, 1, sizeof *wide);

    wide->currencies = *rows;
    wide->codes = arena_alloc_array(arena, rows->count + 1, sizeof *wide->codes);
    for (size_t row = 0; row < rows->count; row++) {
        wide->codes[row] = rows_text(rows, row, CURRENCY_CODE);
        flight_note_version(flight, rows_text(rows, row, CURRENCY_VERSION));
    }
    flight_set_context(flight, wide);
    return wide;
}

static void
ask_rates(struct flight *flight, void (*then)(struct flight *flight, const struct rows *rows))
{
    struct market_wide *wide = flight_context(flight);

    valuation_ask(flight, NULL, 0, wide->codes, wide->currencies.count, then);
}

/* -------------------------------------------------------------------------------------- global */

/* In all currencies; a share of no market is no share. */
static void
add_total(struct text *text, const char *name, const struct market_wide *wide,
          struct valuation *valuation, const char *usd)
{
    bool has_any = false;

    text_add_format(text, ",\"%s\":{", name);
    for (size_t i = 0; i < wide->currencies.count; i++) {
        const char *amount = valuation_convert(valuation, usd, "usd", wide->codes[i]);

        if (!amount)
            continue;
        text_add_format(text, "%s\"%s\":", has_any ? "," : "", wide->codes[i]);
        text_add_string(text, amount);
        has_any = true;
    }
    text_add_char(text, '}');
}

static void
add_shares(struct text *text, const struct market_wide *wide)
{
    const char *total = rows_text(&wide->totals, 0, MARKET_CAP);

    text_add_string(text, ",\"market_cap_percentage\":{");
    for (size_t row = 0; total && !decimal_is_zero(total) && row < wide->largest.count; row++) {
        const char *cap = rows_text(&wide->largest, row, LARGEST_CAP);

        text_add_string(text, row > 0 ? "," : "");
        text_add_json_string(text, rows_text(&wide->largest, row, LARGEST_SYMBOL));
        text_add_char(text, ':');
        text_add_string(text, decimal_ratio(decimal_multiply(cap, 100, text->arena), total,
                                            SHARE_DIGITS, text->arena));
    }
    text_add_char(text, '}');
}

static void
global_render(struct flight *flight, const struct rows *rows)
{
    const struct market_wide *wide = flight_context(flight);
    const struct rows *totals = &wide->totals;
    struct valuation *valuation = valuation_read(flight, rows);
    struct text text;
    size_t from;

    text_init(&text, flight_arena(flight), 4096);
    text_add_string(&text, "{\"data\":{\"active_cryptocurrencies\":");
    text_add_json_raw(&text, rows_text(totals, 0, COINS));
    text_add_string(&text, ",\"upcoming_icos\":0,\"ongoing_icos\":0,\"ended_icos\":0");
    field_json(&text, "markets", rows_text(totals, 0, SOURCES));
    add_total(&text, "total_market_cap", wide, valuation, rows_text(totals, 0, MARKET_CAP));
    add_total(&text, "total_volume", wide, valuation, rows_text(totals, 0, VOLUME_24H));
    add_shares(&text, wide);
    field_json(&text, "market_cap_change_percentage_24h_usd",
               percent_change(rows_text(totals, 0, CAP_COMPARED), rows_text(totals, 0, CAP_BEFORE),
                              text.arena));
    field_json(&text, "volume_change_percentage_24h_usd",
               percent_change(rows_text(totals, 0, VOLUME_COMPARED),
                              rows_text(totals, 0, VOLUME_BEFORE), text.arena));
    text_add_string(&text, ",\"updated_at\":");
    from = text.size;
    text_add_int(&text, freshness_now_ms(flight_freshness(flight)) / 1000);
    freshness_leave_out(flight_freshness(flight), &text, from);
    text_add_string(&text, "}}\n");
    flight_land(flight, text_finish(&text));
}

static void
largest_read(struct flight *flight, const struct rows *rows)
{
    struct market_wide *wide = flight_context(flight);

    wide->largest = *rows;
    ask_rates(flight, global_render);
}

static void
totals_read(struct flight *flight, const struct rows *rows)
{
    struct market_wide *wide = flight_context(flight);

    wide->totals = *rows;
    flight_note_version(flight, rows_text(rows, 0, TOTALS_VERSION));
    flight_ask(flight, &query_coins_largest, SQL_VALUES(SQL_INT(LARGEST)), largest_read);
}

static void
global_currencies_read(struct flight *flight, const struct rows *rows)
{
    take_currencies(flight, rows);
    flight_ask(flight, &query_coins_totals, SQL_NO_VALUES, totals_read);
}

static void
global_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, global_currencies_read);
}

const struct reading coingecko_global_reading = {.tag = no_tags, .start = global_start};

/* --------------------------------------------------------------------------------------- rates */

/* Of currencies that have a sign of their own; of the others it is their code. */
static const struct {
    const char *code, *unit;
} units[] = {
    {"usd", "$"  },
    {"eur", "€"},
    {"gbp", "£" },
    {"jpy", "¥" },
    {"cny", "¥" },
    {"krw", "₩"},
    {"inr", "₹"},
    {"try", "₺"},
    {"brl", "R$" },
    {"cad", "CA$"},
    {"aud", "A$" },
    {"nzd", "NZ$"},
    {"hkd", "HK$"},
    {"mxn", "MX$"},
    {"sek", "kr" },
    {"nok", "kr" },
    {"dkk", "kr."},
    {"pln", "zł"},
    {"czk", "Kč"},
    {"zar", "R"  },
    {"chf", "Fr."},
    {"sgd", "S$" },
};

static const char *
unit_of(const char *code, struct arena *arena)
{
    char *upper;

    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(units[i].code, code) == 0)
            return units[i].unit;
    }
    upper = arena_string(arena, code);
    for (char *c = upper; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c -= 'a' - 'A';
    }
    return upper;
}

static void
add_rate(struct text *text, const struct rows *currencies, size_t row, const char *value)
{
    const char *kind = rows_text(currencies, row, CURRENCY_KIND);

    text_add_json_string(text, rows_text(currencies, row, CURRENCY_CODE));
    text_add_string(text, ":{\"name\":");
    text_add_json_string(text, rows_text(currencies, row, CURRENCY_NAME));
    field_string(text, "unit", unit_of(rows_text(currencies, row, CURRENCY_CODE), text->arena));
    field_json(text, "value", value);
    field_string(text, "type", strcmp(kind, "fiat") == 0 ? "fiat" : "crypto");
    text_add_char(text, '}');
}

static void
rates_render(struct flight *flight, const struct rows *rows)
{
    const struct market_wide *wide = flight_context(flight);
    struct valuation *valuation = valuation_read(flight, rows);
    bool has_any = false;
    struct text text;

    text_init(&text, flight_arena(flight), 4096);
    text_add_string(&text, "{\"rates\":{");
    for (size_t row = 0; row < wide->currencies.count; row++) {
        const char *value = valuation_of_bitcoin(valuation, wide->codes[row]);

        if (!value)
            continue;
        text_add_string(&text, has_any ? "," : "");
        add_rate(&text, &wide->currencies, row, value);
        has_any = true;
    }
    text_add_string(&text, "}}\n");
    flight_land(flight, text_finish(&text));
}

static void
rates_currencies_read(struct flight *flight, const struct rows *rows)
{
    take_currencies(flight, rows);
    ask_rates(flight, rates_render);
}

static void
rates_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, rates_currencies_read);
}

static void
rates_tag(const struct params *params, struct tag_list *tags)
{
    static const char *const coins[] = {"ethereum", "binancecoin", "tether", "usd-coin", "dai"};

    valuation_tag(tags, coins, COUNT_OF(coins), NULL, 0);
}

const struct reading coingecko_rates_reading = {.tag = rates_tag, .start = rates_start};
