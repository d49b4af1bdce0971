#include "api/handlers/stats.h"

#include "api/handlers/source_fields.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

enum { STATS_TEXT_BYTES = 8 * 1024 };

struct sums {
    int64_t runs, records, ended, duration_us;
};

/* Of the source, or of all with NULL. */
static struct sums
sums_of(const struct report *report, const char *source)
{
    struct sums sums = {0};

    for (size_t i = 0; i < report->total_count; i++) {
        const struct run_total *total = &report->totals[i];

        if (source && strcmp(total->source, source) != 0)
            continue;
        sums.runs += total->runs;
        sums.records += total->records;
        sums.ended += total->ended;
        sums.duration_us += total->duration_us;
    }
    return sums;
}

static void
add_sums(struct text *text, const struct sums *sums)
{
    text_add_format(text, "\"total_runs\":%" PRId64 ",\"records_processed\":%" PRId64, sums->runs,
                    sums->records);
    text_add_string(text, ",\"average_duration_seconds\":");
    if (sums->ended > 0)
        text_add_format(text, "%.6f", (double)sums->duration_us / (double)sums->ended / 1e6);
    else
        text_add_string(text, "null");
}

static void
add_by_status(struct text *text, const struct report *report, const char *source)
{
    bool first = true;

    text_add_string(text, ",\"by_status\":{");
    for (size_t i = 0; i < report->total_count; i++) {
        if (strcmp(report->totals[i].source, source) != 0)
            continue;
        text_add_string(text, first ? "" : ",");
        text_add_json_string(text, report->totals[i].status);
        text_add_format(text, ":%" PRId64, report->totals[i].runs);
        first = false;
    }
    text_add_char(text, '}');
}

static void
add_source(struct text *text, const struct report *report, const struct source_state *source)
{
    struct sums sums = sums_of(report, source->name);

    text_add_json_string(text, source->name);
    text_add_string(text, ":{");
    source_fields_add(text, source);
    text_add_char(text, ',');
    add_sums(text, &sums);
    add_by_status(text, report, source->name);
    text_add_char(text, '}');
}

static void
add_moments(struct text *text, const struct report *report)
{
    int64_t success_ms = 0, failure_ms = 0;

    for (size_t i = 0; i < report->source_count; i++) {
        const struct source_state *source = &report->sources[i];

        if (source->last_success_ms > success_ms)
            success_ms = source->last_success_ms;
        if (source->last_failure_ms > failure_ms)
            failure_ms = source->last_failure_ms;
    }
    source_fields_add_moment(text, "last_success", success_ms);
    text_add_char(text, ',');
    source_fields_add_moment(text, "last_failure", failure_ms);
}

static void
add_report(struct text *text, const struct report *report)
{
    struct sums sums = sums_of(report, NULL);

    source_fields_add_moment(text, "as_of", report->read_at_ms);
    text_add_char(text, ',');
    add_sums(text, &sums);
    text_add_char(text, ',');
    add_moments(text, report);
    text_add_string(text, ",\"by_source\":{");
    for (size_t i = 0; i < report->source_count; i++) {
        text_add_string(text, i ? "," : "");
        add_source(text, report, &report->sources[i]);
    }
    text_add_char(text, '}');
}

void
stats_answer(struct request *request)
{
    struct report *report = board_report(request->thread->board);
    struct text text;

    text_init(&text, request->http->arena, STATS_TEXT_BYTES);
    text_add_char(&text, '{');
    if (report)
        add_report(&text, report);
    else /* the database has been away since this process began */
        text_add_string(&text, "\"as_of\":null,\"total_runs\":null,\"records_processed\":null,"
                               "\"average_duration_seconds\":null,\"last_success\":null,"
                               "\"last_failure\":null,\"by_source\":{}");
    text_add_string(&text, "}\n");
    report_release(report);
    request_answer(request, 200, "application/json", text_finish(&text));
}
