#ifndef TIDEMARK_API_HANDLERS_COINGECKO_ROW_INDEX_H
#define TIDEMARK_API_HANDLERS_COINGECKO_ROW_INDEX_H

#include "common/database.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Finds rows of an answer by the text of some of their columns, however many there are: a page of
 * 250 coins is put together of several answers, and an event loop has no time to look through each
 * for every member.
 */
enum { ROW_INDEX_COLUMNS_MAX = 3 };

struct row_index {
    const struct rows *rows; /* must outlive the index */
    size_t columns[ROW_INDEX_COLUMNS_MAX], column_count;
    uint32_t *order; /* row numbers, sorted by these columns; in the arena */
};

/* `columns` from the most significant one on. */
void row_index_make(struct row_index *index, const struct rows *rows, const size_t *columns,
                    size_t column_count, struct arena *arena);

/*
 * The first row with these texts in the first `key_count` of the columns; -1 = there is none. An
 * index of zeros has no rows.
 */
int64_t row_index_find(const struct row_index *index, const char *const *keys, size_t key_count);

#endif
