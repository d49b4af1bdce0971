#include "ingest/ctl/rebuild_rows.h"

#include "common/clock.h"
#include "common/json.h"
#include "schema/queries.h"

#include <inttypes.h>
#include <string.h>

enum { MEMBERS_MAX = 3, ARENA_BYTES = 1024 * 1024 };

/* The rows of one database, taken a few at a time. */
struct reader {
    struct database *db;
    struct arena *arena; /* of the rows at hand */
    struct rows rows;
    size_t at;
    bool ended;
};

/* One of them. */
struct line {
    int64_t interval_s, at_us;
    bool gone;
    const char *content; /* JSON; lives until the reader moves on */
};

static bool
reader_fill(struct reader *reader, struct error *err)
{
    arena_reset(reader->arena);
    if (!database_run(reader->db, &query_rebuild_rows_next, SQL_NO_VALUES, reader->arena,
                      &reader->rows, err))
        return false;
    reader->at = 0;
    reader->ended = reader->rows.count == 0;
    return true;
}

static bool
reader_begin(struct reader *reader, struct database *db, const char *table,
             const struct market_ids *ids, struct error *err)
{
    *reader = (struct reader){.db = db, .arena = arena_create(ARENA_BYTES)};
    return database_run(db, &query_rebuild_rows,
                        SQL_VALUES(SQL_TEXT(table), SQL_INT(ids->source_id), SQL_INT(ids->asset_id),
                                   SQL_INT(ids->quote_id)),
                        reader->arena, NULL, err) &&
           reader_fill(reader, err);
}

static bool
reader_step(struct reader *reader, struct error *err)
{
    return ++reader->at < reader->rows.count || reader_fill(reader, err);
}

static bool
reader_end(struct reader *reader, struct error *err)
{
    arena_destroy(reader->arena);
    return database_run(reader->db, &query_rebuild_rows_close, SQL_NO_VALUES, NULL, NULL, err);
}

static struct line
reader_line(const struct reader *reader)
{
    return (struct line){
        .interval_s = rows_int(&reader->rows, reader->at, 0, 0),
        .at_us = rows_int(&reader->rows, reader->at, 1, 0),
        .gone = rows_bool(&reader->rows, reader->at, 2),
        .content = rows_text(&reader->rows, reader->at, 3),
    };
}

static int
compare_lines(const struct line *a, const struct line *b)
{
    if (a->interval_s != b->interval_s)
        return a->interval_s < b->interval_s ? -1 : 1;
    return a->at_us < b->at_us ? -1 : a->at_us > b->at_us;
}

/* ---- naming ---- */

static const struct json *
parse_row(const char *row, struct arena *arena)
{
    const struct json *tree = NULL;
    struct error ignored;

    return json_parse(arena, (struct bytes){row, strlen(row)}, &json_limits_message, &tree,
                      &ignored)
               ? tree
               : NULL;
}

static const char *
print_value(const struct json *value, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 64);
    json_print(value, &text);
    return text_finish(&text).data;
}

const char *
compare_members(const char *original, const char *rebuilt, struct arena *arena)
{
    const struct json *left = parse_row(original, arena), *right = parse_row(rebuilt, arena);
    struct text text;
    size_t found = 0;

    text_init(&text, arena, 128);
    for (const struct json *member = left ? json_first(left) : NULL; member && found < MEMBERS_MAX;
         member = json_next(member)) {
        const char *was = print_value(member, arena);
        const char *is = print_value(json_get(right, json_key(member)), arena);

        if (strcmp(was, is) == 0)
            continue;
        text_add_format(&text, "%s%s %s is %s", found ? ", " : "", json_key(member), was, is);
        found++;
    }
    return text_finish(&text).data;
}

static const char *
interval_text(int64_t interval_s, struct arena *arena)
{
    if (interval_s % 86400 == 0)
        return arena_printf(arena, " %" PRId64 "d", interval_s / 86400);
    if (interval_s % 3600 == 0)
        return arena_printf(arena, " %" PRId64 "h", interval_s / 3600);
    return arena_printf(arena, " %" PRId64 "m", interval_s / 60);
}

static const char *
name_place(const struct rows *market, const struct line *line, struct arena *arena)
{
    char moment[CLOCK_TEXT_SIZE] = "";
    const char *names[] = {rows_text(market, 0, 0), rows_text(market, 0, 1),
                           rows_text(market, 0, 2)};

    if (line->at_us)
        clock_format_ms(line->at_us / 1000, moment);
    return arena_printf(arena, "%s %s/%s%s%s%s", names[0] ? names[0] : "?",
                        names[1] ? names[1] : "?", names[2] ? names[2] : "?",
                        line->interval_s ? interval_text(line->interval_s, arena) : "",
                        moment[0] ? " " : "", moment);
}

/* ---- comparing ---- */

struct pair {
    struct reader original, rebuilt;
    struct compared_table *table;
    const struct market_ids *ids;
    struct arena *arena;
};

static bool
note(struct pair *pair, const char *kind, const struct line *line, const char *what,
     struct error *err)
{
    struct compared_table *table = pair->table;
    struct rows market;

    if (table->difference_count == DIFFERENCES_MAX)
        return true;
    if (!database_run(pair->rebuilt.db, &query_rebuild_market_name,
                      SQL_VALUES(SQL_INT(pair->ids->source_id), SQL_INT(pair->ids->asset_id),
                                 SQL_INT(pair->ids->quote_id)),
                      pair->arena, &market, err))
        return false;
    table->differences[table->difference_count++] = (struct difference){
        .kind = kind,
        .place = name_place(&market, line, pair->arena),
        .what = what,
    };
    return true;
}

static bool
take_both(struct pair *pair, const struct line *original, const struct line *rebuilt,
          struct error *err)
{
    if (strcmp(original->content, rebuilt->content) == 0)
        return true;
    if (original->gone) {
        pair->table->gone++;
        return true;
    }
    pair->table->changed++;
    return note(pair, "changed", original,
                compare_members(original->content, rebuilt->content, pair->arena), err);
}

static bool
take_one(struct pair *pair, bool of_original, const struct line *line, struct error *err)
{
    if (of_original && line->gone) {
        pair->table->gone++;
        return true;
    }
    if (of_original)
        pair->table->missing++;
    else
        pair->table->extra++;
    return note(pair, of_original ? "missing" : "extra", line,
                arena_string(pair->arena, line->content), err);
}

static bool
walk(struct pair *pair, struct error *err)
{
    struct reader *left = &pair->original, *right = &pair->rebuilt;

    while (!left->ended || !right->ended) {
        struct line original = {0}, rebuilt = {0};
        int order;

        if (!left->ended)
            original = reader_line(left);
        if (!right->ended)
            rebuilt = reader_line(right);
        order = left->ended ? 1 : right->ended ? -1 : compare_lines(&original, &rebuilt);
        if (!(order == 0  ? take_both(pair, &original, &rebuilt, err)
              : order < 0 ? take_one(pair, true, &original, err)
                          : take_one(pair, false, &rebuilt, err)))
            return false;
        if ((order <= 0 && !reader_step(left, err)) || (order >= 0 && !reader_step(right, err)))
            return false;
    }
    return true;
}

bool
rebuild_rows_compare(struct database *original, struct database *rebuilt,
                     struct compared_table *table, const struct market_ids *ids,
                     struct arena *arena, struct error *err)
{
    struct pair pair = {.table = table, .ids = ids, .arena = arena};
    struct error ignored;
    bool begun = reader_begin(&pair.original, original, table->name, ids, err);
    bool compared =
        begun && reader_begin(&pair.rebuilt, rebuilt, table->name, ids, err) && walk(&pair, err);

    if (begun && !reader_end(&pair.rebuilt, compared ? err : &ignored))
        compared = false;
    if (!reader_end(&pair.original, compared ? err : &ignored))
        compared = false;
    return compared;
}
