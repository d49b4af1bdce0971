#include "api/handlers/udf/market.h"

#include "schema/queries.h"

#include <ctype.h>
#include <string.h>

/* Columns of query_market_find. */
enum { ASSET_ID, QUOTE_ID, SOURCE_ID, SLUG, TICKER, ASSET_NAME, CODE, CURRENCY, KIND, VERSION };

static const char *
uppercase(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

/* What a chart wants to see the market in, instead of its own currency; NULL = nothing else. */
static const char *
other_currency(const struct params *params)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (strcmp(params->declared[i].name, "currencyCode") == 0)
            return params->values[i].text;
    }
    return NULL;
}

static void
read_name(const struct params *params, struct arena *arena, struct market_name *name)
{
    const char *currency = other_currency(params);

    market_name_unpack(params_get(params, "symbol")->items[0], arena, name);
    for (size_t i = 0; currency && i < name->candidate_count; i++)
        name->candidates[i].code = currency;
}

void
market_tag(const struct params *params, struct tag_list *tags)
{
    struct market_name *name = arena_alloc(tags->arena, sizeof *name);

    read_name(params, tags->arena, name);
    for (size_t i = 0; i < name->candidate_count; i++) {
        const struct market_candidate *candidate = &name->candidates[i];

        tag_list_add(tags, arena_printf(tags->arena, "price:%s", candidate->slug));
        tag_list_add(tags,
                     arena_printf(tags->arena, "chart:%s/%s", candidate->slug, candidate->code));
    }
}

static void
on_found(struct flight *flight, const struct rows *rows)
{
    struct market *market = flight_context(flight);
    struct problem problem;

    if (rows->count == 0) {
        problem_set(&problem, 404, "symbol.unknown", "There is no such market",
                    "symbol: nobody trades %.200s", market->name.text);
        flight_fail(flight, &problem);
        return;
    }
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    market->source_id =
        rows_is_null(rows, 0, SOURCE_ID) ? SQL_NULL : SQL_INT(rows_int(rows, 0, SOURCE_ID, 0));
    market->asset_id = SQL_INT(rows_int(rows, 0, ASSET_ID, 0));
    market->quote_id = SQL_INT(rows_int(rows, 0, QUOTE_ID, 0));
    market->slug = rows_text(rows, 0, SLUG);
    market->ticker = rows_text(rows, 0, TICKER);
    market->asset_name = rows_text(rows, 0, ASSET_NAME);
    market->code = rows_text(rows, 0, CODE);
    market->currency = rows_text(rows, 0, CURRENCY);
    market->found(flight, market);
}

void
market_find(struct flight *flight, struct market *market,
            void (*found)(struct flight *flight, struct market *market))
{
    struct arena *arena = flight_arena(flight);
    struct text slugs, codes;

    market->found = found;
    flight_set_context(flight, market);
    read_name(flight_params(flight), arena, &market->name);
    array_start(&slugs, arena, 64);
    array_start(&codes, arena, 64);
    for (size_t i = 0; i < market->name.candidate_count; i++) {
        array_add(&slugs, market->name.candidates[i].slug);
        array_add(&codes, market->name.candidates[i].code);
    }
    market->in_other_currency = other_currency(flight_params(flight));
    market->namesakes = market->name.candidate_count - 1;
    flight_ask(flight, &query_market_find,
               SQL_VALUES(SQL_TEXT(array_finish(&slugs)), SQL_TEXT(array_finish(&codes)),
                          SQL_TEXT(market->name.source)),
               on_found);
}

const char *
market_exchange(const struct market *market, struct arena *arena)
{
    return market->name.source ? uppercase(market->name.source, arena) : "AGG";
}

const char *
market_pair(const struct market *market, struct arena *arena)
{
    return arena_printf(arena, "%s%s", market->ticker, uppercase(market->code, arena));
}

const char *
market_ticker(const struct market *market, struct arena *arena)
{
    if (!market->in_other_currency)
        return market->name.text;
    return arena_printf(arena, "%s:%s%s%s", market_exchange(market, arena),
                        market_pair(market, arena), market->namesakes > 0 ? "@" : "",
                        market->namesakes > 0 ? market->slug : "");
}

const char *
market_description(const struct market *market, struct arena *arena)
{
    bool is_by_id = strchr(market->name.text, '@');

    if (market->namesakes == 0)
        return arena_printf(arena, "%s / %s%s%s%s", market->asset_name, market->currency,
                            is_by_id ? " (" : "", is_by_id ? market->slug : "",
                            is_by_id ? ")" : "");
    return arena_printf(arena, "%s / %s (%s; %zu more %s called %s)", market->asset_name,
                        market->currency, market->slug, market->namesakes,
                        market->namesakes == 1 ? "is" : "are", market->ticker);
}
