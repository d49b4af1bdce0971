#include "api/handlers/reports.h"

#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

/* Columns of query_reports_list. */
enum { LIST_VERSION, LIST_KIND, LIST_DAY, LIST_REVISION, LIST_ROWS, LIST_MADE_AT };
/* Columns of query_report_show. */
enum {
    VERSION,
    NEWEST_DAY,
    NEWEST_REVISION,
    DAY,
    REVISION,
    ROWS,
    MADE_AT,
    RUN_ID,
    INPUTS,
    BODY,
};
/* Columns of query_report_page. */
enum { PLACE, ROW };

static void
reports_tag(const struct params *params, struct tag_list *tags)
{
    tag_list_add(tags, "reports");
}

/* The parameter's text; NULL if it was not given or the route has none of that name. */
static const char *
text_of(const struct params *params, const char *name)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (strcmp(params->declared[i].name, name) == 0)
            return params->values[i].text;
    }
    return NULL;
}

static void
add_moment(struct text *text, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    text_add_format(text, ",\"%s\":\"%s\"", name, clock_format_ms(at_ms, at));
}

/* ------------------------------------------------------------------------------ what there is */

static void
list_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, LIST_VERSION));
    text_init(&text, flight_arena(flight), 64 + 192 * rows->count);
    text_add_string(&text, "{\"reports\":[");
    for (size_t i = 0; i < rows->count && !rows_is_null(rows, i, LIST_KIND); i++) {
        const char *kind = rows_text(rows, i, LIST_KIND), *day = rows_text(rows, i, LIST_DAY);

        text_add_format(&text, "%s{\"kind\":\"%s\",\"day\":\"%s\",\"revision\":%s,\"rows\":%s",
                        i > 0 ? "," : "", kind, day, rows_text(rows, i, LIST_REVISION),
                        rows_text(rows, i, LIST_ROWS));
        add_moment(&text, "made_at", rows_int(rows, i, LIST_MADE_AT, 0));
        text_add_format(&text, ",\"path\":\"/api/v1/reports/%s/%s\"}", kind, day);
    }
    text_add_string(&text, "]}\n");
    flight_land(flight, text_finish(&text));
}

static void
list_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);

    flight_ask(flight, &query_reports_list,
               SQL_VALUES(SQL_TEXT(text_of(params, "kind")), SQL_TEXT(text_of(params, "before")),
                          SQL_INT(params_get(params, "limit")->integer)),
               list_render);
}

const struct reading reports_list_reading = {.tag = reports_tag, .start = list_start};

/* ------------------------------------------------------------------------------ one of them */

static void
refuse_missing(struct flight *flight, const struct rows *shown)
{
    const struct params *params = flight_params(flight);
    const char *newest = rows_text(shown, 0, NEWEST_DAY), *day = text_of(params, "day");
    const char *kind = text_of(params, "kind");
    struct problem problem;

    if (!rows_is_null(shown, 0, NEWEST_REVISION))
        problem_set(&problem, 404, "report.unknown", "There is no such report",
                    "this day's %s report has no revision %s; the newest is %s", kind,
                    text_of(params, "revision"), rows_text(shown, 0, NEWEST_REVISION));
    else if (newest)
        problem_set(&problem, 404, "report.unknown", "There is no such report",
                    "there is no %s report of %s, because the day is not over yet or nothing is "
                    "known of it; the newest is of %s",
                    kind, day, newest);
    else
        problem_set(&problem, 404, "report.unknown", "There is no such report",
                    "there is no %s report yet; one is made within hours after a day is over that "
                    "has closed candles",
                    kind);
    if (newest && day)
        problem.allowed = arena_printf(flight_arena(flight), "\"%s\"", newest);
    flight_fail(flight, &problem);
}

static void
add_escaped(struct text *path, const char *value)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            strchr("-._~", c))
            text_add_char(path, (char)c);
        else
            text_add_format(path, "%%%02X", c);
    }
}

/* Where the page after this one is; NULL if this is the last. */
static const char *
next_page(const struct params *params, const struct rows *shown, const struct rows *page,
          struct arena *arena)
{
    static const char *const filters[] = {"asset", "currency"};
    int64_t limit = params_get(params, "limit")->integer;
    struct text path;

    if (page->count == 0 || (int64_t)page->count < limit)
        return NULL;
    text_init(&path, arena, 256);
    text_add_format(&path, "/api/v1/reports/%s/%s?revision=%s&limit=%" PRId64 "&after=%s",
                    text_of(params, "kind"), rows_text(shown, 0, DAY),
                    rows_text(shown, 0, REVISION), limit, rows_text(page, page->count - 1, PLACE));
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        const char *value = text_of(params, filters[i]);

        if (!value)
            continue;
        text_add_format(&path, "&%s=", filters[i]);
        add_escaped(&path, value);
    }
    return text_finish(&path).data;
}

static void
report_render(struct flight *flight, const struct rows *page)
{
    const struct params *params = flight_params(flight);
    const struct rows *shown = flight_context(flight);
    struct text text;

    text_init(&text, flight_arena(flight), 4096 + 2048 * page->count);
    text_add_format(&text, "{\"kind\":\"%s\",\"day\":\"%s\",\"revision\":%s,\"newest_revision\":%s",
                    text_of(params, "kind"), rows_text(shown, 0, DAY),
                    rows_text(shown, 0, REVISION), rows_text(shown, 0, NEWEST_REVISION));
    add_moment(&text, "made_at", rows_int(shown, 0, MADE_AT, 0));
    text_add_format(&text, ",\"run_id\":%s,\"inputs\":%s,\"row_count\":%s",
                    rows_text(shown, 0, RUN_ID), rows_text(shown, 0, INPUTS),
                    rows_text(shown, 0, ROWS));
    if (params_get(params, "after")->integer == 0)
        text_add_format(&text, ",\"summary\":%s", rows_text(shown, 0, BODY));
    text_add_string(&text, ",\"rows\":[");
    for (size_t i = 0; i < page->count; i++) {
        text_add_string(&text, i > 0 ? "," : "");
        text_add_string(&text, rows_text(page, i, ROW));
    }
    text_add_string(&text, "],\"next\":");
    text_add_json_nullable(&text, next_page(params, shown, page, flight_arena(flight)));
    text_add_string(&text, "}\n");
    flight_land(flight, text_finish(&text));
}

static void
report_shown(struct flight *flight, const struct rows *rows)
{
    const struct params *params = flight_params(flight);
    struct rows *shown;

    if (!flight_expect_row(flight, rows))
        return;
    flight_note_version(flight, rows_text(rows, 0, VERSION));
    if (rows_is_null(rows, 0, DAY)) {
        refuse_missing(flight, rows);
        return;
    }
    shown = arena_alloc(flight_arena(flight), sizeof *shown);
    *shown = *rows;
    flight_set_context(flight, shown);
    flight_ask(flight, &query_report_page,
               SQL_VALUES(SQL_TEXT(text_of(params, "kind")), SQL_TEXT(rows_text(rows, 0, DAY)),
                          SQL_INT(rows_int(rows, 0, REVISION, 0)),
                          SQL_INT(params_get(params, "after")->integer),
                          SQL_INT(params_get(params, "limit")->integer),
                          SQL_TEXT(text_of(params, "asset")),
                          SQL_TEXT(text_of(params, "currency"))),
               report_render);
}

static void
report_start(struct flight *flight)
{
    const struct params *params = flight_params(flight);
    const struct param_value *revision = params_get(params, "revision");

    flight_ask(flight, &query_report_show,
               SQL_VALUES(SQL_TEXT(text_of(params, "kind")), SQL_TEXT(text_of(params, "day")),
                          revision->given ? SQL_INT(revision->integer) : SQL_NULL),
               report_shown);
}

const struct reading report_reading = {.tag = reports_tag, .start = report_start};
