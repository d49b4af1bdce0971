#include "ingest/ctl/table.h"

#include "common/clock.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

void
table_init(struct table *table, struct arena *arena, const struct column *columns,
           size_t column_count)
{
    *table = (struct table){.arena = arena, .columns = columns, .column_count = column_count};
}

void
table_add(struct table *table, const char *const *cells)
{
    size_t row_bytes = table->column_count * sizeof *cells;

    if (table->row_count == table->row_room) {
        size_t room = table->row_room ? 2 * table->row_room : 32;

        table->cells =
            arena_grow(table->arena, table->cells, table->row_room * row_bytes, room * row_bytes);
        table->row_room = room;
    }
    memcpy(table->cells + table->row_count++ * table->column_count, cells, row_bytes);
}

void
table_add_rows(struct table *table, const struct rows *rows)
{
    const char **cells = arena_alloc_array(table->arena, table->column_count, sizeof *cells);

    for (size_t row = 0; row < rows->count; row++) {
        for (size_t column = 0; column < table->column_count; column++)
            cells[column] = rows_text(rows, row, column);
        table_add(table, cells);
    }
}

const char *
table_clean(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return copy;
}

/* "2026-11-21 08:41:05": a person does not need the rest. */
static const char *
time_for_people(const char *ms, struct arena *arena)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_ms(strtoll(ms, NULL, 10), text);
    text[strlen("2026-11-21")] = ' ';
    return arena_copy(arena, text, strlen("2026-11-21 08:41:05"));
}

/* "1d", "1h34m21s". */
static const char *
seconds_for_people(const char *seconds_text, struct arena *arena)
{
    static const struct {
        int64_t seconds;
        char suffix;
    } units[] = {
        {86400, 'd'},
        {3600,  'h'},
        {60,    'm'},
        {1,     's'}
    };
    int64_t left_s = strtoll(seconds_text, NULL, 10);
    struct text text;

    text_init(&text, arena, 16);
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (left_s >= units[i].seconds)
            text_add_format(&text, "%lld%c", (long long)(left_s / units[i].seconds),
                            units[i].suffix);
        left_s %= units[i].seconds;
    }
    return text.size > 0 ? text_finish(&text).data : "0s";
}

static const char *
cell_for_people(const struct table *table, size_t row, size_t column)
{
    const char *cell = table->cells[row * table->column_count + column];

    if (!cell)
        return "-";
    switch (table->columns[column].kind) {
    case COLUMN_TIME_MS:
        return time_for_people(cell, table->arena);
    case COLUMN_SECONDS:
        return seconds_for_people(cell, table->arena);
    case COLUMN_BOOL:
        return *cell == 't' ? "yes" : "no";
    case COLUMN_TEXT:
    case COLUMN_INT:
    case COLUMN_JSON:
        break;
    }
    return table_clean(cell, table->arena);
}

/* The last column is not padded, so that a long text does not wrap more than it must. */
static void
print_cell(const char *text, size_t width, bool right, bool last, FILE *out)
{
    if (last)
        fprintf(out, "%s\n", text);
    else
        fprintf(out, right ? "%*s  " : "%-*s  ", (int)width, text);
}

static void
print_for_people(const struct table *table, FILE *out)
{
    size_t *widths = arena_alloc_array(table->arena, table->column_count, sizeof *widths);
    size_t last = 0;

    for (size_t column = 0; column < table->column_count; column++) {
        if (!table->columns[column].title)
            continue;
        last = column;
        widths[column] = strlen(table->columns[column].title);
        for (size_t row = 0; row < table->row_count; row++) {
            size_t width = strlen(cell_for_people(table, row, column));

            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (size_t row = 0; row <= table->row_count; row++) {
        for (size_t column = 0; column < table->column_count; column++) {
            const struct column *shown = &table->columns[column];

            if (shown->title)
                print_cell(row == 0 ? shown->title : cell_for_people(table, row - 1, column),
                           widths[column], shown->kind == COLUMN_INT, column == last, out);
        }
    }
}

static void
add_json_cell(const struct column *column, const char *cell, struct text *text)
{
    char moment[CLOCK_TEXT_SIZE];

    if (!cell)
        text_add_string(text, "null");
    else if (column->kind == COLUMN_TEXT)
        text_add_json_string(text, cell);
    else if (column->kind == COLUMN_TIME_MS)
        text_add_json_string(text, clock_format_ms(strtoll(cell, NULL, 10), moment));
    else if (column->kind == COLUMN_BOOL)
        text_add_string(text, *cell == 't' ? "true" : "false");
    else
        text_add_string(text, cell);
}

static void
print_for_scripts(const struct table *table, FILE *out)
{
    struct bytes bytes;
    struct text text;

    text_init(&text, table->arena, 4096);
    text_add_char(&text, '[');
    for (size_t row = 0; row < table->row_count; row++) {
        text_add_string(&text, row ? ",\n{" : "\n{");
        for (size_t column = 0; column < table->column_count; column++) {
            if (column)
                text_add_char(&text, ',');
            text_add_json_string(&text, table->columns[column].key);
            text_add_char(&text, ':');
            add_json_cell(&table->columns[column], table->cells[row * table->column_count + column],
                          &text);
        }
        text_add_char(&text, '}');
    }
    text_add_string(&text, "\n]\n");
    bytes = text_finish(&text);
    fwrite(bytes.data, 1, bytes.size, out);
}

void
table_print(const struct table *table, bool json, FILE *out)
{
    if (json)
        print_for_scripts(table, out);
    else
        print_for_people(table, out);
}
