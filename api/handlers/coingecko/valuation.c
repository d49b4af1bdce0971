#include "api/handlers/coingecko/valuation.h"

#include "common/clock.h"
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

/* Currencies that are coins themselves: one of them is one of them. */
static const struct {
    const char *code, *slug;
} coins[] = {
    {"btc",  "bitcoin"    },
    {"eth",  "ethereum"   },
    {"bnb",  "binancecoin"},
    {"usdt", "tether"     },
    {"usdc", "usd-coin"   },
    {"dai",  "dai"        },
};

const char *
valuation_coin(const char *code)
{
    for (size_t i = 0; i < COUNT_OF(coins); i++) {
        if (strcmp(coins[i].code, code) == 0)
            return coins[i].slug;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ asking */

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted and each once, as an array for the database. */
static const char *
sorted_array(const char **sorted, size_t count, struct arena *arena)
{
    struct text array;

    qsort(sorted, count, sizeof *sorted, compare_names);
    array_start(&array, arena, 16 * count + 2);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(sorted[i - 1], sorted[i]) != 0)
            array_add(&array, sorted[i]);
    }
    return array_finish(&array);
}

/* `at_ms` 0 = now. */
static void
ask(struct flight *flight, const char *const *slugs, size_t slug_count, const char *const *codes,
    size_t code_count, int64_t at_ms, void (*then)(struct flight *flight, const struct rows *rows))
{
    struct arena *arena = flight_arena(flight);
    const char **all_slugs = arena_alloc_array(arena, slug_count + code_count + 1, sizeof *slugs);
    const char **all_codes = arena_alloc_array(arena, code_count + 1, sizeof *codes);

    for (size_t i = 0; i < slug_count; i++)
        all_slugs[i] = slugs[i];
    for (size_t i = 0; i < code_count; i++)
        all_codes[i] = codes[i];
    if (slug_count == 0 || code_count != 1 || strcmp(codes[0], "usd") != 0) {
        all_slugs[slug_count++] = "bitcoin";
        for (size_t i = 0; i < code_count; i++) {
            if (valuation_coin(codes[i]))
                all_slugs[slug_count++] = valuation_coin(codes[i]);
        }
        all_codes[code_count++] = "usd";
    }
    const char *slug_array = sorted_array(all_slugs, slug_count, arena);
    const char *code_array = sorted_array(all_codes, code_count, arena);
    const struct database_value values[] = {
        SQL_TEXT(slug_array),   SQL_TEXT(code_array), SQL_NULL,
        SQL_INT(PRICE_FRESH_S), SQL_TIME_MS(at_ms),   SQL_TIME_MS(clock_now_ms()),
    };

    if (at_ms > 0)
        flight_ask(flight, &query_price_inputs_as_of, values, COUNT_OF(values), then);
    else
        price_inputs_ask_now(flight, slug_array, code_array, NULL, then);
}

void
valuation_ask(struct flight *flight, const char *const *slugs, size_t slug_count,
              const char *const *codes, size_t code_count,
              void (*then)(struct flight *flight, const struct rows *rows))
{
    ask(flight, slugs, slug_count, codes, code_count, 0, then);
}

void
valuation_ask_at(struct flight *flight, const char *const *slugs, size_t slug_count,
                 const char *const *codes, size_t code_count, int64_t at_ms,
                 void (*then)(struct flight *flight, const struct rows *rows))
{
    freshness_set_past(flight_freshness(flight), at_ms);
    ask(flight, slugs, slug_count, codes, code_count, at_ms, then);
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

/* What the preferred source that was used, and has it, says; `of_market`: if it speaks for all. */
static const char *
said(const struct price_inputs *inputs, enum price_column column, bool of_market)
{
    for (size_t i = 0; i < inputs->count; i++) {
        size_t row = inputs->first + i;
        const char *number = rows_text(inputs->rows, row, column);

        if (inputs->inputs[i].verdict == CONSENSUS_USED && number &&
            (!of_market || strcmp(rows_text(inputs->rows, row, PRICE_KIND), "aggregator") == 0))
            return number;
    }
    return NULL;
}

/* Aggregators first: what an exchange says of volumes is its own, and not the market's. */
static const char *
borrowed(const struct price_inputs *inputs, enum price_column column)
{
    const char *of_market = said(inputs, column, true);

    return of_market ? of_market : said(inputs, column, false);
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

static struct worth
quoted_in(struct valuation *valuation, const char *slug, const char *code)
{
    struct pair *pair = slug ? find_pair(valuation, slug, code) : NULL;

    return pair ? quoted(pair) : (struct worth){NULL};
}

static int64_t
earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* What one Bitcoin costs. Of a coin that Bitcoin is not priced in: by what both cost in usd. */
static struct worth
bitcoin_in(struct valuation *valuation, const char *code)
{
    struct worth worth = quoted_in(valuation, "bitcoin", code), in_usd, coin;

    if (strcmp(code, "btc") == 0)
        return (struct worth){.price = "1", .observed_at_ms = INT64_MAX}; /* at all times */
    if (worth.price && !worth.is_stale)
        return worth;
    coin = quoted_in(valuation, valuation_coin(code), "usd");
    in_usd = quoted_in(valuation, "bitcoin", "usd");
    if (!coin.price || !in_usd.price)
        return worth;
    return (struct worth){
        .price = decimal_ratio(in_usd.price, coin.price, VALUATION_DIGITS, valuation->arena),
        .observed_at_ms = earlier(coin.observed_at_ms, in_usd.observed_at_ms),
        .is_stale = coin.is_stale || in_usd.is_stale,
    };
}

const char *
valuation_convert(struct valuation *valuation, const char *amount, const char *from, const char *to)
{
    const char *in_from, *in_to;

    if (!amount || strcmp(from, to) == 0)
        return amount;
    in_from = bitcoin_in(valuation, from).price;
    in_to = bitcoin_in(valuation, to).price;
    if (!in_from || !in_to)
        return NULL;
    return decimal_ratio(decimal_product(amount, in_to, valuation->arena), in_from,
                         VALUATION_DIGITS, valuation->arena);
}

const char *
valuation_of_bitcoin(struct valuation *valuation, const char *code)
{
    return bitcoin_in(valuation, code).price;
}

static struct worth
converted(struct valuation *valuation, const char *slug, const char *code)
{
    struct pair *pair = find_pair(valuation, slug, "usd");
    struct worth worth, in_usd, in_code;

    if (!pair || strcmp(code, "usd") == 0)
        return (struct worth){NULL};
    worth = quoted(pair);
    worth.price = valuation_convert(valuation, worth.price, "usd", code);
    if (!worth.price)
        return (struct worth){NULL};
    worth.market_cap = valuation_convert(valuation, worth.market_cap, "usd", code);
    worth.volume_24h = valuation_convert(valuation, worth.volume_24h, "usd", code);
    worth.change_24h_percent = NULL;
    worth.is_converted = true;
    in_usd = bitcoin_in(valuation, "usd");
    in_code = bitcoin_in(valuation, code);
    worth.is_stale |= in_usd.is_stale || in_code.is_stale;
    worth.observed_at_ms =
        earlier(worth.observed_at_ms, earlier(in_usd.observed_at_ms, in_code.observed_at_ms));
    return worth;
}

/* One Bitcoin is one Bitcoin, whatever a market says that sells it for itself wrapped. */
static struct worth
coin_itself(struct valuation *valuation, const char *slug, const char *code)
{
    struct worth worth = converted(valuation, slug, code);

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
    if (valuation_coin(code) && strcmp(slug, valuation_coin(code)) == 0) {
        pair->worth = coin_itself(valuation, slug, code);
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
valuation_tag(struct tag_list *tags, const char *const *slugs, size_t slug_count,
              const char *const *codes, size_t code_count)
{
    if (slug_count > TAGGED_COINS_MAX) {
        tag_list_add(tags, "data");
        return;
    }
    tag_list_add(tags, "price:bitcoin");
    for (size_t i = 0; i < slug_count; i++)
        tag_list_add(tags, arena_printf(tags->arena, "price:%s", slugs[i]));
    for (size_t i = 0; i < code_count; i++) {
        if (valuation_coin(codes[i]))
            tag_list_add(tags, arena_printf(tags->arena, "price:%s", valuation_coin(codes[i])));
    }
}

const char *
valuation_round(const char *number, const char *precision, struct arena *arena)
{
    if (!number || !precision || strcmp(precision, "full") == 0)
        return number;
    return decimal_round(number, (int32_t)strtol(precision, NULL, 10), arena);
}
