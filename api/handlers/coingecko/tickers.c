#include "api/handlers/coingecko/tickers.h"

#include "api/handlers/coingecko/details.h"
#include "api/handlers/coingecko/fields.h"
#include "api/handlers/coingecko/pages.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

enum { TICKERS_OF_A_PAGE = 100 };

/* Columns of query_currencies_priced. */
enum { CURRENCY_CODE, CURRENCY_VERSION };

/* What a flight carries from one query to the next. */
struct tickers {
    const char **codes;
    size_t code_count;
    struct rows details_rows;
    struct row_index details;
};

static const char *
upper_case(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c -= 'a' - 'A';
    }
    return copy;
}

static void
add_converted(struct text *text, const char *name, struct valuation *valuation, const char *amount,
              const char *code)
{
    static const char *const into[] = {"btc", "eth", "usd"};

    text_add_format(text, ",\"%s\":{", name);
    for (size_t i = 0; i < COUNT_OF(into); i++) {
        text_add_format(text, "%s\"%s\":", i > 0 ? "," : "", into[i]);
        text_add_json_raw(text, valuation_convert(valuation, amount, code, into[i]));
    }
    text_add_char(text, '}');
}

/* Volumes are told in coins: what was traded for, by the price. */
static const char *
volume_in_coins(const struct price_inputs *inputs, size_t i, struct arena *arena)
{
    const char *volume = rows_text(inputs->rows, inputs->first + i, PRICE_VOLUME_24H);

    if (!volume || decimal_is_negative(volume))
        return NULL;
    return decimal_ratio(volume, inputs->inputs[i].price, VALUATION_DIGITS, arena);
}

/* As query_coins_sources has it. */
static const char *
title_of(const char *source, struct arena *arena)
{
    char *title = arena_string(arena, source);

    if (*title >= 'a' && *title <= 'z')
        *title -= 'a' - 'A';
    return title;
}

static void
add_market(struct text *text, const char *source)
{
    text_add_string(text, ",\"market\":{\"name\":");
    text_add_json_string(text, title_of(source, text->arena));
    field_string(text, "identifier", source);
    text_add_string(text, ",\"has_trading_incentive\":false}");
}

/* Anomalous is what does not agree with the rest: outliers, doubts, and all where none agree. */
static void
add_ticker(struct text *text, struct flight *flight, struct valuation *valuation,
           const struct ticker_coin *coin, const char *code, const struct price_inputs *inputs,
           size_t i)
{
    const struct consensus_input *input = &inputs->inputs[i];
    bool is_stale = input->verdict == CONSENSUS_OLD || inputs->consensus.state == CONSENSUS_STALE;
    bool is_anomaly = input->verdict != CONSENSUS_USED && input->verdict != CONSENSUS_OLD;

    text_add_string(text, "{\"base\":");
    text_add_json_string(text, coin->symbol);
    field_string(text, "target", upper_case(code, text->arena));
    add_market(text, input->source);
    field_json(text, "last", input->price);
    field_json(text, "volume", volume_in_coins(inputs, i, text->arena));
    add_converted(text, "converted_last", valuation, input->price, code);
    add_converted(text, "converted_volume", valuation,
                  rows_text(inputs->rows, inputs->first + i, PRICE_VOLUME_24H), code);
    field_json(text, "trust_score", NULL);
    field_json(text, "bid_ask_spread_percentage", NULL);
    field_moment(text, "timestamp", input->observed_at_ms);
    field_moment(text, "last_traded_at", input->observed_at_ms);
    field_moment(text, "last_fetch_at", input->observed_at_ms);
    field_json(text, "is_anomaly", is_anomaly ? "true" : "false");
    text_add_string(text, ",\"is_stale\":");
    freshness_add_flag(flight_freshness(flight), text, is_stale,
                       is_stale ? 0 : input->observed_at_ms + input->fresh_ms);
    field_json(text, "trade_url", NULL);
    field_json(text, "token_info_url", NULL);
    field_string(text, "coin_id", coin->slug);
    field_string(text, "target_coin_id", valuation_coin(code));
    text_add_char(text, '}');
}

static bool
is_wanted(const struct param_value *sources, const char *source)
{
    bool any = !sources || !sources->given;

    for (size_t i = 0; !any && i < sources->item_count; i++)
        any = strcmp(sources->items[i], source) == 0;
    return any;
}

/* Where a ticker is found, and what it is sorted by. */
struct place {
    const char *code;
    const struct price_inputs *inputs;
    size_t i, order;           /* as they are found */
    const char *volume_in_usd; /* NULL = unknown: last, whichever way it is sorted */
};

/* In the order of the codes, and of a pair as its inputs are: preferred sources first. */
static size_t
find_places(struct valuation *valuation, const struct ticker_coin *coin,
            const struct param_value *sources, struct place *places)
{
    size_t count = 0;

    for (size_t k = 0; k < coin->code_count; k++) {
        const char *code = coin->codes[k];
        const struct price_inputs *inputs = valuation_inputs(valuation, coin->slug, code);

        for (size_t i = 0; inputs && i < inputs->count; i++) {
            const char *volume = rows_text(inputs->rows, inputs->first + i, PRICE_VOLUME_24H);

            if (!is_wanted(sources, inputs->inputs[i].source))
                continue;
            if (places)
                places[count] = (struct place){code, inputs, i, count,
                                               valuation_convert(valuation, volume, code, "usd")};
            count++;
        }
    }
    return count;
}

/* `context` is 1 for the highest first, -1 for the lowest. */
static int
compare_volumes(const void *a, const void *b, void *context)
{
    const struct place *left = a, *right = b;
    const int *direction = context;
    int order;

    if (!left->volume_in_usd || !right->volume_in_usd)
        order = (right->volume_in_usd != NULL) - (left->volume_in_usd != NULL);
    else
        order = decimal_compare(right->volume_in_usd, left->volume_in_usd) * *direction;
    return order != 0 ? order : left->order < right->order ? -1 : 1;
}

size_t
tickers_add(struct text *text, struct flight *flight, struct valuation *valuation,
            const struct ticker_coin *coin, const struct param_value *sources, const char *sort,
            size_t skip, size_t limit)
{
    size_t count = find_places(valuation, coin, sources, NULL);
    struct place *places = arena_alloc_array(text->arena, count + 1, sizeof *places);
    int direction = sort && strcmp(sort, "volume_asc") == 0 ? -1 : 1;

    find_places(valuation, coin, sources, places);
    if (sort && strncmp(sort, "volume", 6) == 0)
        qsort_r(places, count, sizeof *places, compare_volumes, &direction);
    for (size_t i = skip; i < count && i - skip < limit; i++) {
        text_add_string(text, i > skip ? ",\n" : "");
        add_ticker(text, flight, valuation, coin, places[i].code, places[i].inputs, places[i].i);
    }
    return count;
}

/* ----------------------------------------------------------------------------------- reading */

static void
tickers_tag(const struct params *params, struct tag_list *tags)
{
    static const char *const converted[] = {"btc", "eth"};
    const char *slug = params_get(params, "id")->text;

    valuation_tag(tags, &slug, 1, converted, COUNT_OF(converted));
}

static void
tickers_render(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct tickers *tickers = flight_context(flight);
    struct valuation *valuation = valuation_read(flight, rows);
    const char *slug = params_get(params, "id")->text;
    const struct ticker_coin coin = {slug,
                                     detail_text(&tickers->details, slug, NULL, DETAIL_SYMBOL),
                                     tickers->codes, tickers->code_count};
    const struct param_value *order = params_get(params, "order");
    int64_t page = params_get(params, "page")->integer;
    struct text text;
    size_t total;

    text_init(&text, flight_arena(flight), 1024 + 512 * rows->count);
    text_add_string(&text, "{\"name\":");
    text_add_json_string(&text, detail_text(&tickers->details, slug, NULL, DETAIL_NAME));
    text_add_string(&text, ",\"tickers\":[");
    total = tickers_add(&text, flight, valuation, &coin, params_get(params, "exchange_ids"),
                        order->item_count > 0 ? order->items[0] : NULL,
                        (size_t)(page - 1) * TICKERS_OF_A_PAGE, TICKERS_OF_A_PAGE);
    text_add_string(&text, "]}\n");
    pages_add_links(flight, TICKERS_OF_A_PAGE, (int64_t)total);
    flight_land(flight, text_finish(&text));
}

static void
details_read(struct flight *flight, const struct rows *rows)
{
    struct tickers *tickers = flight_context(flight);
    const char *slug = params_get(flight_params(flight), "id")->text;
    static const char *const converted[] = {"btc", "eth"};

    if (!flight_expect_row(flight, rows))
        return;
    tickers->details_rows = *rows;
    details_read_rows(&tickers->details, &tickers->details_rows, flight_arena(flight));
    for (size_t i = 0; i < COUNT_OF(converted); i++)
        tickers->codes[tickers->code_count + i] = converted[i];
    valuation_ask(flight, &slug, 1, tickers->codes, tickers->code_count + COUNT_OF(converted),
                  tickers_render);
}

static void
codes_read(struct flight *flight, const struct rows *rows)
{
    struct tickers *tickers = arena_alloc_array(flight_arena(flight), 1, sizeof *tickers);
    const char *slug = params_get(flight_params(flight), "id")->text;

    tickers->codes =
        arena_alloc_array(flight_arena(flight), rows->count + 2, sizeof *tickers->codes);
    for (size_t row = 0; row < rows->count; row++) {
        flight_note_version(flight, rows_text(rows, row, CURRENCY_VERSION));
        tickers->codes[tickers->code_count++] = rows_text(rows, row, CURRENCY_CODE);
    }
    flight_set_context(flight, tickers);
    details_ask(flight, &slug, 1, tickers->codes, 0, details_read);
}

static void
tickers_start(struct flight *flight)
{
    flight_ask(flight, &query_currencies_priced, SQL_NO_VALUES, codes_read);
}

const struct reading coingecko_tickers_reading = {.tag = tickers_tag, .start = tickers_start};
