#include "api/handlers/coingecko/valuation.h"

#include "common/decimal.h"
#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

enum { TAGGED_COINS_MAX = 200 };

struct pair {
    const char *slug, *code;
    size_t first;
    bool is_read, is_valued;
    struct price_inputs inputs;
    struct worth worth;
};

struct valuation {
    struct arena *arena;
    struct freshness *freshness;
    const struct rows *rows;
    struct pair *pairs; /* by slug and code */
    size_t count;
};

/* ------------------------------------------------------------------------------------ asking */

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted and each once, with `extra`, unless that is NULL. */
static const char *
sorted_array(const char *const *names, size_t count, const char *extra, struct arena *arena)
{
    const char **sorted = arena_alloc_array(arena, count + 1, sizeof *sorted);
    struct text array;

    for (size_t i = 0; i < count; i++)
        sorted[i] = names[i];
    if (extra)
        sorted[count++] = extra;
    qsort(sorted, count, sizeof *sorted, compare_names);
    array_start(&array, arena, 16 * count + 2);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
            array_add(&array, sorted[i]);
    }
    return array_finish(&array);
}

void
valuation_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
              const char *const *codes, size_t code_count,
              void (*then)(struct flight *flight, const struct rows *rows))
{
    struct arena *arena = flight_arena(flight);
    bool converts = slug_count == 0 || code_count != 1 || strcmp(codes[0], "usd") != 0;
    const struct database_value values[] = {
        SQL_TEXT(sorted_array(slugs, slug_count, converts ? "bitcoin" : NULL, arena)),
        SQL_TEXT(sorted_array(codes, code_count, converts ? "usd" : NULL, arena)),
        SQL_NULL,
        SQL_INT(PRICE_FRESH_S),
    };

    flight_ask(flight, &query_price_inputs, values, COUNT_OF(values), then);
}

/* ----------------------------------------------------------------------------------- reading */

static int
compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int order = strcmp(left->slug, right->slug);

    return order != 0 ? order : strcmp(left->code, right->code);
}

struct valuation *
valuation_read(struct flight *flight, const struct rows *rows)
{
    struct arena *arena = flight_arena(flight);
    struct valuation *valuation = arena_alloc_array(arena, 1, sizeof *valuation);
    struct pair *pair = NULL;

    valuation->arena = arena;
    valuation->freshness = flight_freshness(flight);
    valuation->rows = rows;
    valuation->pairs = arena_alloc_array(arena, rows->count + 1, sizeof *valuation->pairs);
    for (size_t row = 0; row < rows->count; row++) {
        struct pair next = {.slug = rows_text(rows, row, PRICE_SLUG),
                            .code = rows_text(rows, row, PRICE_CODE),
                            .first = row};

        if (pair && compare_pairs(pair, &next) == 0)
            continue;
        pair = &valuation->pairs[valuation->count++];
        *pair = next;
    }
    if (rows->count > 0)
        flight_note_version(flight, rows_text(rows, 0, PRICE_VERSION));
    return valuation;
}

static struct pair *
find_pair(struct valuation *valuation, const char *slug, const char *code)
{
    const struct pair wanted = {.slug = slug, .code = code};
    struct pair *pair =
        bsearch(&wanted, valuation->pairs, valuation->count, sizeof wanted, compare_pairs);

    if (pair && !pair->is_read) {
        price_inputs_read(valuation->rows, pair->first, false, valuation->arena, &pair->inputs);
        if (pair->inputs.count > 0) /* who has no price has one that is converted, of others */
            price_inputs_expect(valuation->freshness, &pair->inputs);
        pair->is_read = true;
    }
    return pair;
}

const struct price_inputs *
valuation_inputs(struct valuation *valuation, const char *slug, const char *code)
{
    struct pair *pair = find_pair(valuation, slug, code);

    return pair ? &pair->inputs : NULL;
}

/* ----------------------------------------------------------------------------------- valuing */

/* Of the preferred source that was used, or of the one whose old price is served, and has it. */
static const char *
borrowed(const struct price_inputs *inputs, enum price_column column)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const char *number = rows_text(inputs->rows, inputs->first + i, column);

        if (inputs->inputs[i].verdict == CONSENSUS_USED && number)
            return number;
    }
    return NULL;
}

static struct worth
quoted(const struct pair *pair)
{
    const struct consensus *consensus = &pair->inputs.consensus;

    if (!consensus->price)
        return (struct worth){.is_disagreed = consensus->state == CONSENSUS_DISAGREEMENT};
    return (struct worth){
        .price = consensus->price,
        .market_cap = borrowed(&pair->inputs, PRICE_MARKET_CAP),
        .volume_24h = borrowed(&pair->inputs, PRICE_VOLUME_24H),
        .change_24h_percent = borrowed(&pair->inputs, PRICE_CHANGE_24H_PERCENT),
        .observed_at_ms = consensus->observed_at_ms,
        .is_stale = consensus->state == CONSENSUS_STALE,
    };
}

/* What one Bitcoin costs. */
static struct worth
bitcoin_in(struct valuation *valuation, const char *code)
{
    struct pair *pair;

    if (strcmp(code, "btc") == 0)
        return (struct worth){.price = "1", .observed_at_ms = INT64_MAX}; /* at all times */
    pair = find_pair(valuation, "bitcoin", code);
    return pair ? quoted(pair) : (struct worth){NULL};
}

const char *
valuation_convert(struct valuation *valuation, const char *usd, const char *code)
{
    const char *in_usd, *in_code;

    if (!usd || strcmp(code, "usd") == 0)
        return usd;
    in_usd = bitcoin_in(valuation, "usd").price;
    in_code = bitcoin_in(valuation, code).price;
    if (!in_usd || !in_code)
        return NULL;
    return decimal_ratio(decimal_product(usd, in_code, valuation->arena), in_usd, VALUATION_DIGITS,
                         valuation->arena);
}

static struct worth
converted(struct valuation *valuation, const char *slug, const char *code)
{
    struct pair *pair = find_pair(valuation, slug, "usd");
    struct worth worth, in_usd, in_code;

    if (!pair || strcmp(code, "usd") == 0)
        return (struct worth){NULL};
    worth = quoted(pair);
    worth.price = valuation_convert(valuation, worth.price, code);
    if (!worth.price)
        return (struct worth){NULL};
    worth.market_cap = valuation_convert(valuation, worth.market_cap, code);
    worth.volume_24h = valuation_convert(valuation, worth.volume_24h, code);
    worth.change_24h_percent = NULL;
    worth.is_converted = true;
    in_usd = bitcoin_in(valuation, "usd");
    in_code = bitcoin_in(valuation, code);
    worth.is_stale |= in_usd.is_stale || in_code.is_stale;
    if (in_usd.observed_at_ms < worth.observed_at_ms)
        worth.observed_at_ms = in_usd.observed_at_ms;
    if (in_code.observed_at_ms < worth.observed_at_ms)
        worth.observed_at_ms = in_code.observed_at_ms;
    return worth;
}

/* Bitcoin is one Bitcoin, whatever a market says that sells it for itself wrapped. */
static struct worth
bitcoin_itself(struct valuation *valuation)
{
    struct worth worth = converted(valuation, "bitcoin", "btc");

    if (worth.price)
        worth.price = "1";
    return worth;
}

/* An exchange that quotes the pair knows neither its market cap nor what all others trade. */
static void
fill_converted(struct valuation *valuation, const struct pair *pair, struct worth *worth)
{
    struct worth other;

    if (!worth->price || (worth->market_cap && worth->volume_24h))
        return;
    other = converted(valuation, pair->slug, pair->code);
    if (!worth->market_cap)
        worth->market_cap = other.market_cap;
    if (!worth->volume_24h)
        worth->volume_24h = other.volume_24h;
}

static bool
is_old(const struct pair *pair)
{
    return pair->inputs.consensus.state == CONSENSUS_STALE ||
           pair->inputs.consensus.state == CONSENSUS_NONE;
}

const struct worth *
valuation_of(struct valuation *valuation, const char *slug, const char *code)
{
    static const struct worth nothing = {NULL};
    struct pair *pair = find_pair(valuation, slug, code);

    if (!pair)
        return &nothing;
    if (pair->is_valued)
        return &pair->worth;
    pair->is_valued = true;
    pair->worth = quoted(pair);
    if (strcmp(slug, "bitcoin") == 0 && strcmp(code, "btc") == 0) {
        pair->worth = bitcoin_itself(valuation);
    } else if (is_old(pair)) {
        struct worth other = converted(valuation, slug, code);

        if (other.price && other.observed_at_ms > pair->worth.observed_at_ms)
            pair->worth = other;
    }
    if (!pair->worth.is_converted)
        fill_converted(valuation, pair, &pair->worth);
    return &pair->worth;
}

void
valuation_note(struct flight *flight, struct valuation *valuation, const char *slug,
               const char *code)
{
    const struct worth *worth = valuation_of(valuation, slug, code);

    if (worth->price)
        flight_note_pair(flight, slug, code, NULL, worth->is_stale ? PAIR_STALE : PAIR_FRESH);
    else
        flight_note_pair(flight, slug, code, NULL, worth->is_disagreed ? PAIR_FRESH : PAIR_MISSING);
}

/* ------------------------------------------------------------------------------------- tags */

void
valuation_tag(struct tag_list *tags, const char *const *slugs, size_t count)
{
    if (count > TAGGED_COINS_MAX) {
        tag_list_add(tags, "data");
        return;
    }
    tag_list_add(tags, "price:bitcoin");
    for (size_t i = 0; i < count; i++)
        tag_list_add(tags, arena_printf(tags->arena, "price:%s", slugs[i]));
}

const char *
valuation_round(const char *number, const char *precision, struct arena *arena)
{
    if (!number || !precision || strcmp(precision, "full") == 0)
        return number;
    return decimal_round(number, (int32_t)strtol(precision, NULL, 10), arena);
}
