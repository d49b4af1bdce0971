#ifndef TIDEMARK_API_HANDLERS_PRICES_PARQUET_H
#define TIDEMARK_API_HANDLERS_PRICES_PARQUET_H

#include "api/handlers/prices/reader.h"
#include "common/error.h"

#include <stdbool.h>

/*
 * The rows of a reader as a Parquet file, in two walks: the first finds how many digits there are,
 * because the type of a column stands for the whole file, the second writes. A decimal is
 * DECIMAL(38, s) with the largest scale s of its column, so each value is exact; a column with more
 * digits than that is text. Of numbers that are none (lists of doubts), too.
 */
struct price_parquet;

struct price_parquet *price_parquet_create(const struct params *params, int64_t now_ms);
void price_parquet_destroy(struct price_parquet *parquet); /* NULL is fine */

/* What is walked now; the second walk is another one than the first. */
struct price_reader *price_parquet_reader(struct price_parquet *parquet);

/*
 * Takes the rows that its reader has at hand, and gives the next stretch of the file, of at most
 * `bytes_max`; an empty one: the reader has to be given more. False: a value does not fit, because
 * the rows have changed since the first walk.
 */
MUST_CHECK bool price_parquet_piece(struct price_parquet *parquet, size_t bytes_max,
                                    struct bytes *ret_piece, struct error *err);

/* The reader has come to its end. True: all is said, once the pieces that are left are taken. */
MUST_CHECK bool price_parquet_walked(struct price_parquet *parquet, bool *ret_ended,
                                     struct error *err);

#endif
