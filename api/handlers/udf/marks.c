#include "api/handlers/udf/marks.h"

#include "api/handlers/udf/market.h"
#include "api/handlers/udf/window.h"
#include "common/clock.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

enum { EACH_MAX = 200, MINUTE_SIZE = 16 };

/* Columns of query_market_marks. */
enum { KIND, ID, BAR, SOURCE, FROM, UNTIL, CAUSE, STATE, OLD, NEW };

/* What a kind of mark looks like. */
static const struct look {
    const char *kind, *label, *color;
} looks[] = {
    {"gap",      "G", "red"   },
    {"revision", "R", "blue"  },
    {"doubt",    "D", "orange"},
};

static const struct look *
look_of(const struct rows *rows, size_t row)
{
    size_t i = 0;

    while (i + 1 < COUNT_OF(looks) && strcmp(looks[i].kind, rows_text(rows, row, KIND)) != 0)
        i++;
    return &looks[i];
}

/* "11-21 08:00" */
static const char *
minute(int64_t at_ms, struct arena *arena)
{
    char text[CLOCK_TEXT_SIZE];
    char *short_text = arena_copy(arena, clock_format_ms(at_ms, text) + 5, 11);

    short_text[5] = ' ';
    return short_text;
}

/* "source_down" as words. */
static const char *
words(const char *name, struct arena *arena)
{
    char *copy = arena_string(arena, name);

    for (char *c = copy; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return copy;
}

static const char *
sentence_of(const struct rows *rows, size_t row, struct arena *arena)
{
    const char *source = rows_text(rows, row, SOURCE), *new = rows_text(rows, row, NEW);
    const char *from = minute(rows_int(rows, row, FROM, 0), arena);
    const char *until = minute(rows_int(rows, row, UNTIL, 0), arena);

    switch (*look_of(rows, row)->label) {
    case 'G':
        return arena_printf(arena, "gap of %s: %s, %s to %s UTC", source,
                            words(rows_text(rows, row, CAUSE), arena), from, until);
    case 'R':
        return arena_printf(arena, "%s corrected it, %s UTC: close %s, now %s", source, until,
                            rows_text(rows, row, OLD), new ? new : "gone");
    default:
        return arena_printf(arena, "%s said %s, %s UTC: not believed, %s", source,
                            rows_text(rows, row, OLD), from, rows_text(rows, row, CAUSE));
    }
}

/* ------------------------------------------------------------------------------------- /marks */

static const char *
id_of(const struct rows *rows, size_t row, struct arena *arena)
{
    return rows_text(rows, row, ID);
}

static const char *
color_of(const struct rows *rows, size_t row, struct arena *arena)
{
    return look_of(rows, row)->color;
}

static const char *
label_of(const struct rows *rows, size_t row, struct arena *arena)
{
    return look_of(rows, row)->label;
}

static const char *
label_color_of(const struct rows *rows, size_t row, struct arena *arena)
{
    return "white";
}

static void
add_texts(struct text *text, const char *name, const struct rows *rows,
          const char *(*cell)(const struct rows *rows, size_t row, struct arena *arena))
{
    text_add_format(text, "\"%s\":[", name);
    for (size_t row = 0; row < rows->count; row++) {
        if (row > 0)
            text_add_char(text, ',');
        text_add_json_string(text, cell(rows, row, text->arena));
    }
    text_add_string(text, "],");
}

static void
marks_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 128 + 256 * rows->count);
    text_add_char(&text, '{');
    add_texts(&text, "id", rows, id_of);
    add_texts(&text, "color", rows, color_of);
    add_texts(&text, "text", rows, sentence_of);
    add_texts(&text, "label", rows, label_of);
    add_texts(&text, "labelFontColor", rows, label_color_of);
    text_add_string(&text, "\"minSize\":[");
    for (size_t row = 0; row < rows->count; row++)
        text_add_string(&text, row > 0 ? ",14" : "14");
    text_add_string(&text, "],\"time\":[");
    for (size_t row = 0; row < rows->count; row++)
        text_add_format(&text, "%s%s", row > 0 ? "," : "", rows_text(rows, row, BAR));
    text_add_string(&text, "]}\n");
    flight_land(flight, text_finish(&text));
}

/* --------------------------------------------------------------------------- /timescale_marks */

/* There is one place for a mark at a time on the scale: it is of the first, and tells of all. */
static void
add_scale_mark(struct text *text, const struct rows *rows, size_t first, size_t count)
{
    const struct look *look = look_of(rows, first);

    text_add_string(text, first > 0 ? ",{\"id\":" : "{\"id\":");
    text_add_json_string(text, rows_text(rows, first, ID));
    text_add_format(text, ",\"time\":%s,\"color\":\"%s\",\"label\":\"%s\",\"tooltip\":[",
                    rows_text(rows, first, BAR), look->color, look->label);
    for (size_t row = first; row < first + count; row++) {
        if (row > first)
            text_add_char(text, ',');
        text_add_json_string(text, sentence_of(rows, row, text->arena));
    }
    text_add_string(text, "]}");
}

static void
timescale_render(struct flight *flight, const struct rows *rows)
{
    struct text text;

    text_init(&text, flight_arena(flight), 16 + 256 * rows->count);
    text_add_char(&text, '[');
    for (size_t first = 0, next; first < rows->count; first = next) {
        for (next = first + 1;
             next < rows->count && rows_int(rows, next, BAR, 0) == rows_int(rows, first, BAR, 0);)
            next++;
        add_scale_mark(&text, rows, first, next - first);
    }
    text_add_string(&text, "]\n");
    flight_land(flight, text_finish(&text));
}

/* ----------------------------------------------------------------------------------- reading */

/* What a flight carries to its second query. */
struct marking {
    struct market market; /* first */
    void (*render)(struct flight *flight, const struct rows *rows);
};

static void
on_market(struct flight *flight, struct market *market)
{
    const struct marking *marking = (const struct marking *)(const void *)market;
    struct window window = window_of(flight_params(flight), clock_now_ms());

    flight_ask(flight, &query_market_marks,
               SQL_VALUES(market->source_id, market->asset_id, market->quote_id,
                          SQL_INT(window.resolution->stored_s), SQL_TIME_MS(window.from_ms),
                          SQL_TIME_MS(window.until_ms), SQL_INT(window.resolution->interval_s),
                          SQL_INT(EACH_MAX)),
               marking->render);
}

static void
start(struct flight *flight, void (*render)(struct flight *flight, const struct rows *rows))
{
    struct marking *marking = arena_alloc_array(flight_arena(flight), 1, sizeof *marking);

    marking->render = render;
    market_find(flight, &marking->market, on_market);
}

static void
marks_start(struct flight *flight)
{
    start(flight, marks_render);
}

static void
timescale_marks_start(struct flight *flight)
{
    start(flight, timescale_render);
}

const struct reading udf_marks_reading = {
    .settle = window_settle, .tag = market_tag, .start = marks_start};
const struct reading udf_timescale_marks_reading = {
    .settle = window_settle, .tag = market_tag, .start = timescale_marks_start};
