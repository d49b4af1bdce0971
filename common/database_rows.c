#include "common/database.h"

#include "common/clock.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

struct rows
rows_part(const struct rows *rows, size_t first, size_t count, size_t column_count)
{
    assert(first + count <= rows->count && column_count <= rows->column_count);
    return (struct rows){.count = count,
                         .column_count = column_count,
                         .affected = (int64_t)count,
                         .result = rows->result,
                         .first = rows->first + first};
}

/* Where in the result the row is. */
static int
place_of(const struct rows *rows, size_t row, size_t column)
{
    assert(row < rows->count && column < rows->column_count);
    return (int)(rows->first + row);
}

const char *
rows_text(const struct rows *rows, size_t row, size_t column)
{
    int place = place_of(rows, row, column);

    if (PQgetisnull(rows->result, place, (int)column))
        return NULL;
    return PQgetvalue(rows->result, place, (int)column);
}

size_t
rows_size(const struct rows *rows, size_t row, size_t column)
{
    return (size_t)PQgetlength(rows->result, place_of(rows, row, column), (int)column);
}

struct bytes
rows_cell(const struct rows *rows, size_t row, size_t column)
{
    int place = place_of(rows, row, column);
    struct bytes cell;

    cell.size = (size_t)PQgetlength(rows->result, place, (int)column);
    if (cell.size == 0 && PQgetisnull(rows->result, place, (int)column))
        cell.data = NULL;
    else
        cell.data = PQgetvalue(rows->result, place, (int)column);
    return cell;
}

bool
rows_is_null(const struct rows *rows, size_t row, size_t column)
{
    return rows_text(rows, row, column) == NULL;
}

int64_t
rows_int(const struct rows *rows, size_t row, size_t column, int64_t otherwise)
{
    const char *text = rows_text(rows, row, column);

    return text ? strtoll(text, NULL, 10) : otherwise;
}

bool
rows_bool(const struct rows *rows, size_t row, size_t column)
{
    const char *text = rows_text(rows, row, column);

    return text && text[0] == 't';
}

static unsigned
hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct bytes
rows_bytes(const struct rows *rows, size_t row, size_t column, struct arena *arena)
{
    const char *text = rows_text(rows, row, column);
    struct bytes bytes = {NULL, 0};
    char *data;

    if (!text)
        return bytes;
    assert(text[0] == '\\' && text[1] == 'x'); /* bytea_output=hex */
    bytes.size = (rows_size(rows, row, column) - 2) / 2;
    data = arena_alloc(arena, bytes.size + 1);
    for (size_t n = 0; n < bytes.size; n++)
        data[n] = (char)(hex_digit(text[2 + 2 * n]) << 4 | hex_digit(text[3 + 2 * n]));
    data[bytes.size] = '\0';
    bytes.data = data;
    return bytes;
}

/* COPY's text form: tabs between cells, \N for NULL, a backslash before what would be structure. */
static void
add_copy_text(struct text *rows, const char *cell)
{
    for (;;) {
        size_t plain = strcspn(cell, "\\\t\n\r");

        text_add(rows, cell, plain);
        cell += plain;
        if (!*cell)
            return;
        text_add_char(rows, '\\');
        text_add_char(rows, *cell == '\t' ? 't' : *cell == '\n' ? 'n' : *cell == '\r' ? 'r' : '\\');
        cell++;
    }
}

void
copy_cell(struct text *rows, const char *cell_or_null)
{
    if (cell_or_null)
        add_copy_text(rows, cell_or_null);
    else
        text_add_string(rows, "\\N");
    text_add_char(rows, '\t');
}

void
copy_cell_int(struct text *rows, int64_t number)
{
    text_add_int(rows, number);
    text_add_char(rows, '\t');
}

void
copy_cell_time_ms(struct text *rows, int64_t at_ms)
{
    char moment[CLOCK_TEXT_SIZE];

    copy_cell(rows, clock_format_ms(at_ms, moment));
}

void
copy_end_row(struct text *rows)
{
    assert(rows->size && rows->data[rows->size - 1] == '\t');
    rows->data[rows->size - 1] = '\n';
}

void
array_start(struct text *array, struct arena *arena, size_t expected_bytes)
{
    text_init(array, arena, expected_bytes + sizeof "{}");
    text_add_char(array, '{');
}

/* Nothing before the first element: only the opening brace stands there. */
static void
separate(struct text *array)
{
    if (array->size > 1)
        text_add_char(array, ',');
}

void
array_add(struct text *array, const char *element_or_null)
{
    separate(array);
    if (!element_or_null) {
        text_add_string(array, "NULL");
        return;
    }
    text_add_char(array, '"');
    for (const char *rest = element_or_null; *rest;) {
        size_t plain = strcspn(rest, "\"\\");

        text_add(array, rest, plain);
        rest += plain;
        if (*rest) {
            text_add_char(array, '\\');
            text_add_char(array, *rest++);
        }
    }
    text_add_char(array, '"');
}

void
array_add_int(struct text *array, int64_t number)
{
    separate(array);
    text_add_int(array, number);
}

void
array_add_time_ms(struct text *array, int64_t at_ms)
{
    char moment[CLOCK_TEXT_SIZE];

    array_add(array, clock_format_ms(at_ms, moment));
}

const char *
array_finish(struct text *array)
{
    text_add_char(array, '}');
    return text_finish(array).data;
}

const char *
array_of_one(const char *element_or_null, struct arena *arena)
{
    struct text array;

    array_start(&array, arena, (element_or_null ? strlen(element_or_null) : 0) + sizeof "{NULL}");
    array_add(&array, element_or_null);
    return array_finish(&array);
}
