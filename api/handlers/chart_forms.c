#include "api/handlers/chart_forms.h"

#include "api/answer/formats.h"
#include "api/answer/members.h"

#include <assert.h>
#include <stdlib.h>

static const struct member members[] = {
    {"time",         MEMBER_MOMENT },
    {"price",        MEMBER_DECIMAL},
    {"volume",       MEMBER_DECIMAL},
    {"total_volume", MEMBER_DECIMAL},
    {"market_cap",   MEMBER_DECIMAL},
};

static_assert(COUNT_OF(members) == POINT_COLUMNS, "a member for each column");

static int64_t
second_of(struct bytes at_ms)
{
    return strtoll(at_ms.data, NULL, 10) / 1000;
}

static void
add_lwc(struct text *text, const struct bytes *cells)
{
    if (text->size > 1)
        text_add_char(text, ',');
    text_add_string(text, "{\"time\":");
    text_add_int(text, second_of(cells[POINT_AT]));
    text_add_string(text, ",\"value\":");
    text_add(text, cells[POINT_CLOSE].data, cells[POINT_CLOSE].size);
    text_add_char(text, '}');
}

static void
add_point(struct text *text, const struct params *params, const struct bytes *cells)
{
    enum format format = formats_of(params);

    if (format == FORMAT_LWC) {
        add_lwc(text, cells);
        return;
    }
    members_add_cells(text, members_form_of(params), members, COUNT_OF(members), cells);
    if (format == FORMAT_NDJSON)
        text_add_char(text, '\n');
}

static bool
is_superseded(const struct params *params, const struct bytes *cells, const struct bytes *latest)
{
    return latest && formats_of(params) == FORMAT_LWC &&
           second_of(cells[POINT_AT]) == second_of(latest[POINT_AT]);
}

void
chart_forms_add(struct text *text, const struct params *params, const struct rows *points,
                const struct bytes latest[POINT_COLUMNS])
{
    enum format format = formats_of(params);
    struct bytes cells[POINT_COLUMNS];

    if (format == FORMAT_LWC)
        text_add_char(text, '[');
    if (format == FORMAT_CSV)
        members_add_names(text, members, COUNT_OF(members));
    for (size_t row = 0; row < points->count; row++) {
        for (size_t column = 0; column < POINT_COLUMNS; column++)
            cells[column] = rows_cell(points, row, column);
        if (row + 1 < points->count || !is_superseded(params, cells, latest))
            add_point(text, params, cells);
    }
    if (latest)
        add_point(text, params, latest);
    if (format == FORMAT_LWC)
        text_add_string(text, "]\n");
}

bool
chart_forms_check(const struct params *params, struct problem *ret_problem)
{
    if (formats_of(params) != FORMAT_LWC || !formats_numbers_as_strings(params))
        return true;
    problem_set(ret_problem, 400, "parameter.conflict",
                "The request has parameters that do not go together",
                "numbers: charts take no strings");
    ret_problem->parameter = "numbers";
    ret_problem->allowed = "[\"number\"]";
    return false;
}
