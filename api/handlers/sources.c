#include "api/handlers/sources.h"

#include "api/handlers/source_fields.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

static const struct source_state *
find_state(const struct report *report, const char *name)
{
    for (size_t i = 0; i < report->source_count; i++) {
        if (strcmp(report->sources[i].name, name) == 0)
            return &report->sources[i];
    }
    return NULL;
}

static void
add_facts(struct text *text, const struct source_facts *facts, int64_t now_ms)
{
    text_add_string(text, "{\"name\":");
    text_add_json_string(text, facts->name);
    text_add_string(text, ",\"kind\":");
    text_add_json_string(text, facts->kind);
    text_add_format(text,
                    ",\"priority\":%" PRId64 ",\"jobs\":%s,\"markets\":%" PRId64
                    ",\"prices\":%" PRId64 ",\"fresh_seconds\":%" PRId64 ",",
                    facts->priority, facts->jobs, facts->markets, facts->prices, facts->fresh_s);
    source_fields_add_moment(text, "newest_price_at", facts->newest_at_ms);
    text_add_format(text, ",\"stale\":%s",
                    now_ms - facts->newest_at_ms > facts->fresh_s * 1000 ? "true" : "false");
}

static void
add_sources(struct text *text, const struct report *report)
{
    int64_t now_ms = clock_now_ms();

    for (size_t i = 0; i < report->fact_count; i++) {
        const struct source_state *state = find_state(report, report->facts[i].name);

        if (i > 0)
            text_add_char(text, ',');
        add_facts(text, &report->facts[i], now_ms);
        if (state) {
            text_add_format(text, ",\"doubtful_prices\":%" PRId64 ",", state->doubtful_prices);
            source_fields_add(text, state);
        }
        text_add_char(text, '}');
    }
}

void
sources_answer(struct request *request)
{
    struct report *report = board_report(request->thread->board);
    struct problem problem;
    struct text text;

    if (!report) {
        problem_set(&problem, 503, "sources.unknown", "How the sources are doing is not known yet",
                    "the database has not been reached since the start; try again");
        problem.retry_after_s = 1;
        request_refuse(request, &problem);
        return;
    }
    text_init(&text, request->http->arena, 4096);
    text_add_string(&text, "{\"data\":[");
    add_sources(&text, report);
    text_add_string(&text, "]}\n");
    report_release(report);
    request->is_tagged = true;
    request_answer(request, 200, "application/json", text_finish(&text));
}
