#include "api/members.h"

#include "common/clock.h"

static void
add_cell(struct text *text, const struct member *member, const struct rows *rows, size_t row,
         size_t column)
{
    const char *cell = rows_text(rows, row, column);
    char at[CLOCK_TEXT_SIZE];

    if (cell && member->kind == MEMBER_MOMENT)
        cell = clock_format_ms(rows_int(rows, row, column, 0), at);
    if (cell && member->kind == MEMBER_TRUTH)
        cell = rows_bool(rows, row, column) ? "true" : "false";
    if (member->kind == MEMBER_NUMBER || member->kind == MEMBER_TRUTH)
        text_add_json_raw(text, cell);
    else
        text_add_json_nullable(text, cell);
}

void
members_add(struct text *text, const struct member *members, size_t count, const struct rows *rows,
            size_t row, size_t first_column)
{
    for (size_t i = 0; i < count; i++) {
        text_add_string(text, i > 0 ? ",\"" : "\"");
        text_add_string(text, members[i].name);
        text_add_string(text, "\":");
        add_cell(text, &members[i], rows, row, first_column + i);
    }
}
