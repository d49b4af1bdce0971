#ifndef TIDEMARK_API_HANDLERS_PRICES_READER_H
#define TIDEMARK_API_HANDLERS_PRICES_READER_H

#include "api/answer/members.h"
#include "api/handlers/prices/walk.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The rows of a walk, one after the other, as cells of the columns below, and between them, where a
 * client asks for fill=previous, candles that there are not:
 *
 *     while (price_reader_pull(&reader, &cells))
 *         ... a row;
 *     if (price_reader_next(&reader, rows_max, arena, &question))
 *         ... ask; price_reader_take(&reader, rows); again
 *     else
 *         ... all rows are read
 *
 * A filled candle stands where the series has none but has one before, at most PRICE_FILL_MAX
 * intervals ago, and one behind, whatever the window; so windows are stretches of one filled
 * series. Its prices are the close before. Its volume is 0 where the source said that nobody traded
 * (the ledger of gaps), and else unknown.
 */
enum {
    PRICE_FILL_MAX = 1000,
    PRICE_NO_TRADES_MAX = 1000, /* stretches without trades that are looked at for one answer */
    PRICE_CELLS = 21,
};

/* What the cells are. Of one symbol, asset, currency and granularity are the same in all. */
struct price_columns {
    const struct member *members;
    size_t count;
    size_t first_cell;
};

struct price_gap {
    int64_t from_ms, until_ms;
};

struct price_reader {
    struct price_walk walk;
    struct price_columns columns;

    struct rows rows; /* under way; its count is 0 if there are none */
    size_t row;
    bool has_rows;

    /* Of fill=previous. */
    bool fills;
    enum {
        FILL_ASKS_BEFORE,
        FILL_ASKS_NO_TRADES,
        FILL_READY,
    } fill_state;
    bool has_previous;
    int64_t previous_ms, previous_real_ms; /* when the last row opened, and the last one stored */
    char previous_close[256];              /* a decimal */
    struct price_gap *no_trades;
    size_t no_trade_count;

    struct bytes cells[PRICE_CELLS];
    char time_text[24];
};

/* Walks as `params` say, which must outlive it. */
void price_reader_start(struct price_reader *reader, const struct params *params, int64_t now_ms);
/* Of one symbol, too, the columns are those of a list. Before the first row. */
void price_reader_show_all(struct price_reader *reader);
void price_reader_finish(struct price_reader *reader);

/* The next row; false when an answer is needed. The cells live until the next call. */
bool price_reader_pull(struct price_reader *reader, const struct bytes **ret_cells);
bool price_reader_next(struct price_reader *reader, size_t rows_max, struct arena *arena,
                       struct price_question *ret_question);
/* The rows must live until they are pulled. */
void price_reader_take(struct price_reader *reader, const struct price_question *question,
                       const struct rows *rows);

/* The page ends behind the last row that was pulled: a cursor of the next one; NULL = all is read.
 */
const char *price_reader_stop(struct price_reader *reader, struct arena *arena);

/* Cells that lwc wants, by their place. */
enum { CELL_TIME = 4, CELL_OPEN, CELL_HIGH, CELL_LOW, CELL_CLOSE };

#endif
