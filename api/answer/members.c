#include "api/answer/members.h"

#include "api/answer/formats.h"
#include "api/cache/freshness.h"
#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 64 }; /* columns of one row */

static bool
is_true(struct bytes cell)
{
    return cell.size > 0 && *cell.data == 't';
}

static void
add_moment(struct text *text, struct bytes cell)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_string(text, clock_format_ms(strtoll(cell.data, NULL, 10), at));
}

static bool
is_of_freshness(const struct member *member)
{
    return member->kind == MEMBER_AGE || member->kind == MEMBER_STALE;
}

static void
add_freshness(struct freshness *freshness, struct text *text, const struct member *member,
              struct bytes cell)
{
    int64_t at_ms = cell.data ? strtoll(cell.data, NULL, 10) : 0;

    assert(freshness);
    if (member->kind == MEMBER_AGE)
        freshness_add_age(freshness, text, at_ms);
    else
        freshness_add_flag(freshness, text, at_ms > 0 && at_ms <= freshness_now_ms(freshness),
                           at_ms);
}

/* -------------------------------------------------------------------------------------- JSON */

static void
add_json(struct text *text, const struct member *member, bool decimal_strings, struct bytes cell)
{
    bool quoted =
        member->kind == MEMBER_MOMENT || (member->kind == MEMBER_DECIMAL && decimal_strings);

    if (!cell.data) {
        text_add_string(text, "null");
        return;
    }
    if (quoted)
        text_add_char(text, '"');
    switch (member->kind) {
    case MEMBER_TEXT:
        text_add_json_bytes(text, cell.data, cell.size);
        break;
    case MEMBER_NUMBER:
    case MEMBER_DECIMAL:
        text_add(text, cell.data, cell.size);
        break;
    case MEMBER_MOMENT:
        add_moment(text, cell);
        break;
    case MEMBER_TRUTH:
        text_add_string(text, is_true(cell) ? "true" : "false");
        break;
    case MEMBER_STATE: /* add_members() */
    case MEMBER_AGE:   /* add_freshness() */
    case MEMBER_STALE:
        break;
    }
    if (quoted)
        text_add_char(text, '"');
}

static void
add_members(struct freshness *freshness, struct text *text, const struct member *members,
            size_t count, bool decimal_strings, const struct bytes *cells)
{
    for (size_t i = 0; i < count; i++) {
        text_add_string(text, i > 0 ? ",\"" : "\"");
        text_add_string(text, members[i].name);
        text_add_string(text, "\":");
        if (is_of_freshness(&members[i]))
            add_freshness(freshness, text, &members[i], cells[i]);
        else if (members[i].kind == MEMBER_STATE && cells[i].data)
            freshness_add_state(freshness, text, cells[i].data);
        else
            add_json(text, &members[i], decimal_strings, cells[i]);
    }
}

/* --------------------------------------------------------------------------------------- CSV */

/* Spreadsheets calculate what begins so, also what others have written into a name. */
static bool
is_formula(struct bytes cell)
{
    return cell.size > 0 && memchr("=+-@\t\r", *cell.data, 6);
}

static bool
needs_quotes(struct bytes cell)
{
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == ',' || cell.data[i] == '"' || cell.data[i] == '\n' ||
            cell.data[i] == '\r')
            return true;
    }
    return cell.size == 0; /* an empty text is not an unknown one */
}

static void
add_csv_text(struct text *text, bool is_foreign, struct bytes cell)
{
    bool quoted = needs_quotes(cell);

    if (quoted)
        text_add_char(text, '"');
    if (is_foreign && is_formula(cell))
        text_add_char(text, '\'');
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.data[i] == '"')
            text_add_char(text, '"');
        text_add_char(text, cell.data[i]);
    }
    if (quoted)
        text_add_char(text, '"');
}

static void
add_csv(struct text *text, const struct member *member, struct bytes cell)
{
    if (!cell.data)
        return;
    switch (member->kind) {
    case MEMBER_TEXT:
    case MEMBER_STATE:
        add_csv_text(text, true, cell);
        break;
    case MEMBER_NUMBER:
        add_csv_text(text, false, cell);
        break;
    case MEMBER_DECIMAL:
        text_add(text, cell.data, cell.size);
        break;
    case MEMBER_MOMENT:
        add_moment(text, cell);
        break;
    case MEMBER_TRUTH:
        text_add_string(text, is_true(cell) ? "true" : "false");
        break;
    case MEMBER_AGE: /* add_freshness() */
    case MEMBER_STALE:
        break;
    }
}

void
members_add_names(struct text *text, const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        text_add_string(text, members[i].name);
    }
    text_add_string(text, "\r\n");
}

/* -------------------------------------------------------------------------------------- rows */

enum members_form
members_form_of(const struct params *params)
{
    if (formats_of(params) == FORMAT_CSV)
        return MEMBERS_CSV;
    return formats_numbers_as_strings(params) ? MEMBERS_JSON_STRINGS : MEMBERS_JSON;
}

void
members_add_fresh_cells(struct freshness *freshness, struct text *text, enum members_form form,
                        const struct member *members, size_t count, const struct bytes *cells)
{
    if (form != MEMBERS_CSV) {
        text_add_char(text, '{');
        add_members(freshness, text, members, count, form == MEMBERS_JSON_STRINGS, cells);
        text_add_char(text, '}');
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        if (is_of_freshness(&members[i]) && cells[i].data)
            add_freshness(freshness, text, &members[i], cells[i]);
        else
            add_csv(text, &members[i], cells[i]);
    }
    text_add_string(text, "\r\n");
}

void
members_add_cells(struct text *text, enum members_form form, const struct member *members,
                  size_t count, const struct bytes *cells)
{
    members_add_fresh_cells(NULL, text, form, members, count, cells);
}

static void
take_cells(const struct rows *rows, size_t row, size_t first_column, size_t count,
           struct bytes *cells)
{
    for (size_t i = 0; i < count; i++)
        cells[i] = rows_cell(rows, row, first_column + i);
}

void
members_add(struct text *text, const struct member *members, size_t count, const struct rows *rows,
            size_t row, size_t first_column)
{
    struct bytes cells[MEMBERS_MAX];

    take_cells(rows, row, first_column, count, cells);
    add_members(NULL, text, members, count, false, cells);
}

void
members_add_fresh_rows(struct freshness *freshness, struct text *text, const struct params *params,
                       const struct member *members, size_t count, const struct rows *rows,
                       size_t first_row, size_t row_count, size_t first_column)
{
    enum members_form form = members_form_of(params);
    bool lines = formats_of(params) == FORMAT_NDJSON, is_json = !lines && form != MEMBERS_CSV;
    struct bytes cells[MEMBERS_MAX];

    if (is_json)
        text_add_char(text, '[');
    if (form == MEMBERS_CSV)
        members_add_names(text, members, count);
    for (size_t row = first_row; row < first_row + row_count; row++) {
        if (is_json && row > first_row)
            text_add_char(text, ',');
        take_cells(rows, row, first_column, count, cells);
        members_add_fresh_cells(freshness, text, form, members, count, cells);
        if (lines)
            text_add_char(text, '\n');
    }
    if (is_json)
        text_add_char(text, ']');
}

void
members_add_rows(struct text *text, const struct params *params, const struct member *members,
                 size_t count, const struct rows *rows, size_t first_row, size_t row_count,
                 size_t first_column)
{
    members_add_fresh_rows(NULL, text, params, members, count, rows, first_row, row_count,
                           first_column);
}
