#include "common/decimal.h"
#include "common/json.h"
#include "common/text.h"
#include "fuzz/source_properties.h"

#include "unit/check.h"
#include "unit/ingest/sources/recordings.h"

#include <stdio.h>

/*
 * Each value of each recorded answer in turn becomes something else: null, another type, a number
 * that no number is, nothing at all. Then the answer is refused, or the row is, or the value is
 * missing; but no row says anything that the answer as it was recorded did not say.
 */

/* What a value becomes. What is no value of any field of ours may not be found in a row. */
static const struct {
    const char *json;
    bool poison;
} mutants[] = {
    {"null",                                                           true },
    {"true",                                                           true },
    {"false",                                                          true },
    {"[]",                                                             true },
    {"{}",                                                             true },
    {"[null]",                                                         true },
    {"{\"usd\":null}",                                                 true },
    {"\"\"",                                                           true },
    {"1e400",                                                          true },
    {"-1e400",                                                         true },
    {"1e-400",                                                         true },
    {"\"1e999999999999\"",                                             false},
    {"\"NaN\"",                                                        false},
    {"\"-Infinity\"",                                                  false},
    {"\"0x10\"",                                                       false},
    {"\"x\"",                                                          false},
    {"\" 1\"",                                                         false},
    {"\"\\u0007\\u001b[31m\"",                                         false},
    {"\"\\ud83d\\ude00\"",                                             false},
    {"0",                                                              false},
    {"-0",                                                             false},
    {"-1",                                                             false},
    {"\"-1\"",                                                         false},
    {"1e-30",                                                          false},
    {"1e30",                                                           false},
    {"9223372036854775808",                                            false},
    {"-9223372036854775808",                                           false},
    {"\"123456789012345678901234567890.123456789012345678901234567\"", false},
};

enum { LIST_KEPT = 3, CELLS_MAX = 16, KEYS_MAX = 48, NONE = -1 };

/* Writes the answer, shortened, with one of its values replaced. */
struct writer {
    struct text text;
    int next, target; /* values are counted as they come; NONE = none is replaced */
    const char *instead;
    enum { REPLACE, LEAVE_OUT, TWICE } how;
};

static size_t
kept_of(const struct json *container)
{
    size_t count = json_count(container), most = json_is_array(container) ? CELLS_MAX : KEYS_MAX;

    return count > most ? LIST_KEPT : count;
}

static void write_value(struct writer *writer, const struct json *value);

static void
write_member(struct writer *writer, const struct json *child, bool object)
{
    if (object) {
        text_add_json_string(&writer->text, json_key(child));
        text_add_char(&writer->text, ':');
    }
    write_value(writer, child);
}

static void
write_container(struct writer *writer, const struct json *value)
{
    bool object = json_is_object(value), first = true;
    const struct json *child = json_first(value);

    text_add_char(&writer->text, object ? '{' : '[');
    for (size_t left = kept_of(value); left > 0; left--, child = json_next(child)) {
        bool here = writer->next == writer->target;

        if (here && writer->how == LEAVE_OUT) {
            writer->next++;
            continue;
        }
        text_add_string(&writer->text, first ? "" : ",");
        first = false;
        if (here && writer->how == TWICE) {
            int next = writer->next;

            write_member(writer, child, object);
            text_add_char(&writer->text, ',');
            writer->next = next;
        }
        write_member(writer, child, object);
    }
    text_add_char(&writer->text, object ? '}' : ']');
}

static void
write_value(struct writer *writer, const struct json *value)
{
    bool here = writer->next++ == writer->target;

    if (here && writer->how == REPLACE)
        text_add_string(&writer->text, writer->instead);
    else if (json_is_object(value) || json_is_array(value))
        write_container(writer, value);
    else
        json_print(value, &writer->text);
}

static struct bytes
write_answer(struct writer *writer, const struct json *tree, struct arena *arena)
{
    writer->next = 0;
    text_init(&writer->text, arena, 4096);
    write_value(writer, tree);
    return text_finish(&writer->text);
}

/* ---- nothing is said that was not said before ---- */

static bool
same(const char *got, const char *was)
{
    return !got || (was && strcmp(got, was) == 0);
}

static bool
is_known_tick(const struct tick *tick, const struct batch *was)
{
    for (size_t i = 0; i < was->tick_count; i++) {
        const struct tick *old = &was->ticks[i];

        if (strcmp(old->symbol, tick->symbol) == 0)
            return same(tick->price, old->price) && same(tick->volume_24h, old->volume_24h) &&
                   same(tick->market_cap, old->market_cap) &&
                   same(tick->change_24h_percent, old->change_24h_percent);
    }
    return false;
}

static bool
is_known_listing(const struct listing *listing, const struct batch *was)
{
    for (size_t i = 0; i < was->listing_count; i++) {
        const struct listing *old = &was->listings[i];

        if (strcmp(old->symbol, listing->symbol) == 0)
            return same(listing->price, old->price) && same(listing->market_cap, old->market_cap) &&
                   same(listing->volume_24h, old->volume_24h) && same(listing->ath, old->ath) &&
                   same(listing->high_24h, old->high_24h) && same(listing->low_24h, old->low_24h) &&
                   same(listing->circulating_supply, old->circulating_supply) &&
                   same(listing->total_supply, old->total_supply) &&
                   same(listing->max_supply, old->max_supply) && same(listing->name, old->name) &&
                   same(listing->ticker, old->ticker) &&
                   (listing->rank == 0 || listing->rank == old->rank);
    }
    return false;
}

static bool
is_known_candle(const struct candle *candle, const struct batch *was)
{
    for (size_t i = 0; i < was->candle_count; i++) {
        const struct candle *old = &was->candles[i];

        if (old->open_time_ms == candle->open_time_ms)
            return same(candle->open, old->open) && same(candle->high, old->high) &&
                   same(candle->low, old->low) && same(candle->close, old->close) &&
                   same(candle->volume, old->volume) &&
                   same(candle->quote_volume, old->quote_volume) &&
                   (candle->trades == -1 || candle->trades == old->trades);
    }
    return false;
}

static bool
is_known_reference(const struct reference *reference, const struct batch *was)
{
    for (size_t i = 0; i < was->reference_count; i++) {
        const struct reference *old = &was->references[i];

        if (strcmp(old->symbol, reference->symbol) == 0)
            return same(reference->ticker, old->ticker) && same(reference->quote, old->quote) &&
                   same(reference->name, old->name);
    }
    return false;
}

/* The first row of `batch` that says something new, in words; NULL if there is none. */
static const char *
find_new(const struct batch *batch, const struct batch *was)
{
    for (size_t i = 0; i < batch->tick_count; i++)
        if (!is_known_tick(&batch->ticks[i], was))
            return batch->ticks[i].symbol;
    for (size_t i = 0; i < batch->listing_count; i++)
        if (!is_known_listing(&batch->listings[i], was))
            return batch->listings[i].symbol;
    for (size_t i = 0; i < batch->reference_count; i++)
        if (!is_known_reference(&batch->references[i], was))
            return batch->references[i].symbol;
    if (was->candle_origin == CANDLE_POINTS) /* of fewer points another candle is made */
        return NULL;
    for (size_t i = 0; i < batch->candle_count; i++)
        if (!is_known_candle(&batch->candles[i], was))
            return "a candle";
    return NULL;
}

/* ---- the recordings ---- */

struct count {
    struct arena *arena; /* of one mutant */
    long bodies, parsed, rejected;
};

static void
check_mutant(const struct recording *recording, struct writer *writer, const struct json *tree,
             const struct batch *was, bool poison, struct count *count)
{
    struct bytes body;
    struct fed fed;
    const char *new_row;

    arena_reset(count->arena);
    body = write_answer(writer, tree, count->arena);
    fed = feed_body(&recording->feed, body, count->arena);
    source_properties_hold(&fed);
    count->bodies++;
    count->parsed += fed.parsed;
    count->rejected += fed.parsed && fed.batch.rejected > was->rejected;
    new_row = fed.parsed && poison ? find_new(&fed.batch, was) : NULL;
    if (new_row)
        fail_msg("%s: %s says what was never recorded, after value %d became %s%s: %.2000s",
                 recording->name, new_row, writer->target,
                 writer->how == REPLACE ? writer->instead : "", writer->how == TWICE ? "two" : "",
                 body.data);
}

static void
mutate(const struct recording *recording, void *context)
{
    struct count *count = context;
    struct arena *arena = arena_create(1 << 20);
    struct writer writer = {.target = NONE};
    const struct json *tree;
    struct error err = {0};
    struct fed was;
    int values;

    if (strcmp(recording->feed.source, "csv") == 0 ||
        !json_parse(arena, recording->body, &json_limits_payload, &tree, &err)) {
        arena_destroy(arena);
        return;
    }
    was = feed_body(&recording->feed, write_answer(&writer, tree, arena), arena);
    source_properties_hold(&was);
    values = writer.next;
    for (writer.target = 0; writer.target < values; writer.target++) {
        writer.how = REPLACE;
        for (size_t i = 0; i < COUNT_OF(mutants); i++) {
            writer.instead = mutants[i].json;
            check_mutant(recording, &writer, tree, &was.batch, mutants[i].poison, count);
        }
        writer.how = TWICE;
        check_mutant(recording, &writer, tree, &was.batch, false, count);
        writer.how = LEAVE_OUT;
        check_mutant(recording, &writer, tree, &was.batch, false, count);
    }
    arena_destroy(arena);
}

static void
no_value_that_is_wrong_makes_a_row_that_is_wrong(void **state)
{
    struct arena *arena = arena_create(1 << 20);
    struct count count = {.arena = arena_create(1 << 20)};
    size_t recordings = recordings_visit(arena, mutate, &count);

    printf("%zu recordings, %ld bodies with one value changed: %ld read, %ld of them with a row "
           "less, the others refused\n",
           recordings, count.bodies, count.parsed, count.rejected);
    check_true("many were read all the same", count.parsed > 1000);
    check_true("many lost a row", count.rejected > 1000);
    check_true("many were refused", count.bodies - count.parsed > 1000);
    arena_destroy(count.arena);
    arena_destroy(arena);
}

/* ---- bodies that are wrong as a whole ---- */

static void
no_source_takes_what_is_no_json(void **state)
{
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"[NaN]",                   "json.malformed"    },
        {"[Infinity]",              "json.malformed"    },
        {"[01]",                    "json.malformed"    },
        {"[1.]",                    "json.malformed"    },
        {"{'a':1}",                 "json.malformed"    },
        {"[1,]",                    "json.malformed"    },
        {"[] []",                   "json.malformed"    },
        {"{\"a\":1}x",              "json.malformed"    },
        {"[\"\\u0000\"]",           "json.encoding"     },
        {"[\"\\ud800\"]",           "json.encoding"     },
        {"[\"\xff\xfe\"]",          "json.encoding"     },
        {"[\"\xc0\xaf\"]",          "json.encoding"     },
        {"[\"\xed\xa0\x80\"]",      "json.encoding"     },
        {"[{\"a\":1,\"a\":2}]",     "json.duplicate_key"},
        {"[{\"b\":{},\"b\":null}]", "json.duplicate_key"},
    };
    static const struct feed feeds[] = {
        {.source = "coingecko",     .kind = "quote",     .args = "{\"symbols\":[\"bitcoin/usd\"]}"    },
        {.source = "coingecko",
         .kind = "listing",
         .args = "{\"currency\":\"usd\",\"page\":1,\"per_page\":250}"                                 },
        {.source = "coinmarketcap", .kind = "quote",     .args = "{\"symbols\":[\"1/usd\"]}"          },
        {.source = "coinpaprika",   .kind = "quote",     .args = "{\"symbols\":[\"btc-bitcoin/usd\"]}"},
        {.source = "binance",       .kind = "quote",     .args = "{\"symbols\":[\"BTCUSDT\"]}"        },
        {.source = "coinbase",      .kind = "quote",     .args = "{\"symbols\":[\"BTC-USD\"]}"        },
        {.source = "kraken",        .kind = "quote",     .args = "{\"symbols\":[\"XXBTZUSD\"]}"       },
        {.source = "coingecko",     .kind = "reference", .args = "{}"                                 },
        {.source = "coinmarketcap", .kind = "reference", .args = "{\"page\":1}"                       },
        {.source = "coinpaprika",   .kind = "reference", .args = "{}"                                 },
        {.source = "binance",       .kind = "reference", .args = "{}"                                 },
        {.source = "coinbase",      .kind = "reference", .args = "{}"                                 },
        {.source = "kraken",        .kind = "reference", .args = "{}"                                 },
    };
    struct arena *arena = arena_create(1 << 16);

    for (size_t i = 0; i < COUNT_OF(feeds); i++) {
        for (size_t j = 0; j < COUNT_OF(rows); j++) {
            const char *name =
                arena_printf(arena, "%s %s: %s", feeds[i].source, feeds[i].kind, rows[j].body);
            struct fed fed = feed_text(&feeds[i], rows[j].body, arena);

            if (strcmp(feeds[i].kind, "reference") == 0) /* the list may be missed before that */
                check_false(name, fed.parsed);
            else
                check_error(name, fed.parsed, &fed.err, rows[j].code);
        }
    }
    arena_destroy(arena);
}

/* Refused by the first pass, which holds nothing but the text: before any tree is made. */
static void
no_source_takes_a_flood(void **state)
{
    static const struct {
        const char *name, *begin, *piece, *end, *code;
        size_t count;
    } rows[] = {
        {"depth 10^6",             "",   "[",          "",  "json.too_deep",        1000000},
        {"depth of objects",       "",   "{\"a\":",    "",  "json.too_deep",        1000000},
        {"4 * 10^6 tokens",        "[0", ",0",         "]", "json.too_many_tokens", 4000000},
        {"as many empty lists",    "[0", ",[]",        "]", "json.too_many_tokens", 2500000},
        {"8 MiB and more",         "[0", "          ", "]", "json.too_large",       900000 },
        {"a number of 400 digits", "[",  "9",          "]", "json.malformed",       400    },
    };
    struct arena *arena = arena_create(1 << 16);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct json *tree;
        struct error err = {0};
        struct text text;

        text_init(&text, arena, 16 << 20);
        text_add_string(&text, rows[i].begin);
        for (size_t n = 0; n < rows[i].count; n++)
            text_add_string(&text, rows[i].piece);
        text_add_string(&text, rows[i].end);
        check_error(rows[i].name,
                    json_parse(arena, text_finish(&text), &json_limits_payload, &tree, &err), &err,
                    rows[i].code);
        arena_reset(arena);
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_value_that_is_wrong_makes_a_row_that_is_wrong),
        cmocka_unit_test(no_source_takes_what_is_no_json),
        cmocka_unit_test(no_source_takes_a_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
