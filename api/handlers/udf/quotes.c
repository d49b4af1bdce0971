#include "api/handlers/udf/quotes.h"

#include "api/handlers/price_inputs.h"
#include "api/names/market_name.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "schema/queries.h"

#include <ctype.h>
#include <string.h>

enum { DAY_MS = 86400000, PERCENT_PLACES = 2 };

/* So many candidates together have tags of their own; more are told by the tag of all prices. */
enum { TAGGED_MAX = CACHE_TAGS_MAX / 2 };

/* Columns of query_market_quotes. */
enum {
    PLACE,
    SLUG,
    TICKER,
    NAME,
    CODE,
    CURRENCY,
    OPEN,
    HIGH,
    LOW,
    VOLUME,
    PREVIOUS_CLOSE,
    VERSION
};

/* What a flight carries from its first query to its second. */
struct quotes {
    struct rows days;          /* since midnight */
    struct market_name *names; /* as they were asked for */
    size_t count;
};

static struct market_name *
read_names(const struct params *params, struct arena *arena, size_t *ret_count)
{
    const struct param_value *symbols = params_get(params, "symbols");
    struct market_name *names = arena_alloc_array(arena, symbols->item_count, sizeof *names);

    for (size_t i = 0; i < symbols->item_count; i++)
        market_name_unpack(symbols->items[i], arena, &names[i]);
    *ret_count = symbols->item_count;
    return names;
}

static void
quotes_tag(const struct params *params, struct tag_list *tags)
{
    size_t count, candidates = 0;
    struct market_name *names = read_names(params, tags->arena, &count);

    for (size_t i = 0; i < count; i++)
        candidates += names[i].candidate_count;
    if (candidates > TAGGED_MAX) {
        tag_list_add(tags, "data");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < names[i].candidate_count; k++) {
            const struct market_candidate *candidate = &names[i].candidates[k];

            tag_list_add(tags, arena_printf(tags->arena, "price:%s", candidate->slug));
            tag_list_add(
                tags, arena_printf(tags->arena, "chart:%s/%s", candidate->slug, candidate->code));
        }
    }
}

/* --------------------------------------------------------------------------------- rendering */

static const char *
uppercase(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

static void
add_text(struct text *text, const char *name, const char *value)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_string(text, value);
}

/* What is not known is left out. */
static void
add_number(struct text *text, const char *name, const char *number)
{
    if (number)
        text_add_format(text, ",\"%s\":%s", name, number);
}

/* (price - before) / before in percent. */
static const char *
percent_of(const char *change, const char *before, struct arena *arena)
{
    bool is_negative = decimal_is_negative(change);
    const char *size = is_negative ? change + 1 : change;
    const char *percent =
        decimal_divide(decimal_multiply(size, 100, arena), before, PERCENT_PLACES, arena);

    return is_negative && !decimal_is_zero(percent) ? arena_printf(arena, "-%s", percent) : percent;
}

static const char *
beyond(const char *known, const char *price, int direction)
{
    if (!known || !price)
        return known ? known : price;
    return decimal_compare(price, known) * direction > 0 ? price : known;
}

static void
add_changes(struct text *text, const struct rows *days, size_t day, const char *price)
{
    const char *before = rows_text(days, day, PREVIOUS_CLOSE), *change;

    add_number(text, "lp", price);
    if (price && before) {
        change = decimal_subtract(price, before, text->arena);
        add_number(text, "ch", change);
        if (!decimal_is_zero(before))
            add_number(text, "chp", percent_of(change, before, text->arena));
    }
    add_number(text, "open_price", rows_text(days, day, OPEN));
    add_number(text, "high_price", beyond(rows_text(days, day, HIGH), price, 1));
    add_number(text, "low_price", beyond(rows_text(days, day, LOW), price, -1));
    add_number(text, "prev_close_price", before);
    add_number(text, "volume", rows_text(days, day, VOLUME));
}

static bool
is_pair(const struct rows *inputs, size_t row, const struct rows *days, size_t day)
{
    return strcmp(rows_text(inputs, row, PRICE_SLUG), rows_text(days, day, SLUG)) == 0 &&
           strcmp(rows_text(inputs, row, PRICE_CODE), rows_text(days, day, CODE)) == 0;
}

/* For what can be fetched on demand. */
static void
note(struct flight *flight, const struct price_inputs *read, const char *source)
{
    enum consensus_state state = read->consensus.state;
    enum pair_found found = state == CONSENSUS_NONE    ? PAIR_MISSING
                            : state == CONSENSUS_STALE ? PAIR_STALE
                                                       : PAIR_FRESH;

    flight_note_pair(flight, rows_text(read->rows, read->first, PRICE_SLUG),
                     rows_text(read->rows, read->first, PRICE_CODE), source, found);
}

/* What one source says, whatever speaks against it, or what all agree on; NULL = nothing. */
static const char *
price_of(struct flight *flight, const struct rows *inputs, const struct rows *days, size_t day,
         const char *source)
{
    struct price_inputs read;
    size_t row = 0;

    while (row < inputs->count && !is_pair(inputs, row, days, day))
        row++;
    if (row == inputs->count)
        return NULL;
    price_inputs_read(inputs, row, source != NULL, flight_arena(flight), &read);
    price_inputs_expect(flight_freshness(flight), &read);
    note(flight, &read, source);
    if (!source)
        return read.consensus.price;
    for (size_t i = 0; i < read.count; i++) {
        if (strcmp(read.inputs[i].source, source) == 0)
            return read.inputs[i].price;
    }
    return NULL;
}

static void
add_quote(struct text *text, const struct market_name *name, const struct rows *days, size_t day,
          const char *price)
{
    struct arena *arena = text->arena;
    const char *pair = arena_printf(arena, "%s%s", rows_text(days, day, TICKER),
                                    uppercase(rows_text(days, day, CODE), arena));

    text_add_string(text, "{\"s\":\"ok\",\"n\":");
    text_add_json_string(text, name->text);
    text_add_string(text, ",\"v\":{\"short_name\":");
    text_add_json_string(text, pair);
    add_text(text, "exchange", name->source ? uppercase(name->source, arena) : "AGG");
    add_text(
        text, "description",
        arena_printf(arena, "%s / %s", rows_text(days, day, NAME), rows_text(days, day, CURRENCY)));
    add_changes(text, days, day, price);
    text_add_string(text, "}}");
}

static void
add_unknown(struct text *text, const struct market_name *name)
{
    text_add_string(text, "{\"s\":\"error\",\"n\":");
    text_add_json_string(text, name->text);
    text_add_string(text, ",\"v\":{}}");
}

static void
quotes_render(struct flight *flight, const struct rows *inputs)
{
    const struct quotes *quotes = flight_context(flight);
    const struct rows *days = &quotes->days;
    struct text text;
    size_t day = 0;

    text_init(&text, flight_arena(flight), 64 + 320 * quotes->count);
    text_add_string(&text, "{\"s\":\"ok\",\"d\":[");
    for (size_t i = 0; i < quotes->count; i++) {
        const struct market_name *name = &quotes->names[i];

        if (i > 0)
            text_add_char(&text, ',');
        if (day < days->count && rows_int(days, day, PLACE, -1) == (int64_t)i) {
            add_quote(&text, name, days, day, price_of(flight, inputs, days, day, name->source));
            day++;
        } else {
            add_unknown(&text, name);
        }
    }
    text_add_string(&text, "]}\n");
    flight_land(flight, text_finish(&text));
}

/* ----------------------------------------------------------------------------------- reading */

/* The texts of a column, each once, as an array. There are few of them. */
static const char *
distinct(const struct rows *rows, size_t column, struct arena *arena)
{
    struct text array;

    array_start(&array, arena, 256);
    for (size_t row = 0, before; row < rows->count; row++) {
        for (before = 0; before < row && strcmp(rows_text(rows, before, column),
                                                rows_text(rows, row, column)) != 0;)
            before++;
        if (before == row)
            array_add(&array, rows_text(rows, row, column));
    }
    return array_finish(&array);
}

static void
on_days(struct flight *flight, const struct rows *rows)
{
    struct quotes *quotes = flight_context(flight);
    struct arena *arena = flight_arena(flight);
    const struct rows nothing = {0};

    quotes->days = *rows;
    if (rows->count == 0) {
        quotes_render(flight, &nothing);
        return;
    }
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    price_inputs_ask_now(flight, distinct(rows, SLUG, arena), distinct(rows, CODE, arena), NULL,
                         quotes_render);
}

static void
quotes_start(struct flight *flight)
{
    struct arena *arena = flight_arena(flight);
    struct quotes *quotes = arena_alloc_array(arena, 1, sizeof *quotes);
    int64_t now_ms = clock_now_ms();
    struct text places, slugs, codes, sources;

    quotes->names = read_names(flight_params(flight), arena, &quotes->count);
    flight_set_context(flight, quotes);
    array_start(&places, arena, 64);
    array_start(&slugs, arena, 256);
    array_start(&codes, arena, 64);
    array_start(&sources, arena, 64);
    for (size_t i = 0; i < quotes->count; i++) {
        for (size_t k = 0; k < quotes->names[i].candidate_count; k++) {
            array_add_int(&places, (int64_t)i);
            array_add(&slugs, quotes->names[i].candidates[k].slug);
            array_add(&codes, quotes->names[i].candidates[k].code);
            array_add(&sources, quotes->names[i].source);
        }
    }
    flight_ask(flight, &query_market_quotes,
               SQL_VALUES(SQL_TEXT(array_finish(&places)), SQL_TEXT(array_finish(&slugs)),
                          SQL_TEXT(array_finish(&codes)), SQL_TEXT(array_finish(&sources)),
                          SQL_TIME_MS(now_ms - now_ms % DAY_MS)),
               on_days);
}

const struct reading udf_quotes_reading = {
    .tag = quotes_tag, .start = quotes_start, .on_demand = true};
