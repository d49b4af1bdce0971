#include "common/due_offset.h"

static int64_t
place_in(const char *stream, int64_t length_s, int64_t not_after_s)
{
    uint32_t hash = 2166136261u;

    if (not_after_s > 0 && length_s > not_after_s / 2)
        length_s = not_after_s / 2;
    for (; *stream; stream++)
        hash = (hash ^ (unsigned char)*stream) * 16777619u;
    return length_s < 1 ? 0 : hash % length_s;
}

int64_t
due_offset_s(const char *stream, int64_t period_s, int64_t not_after_s)
{
    return place_in(stream, period_s / 4, not_after_s);
}

int64_t
due_cron_offset_s(const char *stream, int64_t least_gap_s, int64_t not_after_s)
{
    int64_t quarter_s = least_gap_s / 4;

    return place_in(stream, quarter_s < DUE_CRON_SPREAD_S ? quarter_s : DUE_CRON_SPREAD_S,
                    not_after_s);
}
