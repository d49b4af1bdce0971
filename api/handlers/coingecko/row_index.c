#include "api/handlers/coingecko/row_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* SQL NULL comes first. */
static int
compare_texts(const char *a, const char *b)
{
    if (!a || !b)
        return (a ? 1 : 0) - (b ? 1 : 0);
    return strcmp(a, b);
}

static int
compare_rows(const void *a, const void *b, void *context)
{
    const struct row_index *index = context;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    for (size_t i = 0; i < index->column_count; i++) {
        int order = compare_texts(rows_text(index->rows, left, index->columns[i]),
                                  rows_text(index->rows, right, index->columns[i]));

        if (order != 0)
            return order;
    }
    return left < right ? -1 : 1;
}

void
row_index_make(struct row_index *index, const struct rows *rows, const size_t *columns,
               size_t column_count, struct arena *arena)
{
    assert(column_count <= ROW_INDEX_COLUMNS_MAX);
    *index = (struct row_index){.rows = rows, .column_count = column_count};
    memcpy(index->columns, columns, column_count * sizeof *columns);
    index->order = arena_alloc_array(arena, rows->count + 1, sizeof *index->order);
    for (size_t row = 0; row < rows->count; row++)
        index->order[row] = (uint32_t)row;
    qsort_r(index->order, rows->count, sizeof *index->order, compare_rows, index);
}

static int
compare_keys(const struct row_index *index, size_t row, const char *const *keys, size_t key_count)
{
    int order = 0;

    for (size_t i = 0; order == 0 && i < key_count; i++)
        order = compare_texts(rows_text(index->rows, row, index->columns[i]), keys[i]);
    return order;
}

int64_t
row_index_find(const struct row_index *index, const char *const *keys, size_t key_count)
{
    size_t low = 0, high = index->rows ? index->rows->count : 0, end = high;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_keys(index, index->order[middle], keys, key_count) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == end || compare_keys(index, index->order[low], keys, key_count) != 0)
        return -1;
    return index->order[low];
}
