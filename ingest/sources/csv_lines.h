#ifndef TIDEMARK_INGEST_SOURCES_CSV_LINES_H
#define TIDEMARK_INGEST_SOURCES_CSV_LINES_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines and cells of a CSV text, pointing into it. A cell cannot hold a line break. */
enum { CSV_CELLS_MAX = 64 };

/* Takes the next line off the front of `text`, without its "\n" or "\r\n". False at the end. */
bool csv_take_line(struct bytes *text, struct bytes *ret_line);

/* How many line breaks there are: a last line without one does not count. */
int64_t csv_count_breaks(struct bytes text);

/*
 * Splits a line. Spaces around a cell and one pair of double quotes are taken off; a delimiter
 * inside of quotes does not split. Returns how many cells there are, of which the first
 * CSV_CELLS_MAX are kept.
 */
size_t csv_split(struct bytes line, char delimiter, struct bytes ret_cells[CSV_CELLS_MAX]);

/* True for what people write where there is no value: nothing, NULL, NaN, None, N/A. */
bool csv_is_missing(struct bytes cell);

#endif
