#include "ingest/sources/source.h"

#include "unit/check.h"
#include "unit/ingest/sources/feed.h"

#include <stdio.h>

/* How each provider's own list of coins or markets is read. */
static const struct feed coingecko = {.source = "coingecko", .kind = "reference", .args = "{}"};
static const struct feed binance = {.source = "binance", .kind = "reference", .args = "{}"};
static const struct feed coinbase = {.source = "coinbase", .kind = "reference", .args = "{}"};

/*
 * "symbol ticker quote name asset on|off;" of each, then the first reject as "!where reason", and
 * "partial" unless all others are gone.
 */
static const char *
describe(const struct batch *batch, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 256);
    for (size_t i = 0; i < batch->reference_count; i++) {
        const struct reference *r = &batch->references[i];

        text_add_format(&text, "%s %s %s %s %s %s;", r->symbol, r->ticker,
                        r->quote ? r->quote : "-", r->name ? r->name : "-",
                        r->asset ? r->asset : "-", r->active ? "on" : "off");
    }
    if (batch->rejected)
        text_add_format(&text, "!%s %s", batch->rejects[0].where, batch->rejects[0].reason);
    text_add_string(&text, batch->references_whole ? "" : " partial");
    return text_finish(&text).data;
}

/* clang-format off */
static const struct {
    const char *name;
    const struct feed *feed;
    const char *body;
    const char *want; /* or the error's code */
} rows[] = {
    {"coins, whose ids are our assets", &coingecko,
     "[{'id':'bitcoin','symbol':'btc','name':'Bitcoin'},{'id':'meta','symbol':'META','name':'Meta'}]",
     "bitcoin btc - Bitcoin bitcoin on;meta META - Meta meta on;"},
    {"a coin with platforms", &coingecko,
     "[{'id':'dai','symbol':'dai','name':'Dai','platforms':{'ethereum':'0x6b'}}]",
     "dai dai - Dai dai on;"},
    {"symbols of any script", &coingecko,
     "[{'id':'x','symbol':'hdp.ф','name':'mollydoge⭐'}]", "x hdp.ф - mollydoge⭐ x on;"},
    {"a coin without id", &coingecko,
     "[{'id':'','symbol':'xcre','name':'Cresio'},{'id':'a','symbol':'b','name':'c'}]",
     "a b - c a on;![0].id field.missing"},
    {"a coin whose name is null", &coingecko,
     "[{'id':'a','symbol':'b','name':null}]", "![0].name field.missing partial"},
    {"an entry that is no object", &coingecko, "[17]", "![0].id field.missing"},
    {"the same coin twice", &coingecko,
     "[{'id':'a','symbol':'b','name':'c'},{'id':'a','symbol':'d','name':'c'}]",
     "a d - c a on;![0] row.duplicate"},
    {"no coins", &coingecko, "[]", ""},
    {"an object instead of coins", &coingecko, "{'coins':[]}", "payload.shape"},
    {"a duplicate key", &coingecko,
     "[{'id':'a','id':'b','symbol':'b','name':'c'}]", "json.duplicate_key"},

    {"markets", &binance,
     "{'timezone':'UTC','symbols':[{'symbol':'BTCUSDT','status':'TRADING','baseAsset':'BTC',"
     "'quoteAsset':'USDT','filters':[{'filterType':'X'}]}]}",
     "BTCUSDT BTC usdt - - on;"},
    {"only a market that trades is one of today", &binance,
     "{'symbols':[{'symbol':'A','status':'BREAK','baseAsset':'A','quoteAsset':'B'},"
     "{'symbol':'C','status':'HALT','baseAsset':'A','quoteAsset':'B'},"
     "{'symbol':'D','status':'END_OF_DAY','baseAsset':'A','quoteAsset':'B'}]}",
     "A A b - - off;C A b - - off;D A b - - off;"},
    {"a market without status", &binance,
     "{'symbols':[{'symbol':'A','baseAsset':'A','quoteAsset':'B'}]}",
     "!symbols[0].status field.missing partial"},
    {"a market without quote", &binance,
     "{'symbols':[{'symbol':'A','status':'TRADING','baseAsset':'A'}]}",
     "!symbols[0].quoteAsset field.missing partial"},
    {"letters that are not ASCII", &binance,
     "{'symbols':[{'symbol':'币安USDT','status':'TRADING','baseAsset':'币安','quoteAsset':'USDT'}]}",
     "币安USDT 币安 usdt - - on;"},
    {"no list of markets", &binance, "{'serverTime':1}", "payload.shape"},
    {"a list that is none", &binance, "{'symbols':{}}", "payload.shape"},

    {"products", &coinbase,
     "[{'id':'BTC-USD','base_currency':'BTC','quote_currency':'USD','status':'online'},"
     "{'id':'UST-USD','base_currency':'UST','quote_currency':'USD','status':'delisted'}]",
     "BTC-USD BTC usd - - on;UST-USD UST usd - - off;"},
    {"an old product says no more than its name", &coinbase,
     "[{'id':'BTC-USD','base_currency':'BTC','quote_currency':'USD'}]", "BTC-USD BTC usd - - on;"},
    {"a product without base", &coinbase,
     "[{'id':'BTC-USD','base_currency':null,'quote_currency':'USD'}]",
     "![0].base_currency field.missing partial"},
    {"a quote that is too long for one", &coinbase,
     "[{'id':'A-B','base_currency':'A','quote_currency':'ABCDEFGHIJKLMNOPQRSTU'}]",
     "![0].quote_currency field.too_long partial"},
};
/* clang-format on */

static void
lists_become_references(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena *arena = arena_create(4096);
        struct fed fed = feed_text(rows[i].feed, feed_json(rows[i].body, arena), arena);

        check_string(rows[i].name, fed.parsed ? describe(&fed.batch, arena) : fed.err.code,
                     rows[i].want);
        if (fed.parsed) {
            check_string(rows[i].name, fed.batch.position, "2026-11-21T08:40:00.000Z");
        }
        arena_destroy(arena);
    }
}

static void
a_cut_list_gives_no_reference(void **state)
{
    struct arena *arena = arena_create(4096), *scratch = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *whole = feed_json(rows[i].body, arena);

        for (size_t size = 0; size < strlen(whole); size++) {
            char *cut = malloc(size ? size : 1);
            struct fed fed;

            memcpy(cut, whole, size);
            fed = feed_body(rows[i].feed, (struct bytes){cut, size}, scratch);
            if (fed.parsed || fed.err.kind == ERROR_NONE)
                fail_msg("%s: %zu bytes were taken", rows[i].name, size);
            arena_reset(scratch);
            free(cut);
        }
    }
    arena_destroy(scratch);
    arena_destroy(arena);
}

static void
a_list_that_comes_whole_has_no_pages(void **state)
{
    static const char *const names[] = {"coingecko", "binance", "coinbase"};
    struct arena *arena = arena_create(4096);

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct feed feed = {
            .source = names[i], .kind = "reference", .args = "{\"page\":1,\"per_page\":100}"};
        struct fed fed = feed_text(&feed, "[]", arena);

        check_error(names[i], fed.parsed, &fed.err, "job.args");
        check_contains(names[i], fed.err.message, "gives its list whole");
    }
    arena_destroy(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_become_references),
        cmocka_unit_test(a_cut_list_gives_no_reference),
        cmocka_unit_test(a_list_that_comes_whole_has_no_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
