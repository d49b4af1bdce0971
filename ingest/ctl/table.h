#ifndef TIDEMARK_INGEST_CTL_TABLE_H
#define TIDEMARK_INGEST_CTL_TABLE_H

#include "common/arena.h"
#include "common/database.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Rows for a person (aligned columns) or for a script (a JSON array, one object a line). */
enum column_kind {
    COLUMN_TEXT,
    COLUMN_INT,     /* canonical text of an integer */
    COLUMN_TIME_MS, /* text of UTC milliseconds */
    COLUMN_SECONDS, /* text of a length in seconds; a person reads "5m", a script the number */
    COLUMN_BOOL,    /* "t" or "f", as PostgreSQL says it */
    COLUMN_JSON,    /* text that is JSON already */
};

struct column {
    const char *title; /* for a person; NULL = not shown to one */
    const char *key;   /* for a script */
    enum column_kind kind;
};

struct table {
    struct arena *arena;
    const struct column *columns;
    size_t column_count;
    const char **cells; /* row by row; NULL = nothing there */
    size_t row_count, row_room;
};

void table_init(struct table *table, struct arena *arena, const struct column *columns,
                size_t column_count);
/* `cells` has one text a column; they must live as long as the table. */
void table_add(struct table *table, const char *const *cells);
/* All rows of an answer whose columns are those of the table, in the same order. */
void table_add_rows(struct table *table, const struct rows *rows);

/*
 * To stdout. On a terminal no line is longer than the window: the widest columns are cut, with an
 * ellipsis. Elsewhere nothing is cut.
 */
void table_print(const struct table *table, bool json);
/* The same for people only; `width` characters a line, 0 = as long as they are. */
void table_print_within(const struct table *table, size_t width, FILE *out);
/* One row for people, a line a column, those without a title by their key. */
void table_print_row(const struct table *table, size_t row, FILE *out);

/* The one row of a table to stdout: for people as above, for scripts a JSON object. */
void table_print_only_row(const struct table *table, bool json);

/* For documents that are more than one table: the JSON array, and one row as a JSON object. */
void table_add_json(const struct table *table, struct text *text);
void table_add_json_row(const struct table *table, size_t row, struct text *text);

/* A length for people: "1d", "1h34m21s". */
const char *table_seconds(int64_t seconds, struct arena *arena);

/*
 * Foreign text for a terminal: control characters, C1 ones included, and bytes that are not UTF-8
 * become '?'.
 */
const char *table_clean(const char *text, struct arena *arena);

#endif
