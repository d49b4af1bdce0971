#include "api/handlers/health.h"

#include "api/handlers/source_fields.h"
#include "api/request.h"
#include "api/thread.h"
#include "common/clock.h"
#include "common/text.h"

#include <string.h>

enum { LOOP_STUCK_MS = 5000, METRICS_TEXT_BYTES = 64 * 1024 };

static void
answer_json(struct request *request, int32_t status, struct text *text)
{
    request_answer(request, status, "application/json", text_finish(text));
}

static void
add_source(struct text *text, const struct source_state *source)
{
    text_add_json_string(text, source->name);
    text_add_string(text, ":{");
    source_fields_add(text, source);
    text_add_char(text, '}');
}

/* One word for all sources that are meant to run: the worst of theirs. */
static const char *
overall_status(const struct report *report, int64_t *ret_last_run_ms)
{
    const char *status = "never_run";

    *ret_last_run_ms = 0;
    for (size_t i = 0; i < report->source_count; i++) {
        const struct source_state *source = &report->sources[i];

        if (source->last_run_ms > *ret_last_run_ms)
            *ret_last_run_ms = source->last_run_ms;
        if (!source->enabled || !source->status || strcmp(source->status, "skipped") == 0)
            continue;
        if (strcmp(source_fields_status(source), "failure") == 0)
            status = "failure";
        else if (strcmp(status, "failure") != 0)
            status = "success";
    }
    return status;
}

static void
add_etl(struct text *text, const struct report *report)
{
    int64_t last_run_ms;
    const char *status;

    if (!report) {
        text_add_string(text, "{\"last_run\":null,\"status\":\"unknown\",\"sources\":{}}");
        return;
    }
    status = overall_status(report, &last_run_ms);
    text_add_char(text, '{');
    source_fields_add_moment(text, "last_run", last_run_ms);
    text_add_string(text, ",\"status\":");
    text_add_json_string(text, status);
    text_add_string(text, ",\"sources\":{");
    for (size_t i = 0; i < report->source_count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        add_source(text, &report->sources[i]);
    }
    text_add_string(text, "}}");
}

void
health_answer(struct request *request)
{
    struct thread *thread = request->thread;
    enum part_state database = board_database(thread->board, clock_monotonic_ms());
    enum part_state broker = board_broker(thread->board);
    bool redis = redis_usable(thread->redis);
    struct report *report = board_report(thread->board);
    const char *status = "healthy";
    struct text text;

    if (database != PART_CONNECTED)
        status = "unhealthy";
    else if (!redis || broker != PART_CONNECTED)
        status = "degraded";
    text_init(&text, request->http->arena, 1024);
    text_add_string(&text, "{\"status\":");
    text_add_json_string(&text, status);
    text_add_string(&text, ",\"data_mode\":");
    text_add_json_string(&text, thread->settings->data_mode);
    text_add_string(&text, ",\"version\":\"" TIDEMARK_VERSION "\",\"database\":");
    text_add_json_string(&text, part_state_name(database));
    text_add_string(&text, ",\"redis\":");
    text_add_json_string(&text, part_state_name(redis ? PART_CONNECTED : PART_AWAY));
    text_add_string(&text, ",\"rabbitmq\":");
    text_add_json_string(&text, part_state_name(broker));
    text_add_string(&text, ",\"etl_status\":");
    add_etl(&text, report);
    text_add_string(&text, "}\n");
    report_release(report);
    answer_json(request, database == PART_CONNECTED ? 200 : 503, &text);
}

static void
answer_status(struct request *request, int32_t status, const char *word)
{
    struct text text;

    text_init(&text, request->http->arena, 64);
    text_add_format(&text, "{\"status\":\"%s\"}\n", word);
    answer_json(request, status, &text);
}

void
livez_answer(struct request *request)
{
    int64_t silent_ms = clock_monotonic_ms() - (int64_t)atomic_load(&request->thread->alive_at_ms);

    if (silent_ms < LOOP_STUCK_MS)
        answer_status(request, 200, "alive");
    else
        answer_status(request, 503, "stuck");
}

/*
 * Everything was tried once: whoever is away now is away, and what can be answered is. The keeper
 * says how the database is when it has read all that a round has: names, and how the sources are.
 */
static bool
is_started(const struct thread *thread)
{
    return board_database(thread->board, clock_monotonic_ms()) != PART_CONNECTING &&
           pool_tried(thread->pool) && board_broker(thread->board) != PART_CONNECTING;
}

/* Does not depend on the parts: one outage must not take every replica out at once. */
void
readyz_answer(struct request *request)
{
    if (atomic_load(request->thread->draining))
        answer_status(request, 503, "draining");
    else if (!is_started(request->thread))
        answer_status(request, 503, "starting");
    else
        answer_status(request, 200, "ready");
}

void
metrics_answer(struct request *request)
{
    struct thread *thread = request->thread;
    struct report *report;
    struct text text;

    if (!thread->settings->enable_metrics) {
        problem_set(&request->problem, 404, "route.disabled", "There is nothing at this path",
                    "ENABLE_METRICS is false");
        request_enter(request, REQUEST_REPLY);
        return;
    }
    report = board_report(thread->board);
    thread_publish_metrics(thread);
    text_init(&text, request->http->arena, METRICS_TEXT_BYTES);
    metrics_render(thread->all_metrics, report, board_broker(thread->board) == PART_CONNECTED,
                   &text);
    report_release(report);
    request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", text_finish(&text));
}
