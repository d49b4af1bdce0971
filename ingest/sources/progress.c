#include "ingest/sources/progress.h"

#include "common/clock.h"

#include <string.h>

static int64_t
floor_to(int64_t at_ms, int64_t step_ms)
{
    int64_t past = at_ms % step_ms;

    return at_ms - (past < 0 ? past + step_ms : past);
}

static int64_t
ceil_to(int64_t at_ms, int64_t step_ms)
{
    return -floor_to(-at_ms, step_ms);
}

bool
progress_plan(const struct question *question, const struct history_args *args, int64_t earliest_ms,
              int64_t capacity, struct progress *ret_progress, bool *ret_done, struct error *err)
{
    const char *position = question->position;
    int64_t step_ms = (int64_t)args->interval_s * 1000;
    int64_t first_ms = ceil_to(earliest_ms, step_ms);
    int64_t end_ms = floor_to(question->now_ms, step_ms);
    int64_t begin_ms = (question->job->slot_s - args->lookback_s) * 1000;
    int64_t from_ms = floor_to(begin_ms, step_ms);

    if (args->until_s > 0) { /* a window: exactly this, not what overlaps with it */
        int64_t until_ms = ceil_to(args->until_s * 1000, step_ms);

        from_ms = ceil_to(begin_ms, step_ms);
        first_ms = from_ms > first_ms ? from_ms : first_ms;
        end_ms = until_ms < end_ms ? until_ms : end_ms;
    }
    if (position) {
        if (!clock_parse_ms(position, strlen(position), &from_ms))
            return error_set(err, ERROR_REJECT, "job.position", "\"%.40s\" is no time", position);
        from_ms = floor_to(from_ms, step_ms);
    }
    if (from_ms < first_ms)
        from_ms = first_ms;
    *ret_done = from_ms >= end_ms;
    if (*ret_done)
        return true;
    if (position && end_ms - from_ms <= (capacity - PROGRESS_OVERLAP) * step_ms)
        from_ms -= PROGRESS_OVERLAP * step_ms;
    if (from_ms < first_ms)
        from_ms = first_ms;
    *ret_progress = (struct progress){.from_ms = from_ms, .to_ms = end_ms, .end_ms = end_ms};
    if (end_ms - from_ms > capacity * step_ms)
        ret_progress->to_ms = from_ms + capacity * step_ms;
    return true;
}

const char *
progress_position(const struct request *request, int64_t next_ms, struct arena *arena)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t before_ms;

    if (request->position &&
        clock_parse_ms(request->position, strlen(request->position), &before_ms) &&
        next_ms <= before_ms)
        return NULL;
    return arena_string(arena, clock_format_ms(next_ms, text));
}
