#include "ingest/ctl/rebuild_compare.h"

#include "ingest/ctl/rebuild_rows.h"
#include "schema/queries.h"

#include <string.h>

/* ---- tables ---- */

static bool
read_hashes(struct database *db, struct arena *arena, struct rows *ret_rows, struct error *err)
{
    return database_run(db, &query_rebuild_hashes, SQL_NO_VALUES, arena, ret_rows, err);
}

static struct compared_table
make_table(const struct rows *original, const struct rows *rebuilt, size_t n)
{
    struct compared_table table = {
        .name = rows_text(original, n, 0),
        .made = rows_bool(original, n, 1),
        .original_rows = rows_int(original, n, 2, 0),
        .original_hash = rows_text(original, n, 3),
        .rebuilt_rows = rows_int(rebuilt, n, 2, 0),
        .rebuilt_hash = rows_text(rebuilt, n, 3),
    };

    table.equal = table.original_rows == table.rebuilt_rows &&
                  strcmp(table.original_hash, table.rebuilt_hash) == 0;
    return table;
}

/* ---- markets of a table that differs ---- */

enum { MARKET_IDS = 3 }; /* source, asset, quote */

static int
compare_markets(const struct rows *a, size_t i, const struct rows *b, size_t j)
{
    for (size_t column = 0; column < MARKET_IDS; column++) {
        int64_t left = rows_int(a, i, column, 0), right = rows_int(b, j, column, 0);

        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

static bool
same_market(const struct rows *a, size_t i, const struct rows *b, size_t j)
{
    return strcmp(rows_text(a, i, MARKET_IDS), rows_text(b, j, MARKET_IDS)) == 0 &&
           strcmp(rows_text(a, i, MARKET_IDS + 1), rows_text(b, j, MARKET_IDS + 1)) == 0;
}

/* The ids in one row of an answer. */
static struct market_ids
ids_of(const struct rows *rows, size_t n)
{
    return (struct market_ids){
        rows_int(rows, n, 0, 0),
        rows_int(rows, n, 1, 0),
        rows_int(rows, n, 2, 0),
    };
}

/* Both lists ascend: goes through them side by side, and into every market that differs. */
static bool
walk_markets(struct database *original, struct database *rebuilt, struct compared_table *table,
             struct arena *arena, struct arena *lists, struct error *err)
{
    struct rows left, right;
    size_t i = 0, j = 0;

    if (!database_run(original, &query_rebuild_markets, SQL_VALUES(SQL_TEXT(table->name)), lists,
                      &left, err) ||
        !database_run(rebuilt, &query_rebuild_markets, SQL_VALUES(SQL_TEXT(table->name)), lists,
                      &right, err))
        return false;
    while (i < left.count || j < right.count) {
        int order = i == left.count    ? 1
                    : j == right.count ? -1
                                       : compare_markets(&left, i, &right, j);
        struct market_ids ids = order > 0 ? ids_of(&right, j) : ids_of(&left, i);

        if ((order != 0 || !same_market(&left, i, &right, j)) &&
            !rebuild_rows_compare(original, rebuilt, table, &ids, arena, err))
            return false;
        i += order <= 0;
        j += order >= 0;
    }
    return true;
}

/*
 * A series remembers no payload. Where candles are of payloads that are gone, so may be its first
 * and last one.
 */
static void
excuse_series(struct comparison *comparison)
{
    int64_t gone = 0;

    for (size_t i = 0; i < comparison->table_count; i++) {
        struct compared_table *table = &comparison->tables[i];

        if (strcmp(table->name, "candles") == 0)
            gone = table->gone;
        if (strcmp(table->name, "series") != 0 || gone == 0)
            continue;
        table->gone += table->changed + table->missing;
        table->changed = table->missing = 0;
        if (table->extra == 0)
            table->difference_count = 0;
    }
}

bool
rebuild_compare(struct database *original, struct database *rebuilt, struct arena *arena,
                struct comparison *ret_comparison, struct error *err)
{
    struct arena *lists = arena_create(1024 * 1024);
    struct rows left, right;
    bool compared =
        read_hashes(original, arena, &left, err) && read_hashes(rebuilt, arena, &right, err);

    *ret_comparison = (struct comparison){.equal = true};
    for (size_t n = 0; compared && n < left.count && n < COMPARED_TABLES_MAX; n++) {
        struct compared_table *table = &ret_comparison->tables[ret_comparison->table_count++];

        *table = make_table(&left, &right, n);
        ret_comparison->equal = ret_comparison->equal && table->equal;
        if (!table->equal && table->made)
            compared = walk_markets(original, rebuilt, table, arena, lists, err);
        arena_reset(lists);
    }
    if (compared)
        excuse_series(ret_comparison);
    arena_destroy(lists);
    return compared;
}
