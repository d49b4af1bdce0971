#include "ingest/store_markets.h"

#include "schema/queries.h"

#include <stdlib.h>
#include <string.h>

static int
compare_markets(const void *a, const void *b)
{
    return strcmp(((const struct market *)a)->symbol, ((const struct market *)b)->symbol);
}

void
markets_sort(struct markets *markets)
{
    qsort(markets->rows, markets->count, sizeof *markets->rows, compare_markets);
}

const struct market *
markets_find(const struct markets *markets, const char *symbol)
{
    struct market key = {.symbol = symbol};

    return markets->count == 0
               ? NULL
               : bsearch(&key, markets->rows, markets->count, sizeof(key), compare_markets);
}

static const char *
collect_symbols(const struct batch *batch, struct arena *arena)
{
    struct text symbols;

    array_start(&symbols, arena, 64 + 16 * (batch->tick_count + batch->listing_count));
    for (size_t i = 0; i < batch->tick_count; i++)
        array_add(&symbols, batch->ticks[i].symbol);
    for (size_t i = 0; i < batch->listing_count; i++)
        array_add(&symbols, batch->listings[i].symbol);
    if (batch->candle_count > 0)
        array_add(&symbols, batch->candle_symbol);
    return array_finish(&symbols);
}

static bool
look_up(struct database *db, int64_t source_id, const char *symbols, struct arena *arena,
        struct markets *ret_markets, struct error *err)
{
    struct markets markets;
    struct rows rows;

    if (!database_run(db, &query_instruments_map, SQL_VALUES(SQL_INT(source_id), SQL_TEXT(symbols)),
                      arena, &rows, err))
        return false;
    markets.count = rows.count;
    markets.rows = arena_alloc_array(arena, rows.count + 1, sizeof(*markets.rows));
    for (size_t i = 0; i < rows.count; i++)
        markets.rows[i] = (struct market){
            .symbol = rows_text(&rows, i, 0),
            .asset_id = rows_int(&rows, i, 1, 0),
            .quote_id = rows_int(&rows, i, 2, 0),
            .name = arena_printf(arena, "%s/%s", rows_text(&rows, i, 3), rows_text(&rows, i, 4)),
        };
    markets_sort(&markets);
    *ret_markets = markets;
    return true;
}

/* What listings say of coins that are not known. */
struct listed {
    struct text symbols; /* of coins: "bitcoin" */
    struct text slugs;   /* of their assets; with `ticker` and `name` */
    struct text tickers, names, ranks;
    size_t count;
};

static void
listed_start(struct listed *listed, struct arena *arena)
{
    array_start(&listed->symbols, arena, 4096);
    array_start(&listed->slugs, arena, 4096);
    array_start(&listed->tickers, arena, 4096);
    array_start(&listed->names, arena, 4096);
    array_start(&listed->ranks, arena, 4096);
    listed->count = 0;
}

static void
listed_add(struct listed *listed, const struct listing *listing, struct arena *arena)
{
    const char *slash = strrchr(listing->symbol, '/');

    if (!slash)
        return;
    array_add(&listed->symbols,
              arena_copy(arena, listing->symbol, (size_t)(slash - listing->symbol)));
    array_add(&listed->slugs, listing->asset);
    array_add(&listed->tickers, listing->ticker);
    array_add(&listed->names, listing->name);
    if (listing->rank > 0)
        array_add_int(&listed->ranks, listing->rank);
    else
        array_add(&listed->ranks, NULL);
    listed->count++;
}

/* Coins that come with the slug of their asset are that asset, which is made if need be. */
static void
queue_named_coins(struct database *db, const struct markets_origin *origin, struct listed *named)
{
    const char *slugs = array_finish(&named->slugs);

    if (named->count == 0)
        return;
    database_queue(db, &query_assets_ensure,
                   SQL_VALUES(SQL_TEXT(slugs), SQL_TEXT(array_finish(&named->tickers)),
                              SQL_TEXT(array_finish(&named->names))));
    database_queue(db, &query_coins_ensure,
                   SQL_VALUES(SQL_INT(origin->source_id), SQL_TEXT(array_finish(&named->symbols)),
                              SQL_TEXT(slugs)));
}

/* Others are what their ticker and name say, if that can be only one thing. */
static void
queue_other_coins(struct database *db, const struct markets_origin *origin, struct listed *others)
{
    const char *symbols = array_finish(&others->symbols);

    if (others->count == 0)
        return;
    database_queue(db, &query_references_lock, SQL_NO_VALUES);
    database_queue(db, &query_references_offer,
                   SQL_VALUES(SQL_INT(origin->source_id), SQL_INT(origin->run_id),
                              SQL_TIME_MS(origin->fetched_at_ms), SQL_TEXT(symbols),
                              SQL_TEXT(array_finish(&others->tickers)),
                              SQL_TEXT(array_finish(&others->names)),
                              SQL_TEXT(array_finish(&others->ranks))));
    database_queue(db, &query_references_map_coins,
                   SQL_VALUES(SQL_INT(origin->source_id), SQL_TEXT(symbols)));
}

/* Makes instruments of aggregators' coins that have none in this currency yet. */
static bool
make_known(struct database *db, const struct markets_origin *origin, const struct batch *batch,
           const struct markets *known, const char *symbols, struct arena *arena, struct error *err)
{
    struct listed named, others;

    listed_start(&named, arena);
    listed_start(&others, arena);
    for (size_t i = 0; i < batch->listing_count; i++) {
        const struct listing *listing = &batch->listings[i];

        if (!markets_find(known, listing->symbol))
            listed_add(listing->asset ? &named : &others, listing, arena);
    }
    queue_named_coins(db, origin, &named);
    queue_other_coins(db, origin, &others);
    database_queue(db, &query_instruments_derive,
                   SQL_VALUES(SQL_INT(origin->source_id), SQL_TEXT(symbols)));
    return database_flush(db, arena, NULL, err);
}

/* True for an instrument that is made of a coin and a currency, and is not known. */
static bool
may_be_made(const struct markets *markets, const char *symbol)
{
    return strchr(symbol, '/') && !markets_find(markets, symbol);
}

static bool
lacks_any(const struct batch *batch, const struct markets *markets)
{
    for (size_t i = 0; i < batch->tick_count; i++)
        if (may_be_made(markets, batch->ticks[i].symbol))
            return true;
    for (size_t i = 0; i < batch->listing_count; i++)
        if (may_be_made(markets, batch->listings[i].symbol))
            return true;
    return batch->candle_count > 0 && may_be_made(markets, batch->candle_symbol);
}

bool
markets_load(struct database *db, const struct markets_origin *origin, const struct batch *batch,
             struct arena *arena, struct markets *ret_markets, struct error *err)
{
    const char *symbols = collect_symbols(batch, arena);

    if (!look_up(db, origin->source_id, symbols, arena, ret_markets, err))
        return false;
    if (!lacks_any(batch, ret_markets))
        return true;
    return make_known(db, origin, batch, ret_markets, symbols, arena, err) &&
           look_up(db, origin->source_id, symbols, arena, ret_markets, err);
}
