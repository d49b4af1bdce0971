#include "ingest/ctl/rebuild_report.h"

#include "common/clock.h"
#include "ingest/ctl/table.h"

#include <inttypes.h>
#include <stdio.h>

static const struct column table_columns[] = {
    {"TABLE",        "table",        COLUMN_TEXT},
    {"FROM",         "from",         COLUMN_TEXT},
    {"ROWS",         "rows",         COLUMN_INT },
    {"HASH",         "hash",         COLUMN_TEXT},
    {"REBUILT ROWS", "rebuilt_rows", COLUMN_INT },
    {"REBUILT HASH", "rebuilt_hash", COLUMN_TEXT},
    {"SAME",         "same",         COLUMN_BOOL},
    {NULL,           "gone",         COLUMN_INT },
    {NULL,           "changed",      COLUMN_INT },
    {NULL,           "missing",      COLUMN_INT },
    {NULL,           "extra",        COLUMN_INT },
};

static const struct column difference_columns[] = {
    {"TABLE",      "table", COLUMN_TEXT},
    {"DIFFERENCE", "kind",  COLUMN_TEXT},
    {"ROW",        "place", COLUMN_TEXT},
    {"WHAT",       "what",  COLUMN_TEXT},
};

static const struct column trouble_columns[] = {
    {"PAYLOAD", "payload_id", COLUMN_INT },
    {"FATE",    "fate",       COLUMN_TEXT},
    {NULL,      "code",       COLUMN_TEXT},
    {"WHY",     "message",    COLUMN_TEXT},
};

static const char *
number(int64_t value, struct arena *arena)
{
    return arena_printf(arena, "%" PRId64, value);
}

/* ---- as tables ---- */

static void
fill_tables(const struct comparison *comparison, struct arena *arena, struct table *table)
{
    table_init(table, arena, table_columns, COUNT_OF(table_columns));
    for (size_t i = 0; i < comparison->table_count; i++) {
        const struct compared_table *one = &comparison->tables[i];
        const char *const cells[COUNT_OF(table_columns)] = {
            one->name,
            one->made ? "payloads" : "original",
            number(one->original_rows, arena),
            one->original_hash,
            number(one->rebuilt_rows, arena),
            one->rebuilt_hash,
            one->equal ? "t" : "f",
            number(one->gone, arena),
            number(one->changed, arena),
            number(one->missing, arena),
            number(one->extra, arena),
        };

        table_add(table, cells);
    }
}

static void
fill_differences(const struct comparison *comparison, struct arena *arena, struct table *table)
{
    table_init(table, arena, difference_columns, COUNT_OF(difference_columns));
    for (size_t i = 0; i < comparison->table_count; i++) {
        const struct compared_table *one = &comparison->tables[i];

        for (size_t n = 0; n < one->difference_count; n++) {
            const struct difference *difference = &one->differences[n];
            const char *const cells[COUNT_OF(difference_columns)] = {
                one->name, difference->kind, difference->place, difference->what};

            table_add(table, cells);
        }
    }
}

static void
fill_troubles(const struct feed_report *feed, struct arena *arena, struct table *table)
{
    table_init(table, arena, trouble_columns, COUNT_OF(trouble_columns));
    for (size_t i = 0; feed && i < feed->trouble_count; i++) {
        const struct feed_trouble *trouble = &feed->troubles[i];
        const char *const cells[COUNT_OF(trouble_columns)] = {
            number(trouble->payload_id, arena),
            kept_fate_name(trouble->fate),
            trouble->code,
            trouble->message ? trouble->message : kept_fate_text(trouble->fate),
        };

        table_add(table, cells);
    }
}

/* ---- for a script ---- */

static void
add_payloads(const struct feed_report *feed, struct text *json)
{
    char oldest[CLOCK_TEXT_SIZE];

    text_add_format(json, "\"payloads\":{\"total\":%" PRId64 ",\"took_ms\":%" PRId64, feed->total,
                    feed->took_ms);
    for (int fate = 0; fate < KEPT_FATES; fate++)
        text_add_format(json, ",\"%s\":%" PRId64, kept_fate_name((enum kept_fate)fate),
                        feed->fates[fate]);
    text_add_string(json, ",\"oldest\":");
    text_add_json_nullable(json, feed->total ? clock_format_ms(feed->oldest_at_ms, oldest) : NULL);
    text_add_string(json, "},");
}

static void
print_json(const struct feed_report *feed, const struct comparison *comparison, struct arena *arena)
{
    struct table tables, differences, troubles;
    struct bytes document;
    struct text json;

    fill_tables(comparison, arena, &tables);
    fill_differences(comparison, arena, &differences);
    fill_troubles(feed, arena, &troubles);
    text_init(&json, arena, 4096);
    text_add_format(&json, "{\"equal\":%s,", comparison->equal ? "true" : "false");
    if (feed) {
        add_payloads(feed, &json);
        text_add_string(&json, "\"troubles\":");
        table_add_json(&troubles, &json);
        text_add_char(&json, ',');
    }
    text_add_string(&json, "\"tables\":");
    table_add_json(&tables, &json);
    text_add_string(&json, ",\"differences\":");
    table_add_json(&differences, &json);
    text_add_string(&json, "}\n");
    document = text_finish(&json);
    fwrite(document.data, 1, document.size, stdout);
}

/* ---- for a person ---- */

static void
print_payloads(const struct feed_report *feed, struct arena *arena)
{
    struct table troubles;

    printf("%" PRId64 " payloads in %" PRId64 ".%" PRId64 " s\n", feed->total, feed->took_ms / 1000,
           feed->took_ms % 1000 / 100);
    for (int fate = 0; fate < KEPT_FATES; fate++)
        if (feed->fates[fate] > 0)
            printf("%10" PRId64 "  %s\n", feed->fates[fate], kept_fate_text((enum kept_fate)fate));
    fill_troubles(feed, arena, &troubles);
    if (troubles.row_count > 0) {
        printf("\n");
        table_print(&troubles, false);
    }
    printf("\n");
}

static void
print_person(const struct feed_report *feed, const struct comparison *comparison,
             struct arena *arena)
{
    struct table tables, differences;

    if (feed)
        print_payloads(feed, arena);
    fill_tables(comparison, arena, &tables);
    table_print(&tables, false);
    fill_differences(comparison, arena, &differences);
    if (differences.row_count > 0) {
        printf("\n");
        table_print(&differences, false);
    }
    printf(
        "\n%s\nNot compared: slots, leader, run_counters, reports, users, api_keys, audit_log.\n",
        comparison->equal ? "Every table is the same." : "The tables are not the same.");
}

/* ---- the verdict ---- */

static bool
tell_difference(const struct feed_report *feed, const struct comparison *comparison,
                struct arena *arena, struct error *err)
{
    char oldest[CLOCK_TEXT_SIZE];
    int64_t gone = 0, other = 0;
    const char *names = "";

    for (size_t i = 0; i < comparison->table_count; i++) {
        const struct compared_table *table = &comparison->tables[i];

        gone += table->gone;
        other += table->changed + table->missing + table->extra + (!table->equal && !table->made);
        if (!table->equal)
            names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", table->name);
    }
    if (other > 0 || gone == 0)
        return error_set(err, ERROR_REJECT, "rebuild.differs", "not the same: %s", names);
    return error_set(err, ERROR_REJECT, "rebuild.gone",
                     "%" PRId64 " rows of %s are of payloads that are not kept, or not with what "
                     "it takes%s%s; all others are the same",
                     gone, names, feed && feed->total ? "; the oldest one is of " : "",
                     feed && feed->total ? clock_format_ms(feed->oldest_at_ms, oldest) : "");
}

bool
rebuild_report(const struct feed_report *feed, const struct comparison *comparison, bool json,
               struct arena *arena, struct error *err)
{
    if (json)
        print_json(feed, comparison, arena);
    else
        print_person(feed, comparison, arena);
    return comparison->equal || tell_difference(feed, comparison, arena, err);
}
