#ifndef TIDEMARK_COMMON_PARQUET_H
#define TIDEMARK_COMMON_PARQUET_H

#include "common/arena.h"
#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes a table as Apache Parquet, a row at a time and straight to where it goes: memory holds one
 * group of rows, packed, and some fifty bytes for each column of each group before. Small on
 * purpose (Debian has no library for C): every column may be null, values are PLAIN in pages packed
 * with gzip, there are no statistics. The format: https://parquet.apache.org/docs/file-format/,
 * and parquet.thrift and LogicalTypes.md there. One thread.
 */
enum parquet_kind {
    PARQUET_TEXT,    /* UTF-8 */
    PARQUET_INTEGER, /* decimal digits that fit 64 bits */
    PARQUET_MOMENT,  /* the same, of milliseconds since 1970: TIMESTAMP, UTC */
    PARQUET_TRUTH,   /* "t..." or anything else */
    PARQUET_DECIMAL, /* DECIMAL(38, scale), exact: "-12.345" */
};

enum {
    PARQUET_DIGITS_MAX = 38, /* of a decimal, before and behind the point */
    PARQUET_COLUMNS_MAX = 64,
    PARQUET_PAGE_ROWS = 2048,
    PARQUET_GROUP_ROWS = 16384,
};

struct parquet_column {
    const char *name;
    enum parquet_kind kind;
    int32_t scale; /* of a DECIMAL: digits behind the point, 0 ... PARQUET_DIGITS_MAX */
};

/* Said about the file as a whole. */
struct parquet_note {
    const char *key, *value;
};

/* Where the file goes, in stretches of any size that live until it returns. */
typedef bool parquet_put(void *context, struct bytes piece, struct error *err);

struct parquet_writer;

/* Columns and notes are copied, their texts are not. */
struct parquet_writer *parquet_writer_create(const struct parquet_column *columns, size_t count,
                                             parquet_put *put, void *context);
void parquet_writer_destroy(struct parquet_writer *writer); /* NULL is fine */

/*
 * One row: a cell for each column, as text; without data it is null.
 * Errors: those of `put`; reject "parquet.value": not of its column, such as a decimal with more
 * digits than its scale leaves room for.
 */
MUST_CHECK bool parquet_writer_add(struct parquet_writer *writer, const struct bytes *cells,
                                   struct error *err);
/* What is left, and the end of the file, without which it is none. */
MUST_CHECK bool parquet_writer_finish(struct parquet_writer *writer,
                                      const struct parquet_note *notes, size_t note_count,
                                      struct error *err);

/*
 * The digits of a decimal, "-0.0012": behind the point (4), and before it (1, or 0 for "0.5"
 * without loss). False if it is none.
 */
MUST_CHECK bool parquet_digits(struct bytes decimal, int32_t *ret_before, int32_t *ret_behind);

#endif
