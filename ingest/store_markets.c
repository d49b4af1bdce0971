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

/* Makes an asset and an instrument of each listed coin that is not known. */
static bool
make_known(struct database *db, int64_t source_id, const struct batch *batch,
           const struct markets *known, struct arena *arena, struct error *err)
{
    struct text slugs, tickers, names, symbols, codes;
    const char *slug_array;

    array_start(&slugs, arena, 4096);
    array_start(&tickers, arena, 4096);
    array_start(&names, arena, 4096);
    array_start(&symbols, arena, 4096);
    array_start(&codes, arena, 4096);
    for (size_t i = 0; i < batch->listing_count; i++) {
        const struct listing *listing = &batch->listings[i];
        const char *slash = strrchr(listing->symbol, '/');

        if (!slash || markets_find(known, listing->symbol))
            continue;
        array_add(&slugs, listing->asset);
        array_add(&tickers, listing->ticker);
        array_add(&names, listing->name);
        array_add(&symbols, listing->symbol);
        array_add(&codes, slash + 1);
    }
    slug_array = array_finish(&slugs);
    database_queue(db, &query_assets_ensure,
                   SQL_VALUES(SQL_TEXT(slug_array), SQL_TEXT(array_finish(&tickers)),
                              SQL_TEXT(array_finish(&names))));
    database_queue(db, &query_instruments_ensure,
                   SQL_VALUES(SQL_INT(source_id), SQL_TEXT(array_finish(&symbols)),
                              SQL_TEXT(slug_array), SQL_TEXT(array_finish(&codes))));
    return database_flush(db, arena, NULL, err);
}

static size_t
count_unknown_listings(const struct batch *batch, const struct markets *markets)
{
    size_t unknown = 0;

    for (size_t i = 0; i < batch->listing_count; i++)
        unknown += !markets_find(markets, batch->listings[i].symbol);
    return unknown;
}

bool
markets_load(struct database *db, int64_t source_id, const struct batch *batch, struct arena *arena,
             struct markets *ret_markets, struct error *err)
{
    const char *symbols = collect_symbols(batch, arena);

    if (!look_up(db, source_id, symbols, arena, ret_markets, err))
        return false;
    if (count_unknown_listings(batch, ret_markets) == 0)
        return true;
    return make_known(db, source_id, batch, ret_markets, arena, err) &&
           look_up(db, source_id, symbols, arena, ret_markets, err);
}
