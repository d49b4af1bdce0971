#include "ingest/ctl/table.h"

#include "common/clock.h"
#include "common/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    COLUMN_GAP = 2,
    COLUMN_LEAST = 8, /* what is left of a column, however small the window */
    ROW_KEY_WIDTH = 16,
};

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
    unsigned char *copy = (unsigned char *)arena_string(arena, text);
    const unsigned char *end = copy + strlen(text);

    for (unsigned char *c = copy; c < end;) {
        size_t length = utf8_length(c, end);
        /* U+0080 to U+009F are C2 80 to C2 9F. */
        bool control = *c < ' ' || *c == 0x7f || (length == 2 && *c == 0xc2 && c[1] < 0xa0);

        if (length == 0 || control)
            memset(c, '?', length ? length : 1);
        c += length ? length : 1;
    }
    return (const char *)copy;
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

const char *
table_seconds(int64_t left_s, struct arena *arena)
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
        return table_seconds(strtoll(cell, NULL, 10), table->arena);
    case COLUMN_BOOL:
        return *cell == 't' ? "yes" : "no";
    case COLUMN_TEXT:
    case COLUMN_INT:
    case COLUMN_JSON:
        break;
    }
    return table_clean(cell, table->arena);
}

/* ---- for people ---- */

/* Characters, not bytes, of clean text: every one is taken for one column wide. */
static size_t
width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* `text` cut to `width` > 1 characters, the last of them an ellipsis. */
static const char *
cut(const char *text, size_t width, struct arena *arena)
{
    const char *end = text;

    if (width_of(text) <= width)
        return text;
    for (size_t seen = 0; seen < width; end++)
        seen += ((unsigned char)end[1] & 0xc0) != 0x80;
    /* `end` is now behind `width` characters; the last makes room. */
    do
        end--;
    while (((unsigned char)*end & 0xc0) == 0x80);
    return arena_printf(arena, "%.*s\xe2\x80\xa6", (int)(end - text), text);
}

/* What the columns need, and together with the gaps between them. */
static size_t
measure(const struct table *table, size_t *widths)
{
    size_t total = 0;

    for (size_t column = 0; column < table->column_count; column++) {
        const char *title = table->columns[column].title;

        widths[column] = title ? width_of(title) : 0;
        for (size_t row = 0; title && row < table->row_count; row++) {
            size_t width = width_of(cell_for_people(table, row, column));

            widths[column] = width > widths[column] ? width : widths[column];
        }
        total += title ? widths[column] + COLUMN_GAP : 0;
    }
    return total > 0 ? total - COLUMN_GAP : 0;
}

/* Takes from the widest text until the line fits, but leaves something of each. */
static void
shrink(const struct table *table, size_t *widths, size_t total, size_t width)
{
    while (total > width) {
        size_t widest = table->column_count;

        for (size_t column = 0; column < table->column_count; column++)
            if (table->columns[column].title && table->columns[column].kind == COLUMN_TEXT &&
                widths[column] > COLUMN_LEAST &&
                (widest == table->column_count || widths[column] > widths[widest]))
                widest = column;
        if (widest == table->column_count)
            return;
        widths[widest]--;
        total--;
    }
}

/* The last column is not padded, so that nothing wraps for the sake of blanks. */
static void
print_cell(const char *text, size_t width, bool right, bool last, FILE *out)
{
    int blanks = (int)(width - width_of(text));

    if (last && !right)
        fprintf(out, "%s\n", text);
    else if (right)
        fprintf(out, "%*s%s%s", blanks, "", text, last ? "\n" : "  ");
    else
        fprintf(out, "%s%*s  ", text, blanks, "");
}

void
table_print_within(const struct table *table, size_t width, FILE *out)
{
    size_t *widths = arena_alloc_array(table->arena, table->column_count, sizeof *widths);
    size_t total = measure(table, widths), last = 0;

    if (width > 0)
        shrink(table, widths, total, width);
    for (size_t column = 0; column < table->column_count; column++)
        last = table->columns[column].title ? column : last;
    for (size_t row = 0; row <= table->row_count; row++) {
        for (size_t column = 0; column < table->column_count; column++) {
            const struct column *shown = &table->columns[column];
            const char *cell;

            if (!shown->title)
                continue;
            cell = row == 0 ? shown->title : cell_for_people(table, row - 1, column);
            print_cell(cut(cell, widths[column], table->arena), widths[column],
                       shown->kind == COLUMN_INT, column == last, out);
        }
    }
}

void
table_print_row(const struct table *table, size_t row, FILE *out)
{
    for (size_t column = 0; column < table->column_count; column++)
        fprintf(out, "%-*s  %s\n", ROW_KEY_WIDTH, table->columns[column].key,
                cell_for_people(table, row, column));
}

/* ---- for scripts ---- */

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

void
table_add_json_row(const struct table *table, size_t row, struct text *text)
{
    text_add_char(text, '{');
    for (size_t column = 0; column < table->column_count; column++) {
        if (column)
            text_add_char(text, ',');
        text_add_json_string(text, table->columns[column].key);
        text_add_char(text, ':');
        add_json_cell(&table->columns[column], table->cells[row * table->column_count + column],
                      text);
    }
    text_add_char(text, '}');
}

void
table_add_json(const struct table *table, struct text *text)
{
    text_add_char(text, '[');
    for (size_t row = 0; row < table->row_count; row++) {
        text_add_string(text, row ? ",\n" : "\n");
        table_add_json_row(table, row, text);
    }
    text_add_string(text, "\n]");
}

/* The window's; 0 when it is no terminal, or does not say. */
static size_t
window_width(void)
{
    struct winsize window;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0)
        return 0;
    return window.ws_col;
}

void
table_print(const struct table *table, bool json)
{
    struct text text;

    if (!json) {
        table_print_within(table, window_width(), stdout);
        return;
    }
    text_init(&text, table->arena, 4096);
    table_add_json(table, &text);
    puts(text_finish(&text).data);
}

void
table_print_only_row(const struct table *table, bool json)
{
    struct text text;

    if (!json) {
        table_print_row(table, 0, stdout);
        return;
    }
    text_init(&text, table->arena, 1024);
    table_add_json_row(table, 0, &text);
    puts(text_finish(&text).data);
}
