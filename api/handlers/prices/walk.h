#ifndef TIDEMARK_API_HANDLERS_PRICES_WALK_H
#define TIDEMARK_API_HANDLERS_PRICES_WALK_H

#include "api/handlers/prices/window.h"
#include "common/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A walk over the prices that a request is about: by series, in the order asset_id, quote_id,
 * source_id, and in each by time. It says what to ask next and takes the answer; who asks, and how
 * many rows at once, is up to its user. What it reads at once is along an index, whatever the
 * filter, and each row comes once, however long the walk takes and whatever is stored meanwhile.
 */
struct price_series {
    int64_t asset_id, quote_id, source_id;
    const char *asset, *currency, *source;
    int64_t first_ms, last_ms; /* where its rows begin and end, roughly: there may be fewer */
    int64_t from_ms;           /* what is read next of it */
};

/* Where a page ended: the series, and from when on its rows are still to come. */
struct price_place {
    int64_t asset_id, quote_id, source_id;
    const char *source;
    int64_t from_ms;
};

struct price_walk {
    const struct params *params;
    struct price_window window;
    bool is_list; /* of a filter, else of one asset in one currency */

    struct arena *arena; /* of the series */
    struct price_series *series;
    size_t count, at;         /* those before `at` are done */
    bool has_listed;          /* the series were asked for at least once */
    bool has_listed_all;      /* there are none behind them */
    struct price_place place; /* where the list goes on, and how far the first of it is read */

    size_t asked_series; /* of the rows under way */
    size_t asked_rows;
    int64_t asked_until_ms;
    int32_t misses; /* answers one after the other without a row */
};

enum {
    PRICE_SERIES_AT_ONCE = 64,
    /* Columns of all price_series queries. */
    SERIES_ASSET_ID = 0,
    SERIES_QUOTE_ID,
    SERIES_SOURCE_ID,
    SERIES_ASSET,
    SERIES_CURRENCY,
    SERIES_SOURCE,
    SERIES_FIRST,
    SERIES_LAST,
    SERIES_VERSION,
    /* First columns of all queries of their rows. */
    ROW_PLACE = 0,
    ROW_TIME,
};

struct price_question {
    const struct query *query;
    const struct database_value *values; /* these and what they point to live in the arena */
    size_t value_count;
    bool of_series; /* the answer goes to price_walk_take_series(), else price_walk_take_rows() */
};

/* `params` must outlive the walk. Goes on where their cursor says, if they have one. */
void price_walk_start(struct price_walk *walk, const struct params *params, int64_t now_ms);
void price_walk_finish(struct price_walk *walk);

/* What to ask next, for at most `rows_max` rows; false at the end. */
bool price_walk_next(struct price_walk *walk, size_t rows_max, struct arena *arena,
                     struct price_question *ret_question);
void price_walk_take_series(struct price_walk *walk, const struct rows *rows);
/* Of one asset in one currency: the walk is of the last row of the series alone. */
void price_walk_take_newest(struct price_walk *walk, const struct rows *rows);
/*
 * Call it when the rows are used up: the series of their rows are gone then. `used` of them count;
 * behind the last of those the walk goes on.
 */
void price_walk_take_rows(struct price_walk *walk, const struct rows *rows, size_t used);

/* The series of a row of the answer under way. */
const struct price_series *price_walk_series_of(const struct price_walk *walk,
                                                const struct rows *rows, size_t row);

/* The database has answered at least once. */
bool price_walk_has_answer(const struct price_walk *walk);

/* The first series, of one asset in one currency: NULL = nobody has any. After it was taken. */
const struct price_series *price_walk_only_series(const struct price_walk *walk);

/* Where the walk is, as a cursor; NULL at the end. */
const char *price_walk_cursor(const struct price_walk *walk, struct arena *arena);

#endif
