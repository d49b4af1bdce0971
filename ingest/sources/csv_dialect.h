#ifndef TIDEMARK_INGEST_SOURCES_CSV_DIALECT_H
#define TIDEMARK_INGEST_SOURCES_CSV_DIALECT_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How a CSV file writes candles: there is no standard, so it is read from the file's beginning.
 *
 * With a header line: names in any case and order, '_' for a space (csv_dialect.c has the table);
 * "Volume BTC" is the volume in that currency. Without one, by the number of cells:
 *    6   time, open, high, low, close, volume                       TradingView seeds
 *    7   the same and trades                                        Kraken OHLCVT
 *   11+  Binance klines: ... volume, close time, quote volume, trades, ...
 */
enum csv_column {
    CSV_TIME,
    CSV_SYMBOL,
    CSV_OPEN,
    CSV_HIGH,
    CSV_LOW,
    CSV_CLOSE,
    CSV_VOLUME,
    CSV_QUOTE_VOLUME,
    CSV_TRADES,
    CSV_COLUMN_COUNT,
};

struct csv_dialect {
    char delimiter;
    int columns[CSV_COLUMN_COUNT]; /* index of the cell; -1 = the file has none */
    struct {
        int column;
        struct bytes currency; /* points into the file's header */
    } volumes[2];              /* "Volume BTC" and its like; .column -1 = none */
    size_t head_bytes;         /* what precedes the first row */
};

/* `start` is a file's beginning, at least to the end of its first row. False if it is unknown. */
bool csv_dialect_detect(struct bytes start, struct csv_dialect *ret_dialect);

/* Decides, once the symbol is known, which of the named volumes is base and which is quote. */
void csv_dialect_name_volumes(struct csv_dialect *dialect, const char *symbol);

#endif
