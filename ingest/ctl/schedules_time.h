#ifndef TIDEMARK_INGEST_CTL_SCHEDULES_TIME_H
#define TIDEMARK_INGEST_CTL_SCHEDULES_TIME_H

#include "common/arena.h"
#include "common/cron.h"
#include "ingest/ctl/schedules_file.h"

#include <stdbool.h>
#include <stdint.h>

/* What a schedules file says about when: durations, and the keys every, at, cron, offset,
 * not_after. */
enum {
    SCHEDULES_PERIOD_MAX_S = 30 * 86400,
    SCHEDULES_DURATION_MAX_S = 20 * 366 * 86400,
    SCHEDULES_CRON_GAP_MIN_S = 120, /* the key every goes down to a second, and spreads streams */
};

struct schedule_time {
    int64_t period_s;    /* 0 = there is a cron rule */
    const char *cron;    /* NULL = there is a period */
    struct cron rule;    /* what `cron` means */
    int64_t gap_s;       /* what lies between two slots at least */
    int64_t offset_s;    /* -1 = not given: each stream gets a place of its own */
    int64_t not_after_s; /* 0 = no limit */
};

/* "90s", "5m", "1h", "30d". Errors: as schedules_refuse(). */
MUST_CHECK bool schedules_duration(const char *path, const struct file_value *value,
                                   const char *key, int64_t min_s, int64_t max_s,
                                   int64_t *ret_seconds, struct error *err);

/* All of `ret_time`. Errors: as schedules_refuse(). */
MUST_CHECK bool schedules_time(const char *path, const struct file_schedule *schedule,
                               struct arena *arena, struct schedule_time *ret_time,
                               struct error *err);

/* The offset of one stream of the schedule. */
int64_t schedules_offset_s(const struct schedule_time *time, const char *stream);
/* The slot that is under way at `now_s`. */
int64_t schedules_slot_s(const struct schedule_time *time, int64_t now_s);

#endif
