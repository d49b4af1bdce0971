#include "ingest/tasks/gaps_plan.h"

#include "common/text.h"

#include <string.h>

const int32_t gaps_intervals_s[GAPS_INTERVALS] = {300, 3600, 86400};

enum { EARLIEST_S = 1230768000 }; /* 2009-01-01: no coin is older */

static const char *
interval_name(int32_t interval_s)
{
    return interval_s == 300 ? "5m" : interval_s == 3600 ? "1h" : "1d";
}

/* `until_s` 0 = up to the present. */
static const char *
make_args(const char *symbol, int32_t interval_s, int64_t lookback_s, int64_t until_s,
          struct arena *arena)
{
    struct text args;

    text_init(&args, arena, 160);
    text_add_string(&args, "{\"symbol\":");
    text_add_json_string(&args, symbol);
    text_add_format(&args, ",\"interval\":\"%s\",\"lookback_s\":%lld", interval_name(interval_s),
                    (long long)lookback_s);
    if (until_s > 0)
        text_add_format(&args, ",\"until_s\":%lld", (long long)until_s);
    text_add_char(&args, '}');
    return text_finish(&args).data;
}

/* What the source would ask for first, were it asked now. False: nothing. */
static bool
ask_source(const struct source *source, struct job *job, int64_t now_ms, struct arena *arena,
           struct request *ret_request)
{
    struct bytes args = {job->args_text, strlen(job->args_text)};
    struct error err;
    bool done = false;

    return json_parse(arena, args, &json_limits_message, &job->args, &err) &&
           source_request(source, job, NULL, now_ms, arena, ret_request, &done, &err) && !done;
}

bool
gaps_reach(const struct source *source, const char *symbol, int32_t interval_s, int64_t now_ms,
           struct arena *arena, int64_t *ret_reaches_to_ms)
{
    struct request request;
    struct job job = {
        .source = source->name,
        .kind = JOB_HISTORY,
        .stream = "gaps",
        .slot_s = now_ms / 1000,
        .attempt = 1,
    };

    if (source->upstream == UPSTREAM_FOLDER) /* it is read anyway, whatever is asked for */
        return false;
    job.args_text = make_args(symbol, interval_s, job.slot_s - EARLIEST_S, 0, arena);
    if (!ask_source(source, &job, now_ms, arena, &request))
        return false;
    *ret_reaches_to_ms = request.from_ms;
    return true;
}

bool
gaps_make_job(const struct source *source, const struct gaps_window *window, int64_t now_ms,
              struct arena *arena, struct job *ret_job)
{
    int64_t from_s = window->from_ms / 1000, until_s = window->until_ms / 1000;
    struct request request;
    struct job job = {
        .source = source->name,
        .kind = JOB_HISTORY,
        .stream =
            arena_printf(arena, "gaps/%s/%s/%lld-%lld", window->symbol,
                         interval_name(window->interval_s), (long long)from_s, (long long)until_s),
        .slot_s = now_ms / 1000,
        .attempt = 1,
    };

    job.job_id = job_make_id(job.source, job.stream, job.slot_s, arena);
    job.args_text =
        make_args(window->symbol, window->interval_s, job.slot_s - from_s, until_s, arena);
    if (strlen(job.job_id) > JOB_ID_MAX || !ask_source(source, &job, now_ms, arena, &request))
        return false;
    *ret_job = job;
    return true;
}
