#include "ingest/ctl/schedules_time.h"

#include "common/due_offset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

bool
schedules_duration(const char *path, const struct file_value *value, const char *key, int64_t min_s,
                   int64_t max_s, int64_t *ret_seconds, struct error *err)
{
    static const struct {
        const char *suffix;
        int64_t seconds;
    } units[] = {
        {"s", 1    },
        {"m", 60   },
        {"h", 3600 },
        {"d", DAY_S}
    };
    char *end;
    int64_t number = strtoll(value->text, &end, 10);
    int64_t unit_s = 0;

    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (strcmp(end, units[i].suffix) == 0)
            unit_s = units[i].seconds;
    if (value->text[0] < '0' || value->text[0] > '9' || !unit_s ||
        number > SCHEDULES_DURATION_MAX_S / unit_s || number * unit_s < min_s ||
        number * unit_s > max_s)
        return schedules_refuse(
            path, value->line, err,
            "%s \"%.40s\" must be a number and s, m, h or d, such as 90s, 5m, 1h or 30d, "
            "from %llds to %llds",
            key, value->text, (long long)min_s, (long long)max_s);
    *ret_seconds = number * unit_s;
    return true;
}

/* "03:00" as a cron rule: its slots are the moments themselves, not midnights. */
static bool
read_at(const char *path, const struct file_schedule *schedule, struct arena *arena,
        const char **ret_cron, struct error *err)
{
    const char *at = schedule->at.text;
    int64_t every_s;
    int hour, minute;

    if (strlen(at) != 5 || strspn(at, "0123456789:") != 5 ||
        sscanf(at, "%2d:%2d", &hour, &minute) != 2 || at[2] != ':' || hour > 23 || minute > 59)
        return schedules_refuse(path, schedule->at.line, err,
                                "at \"%.40s\" must be a time of day in UTC, such as \"03:00\"", at);
    if (schedule->every.text && (!schedules_duration(path, &schedule->every, "every", 1,
                                                     SCHEDULES_PERIOD_MAX_S, &every_s, err) ||
                                 every_s != DAY_S))
        return schedules_refuse(path, schedule->every.line, err,
                                "at is a time of every day: leave out every, or use cron");
    *ret_cron = arena_printf(arena, "%d %d * * *", minute, hour);
    return true;
}

/* The moments that lie too close together, as an example. */
static bool
refuse_dense(const char *path, int line, const struct cron *rule, int64_t gap_s, struct error *err)
{
    int64_t at_s = cron_next_s(rule, 0), next_s;

    while ((next_s = cron_next_s(rule, at_s)) - at_s > gap_s)
        at_s = next_s;
    return schedules_refuse(
        path, line, err,
        "cron: comes at %02d:%02d and again at %02d:%02d; at least %d minutes must lie between two "
        "(for less there is every: 1m)",
        (int)(at_s / 3600 % 24), (int)(at_s / 60 % 60), (int)(next_s / 3600 % 24),
        (int)(next_s / 60 % 60), SCHEDULES_CRON_GAP_MIN_S / 60);
}

/* What lies between two moments is found once for all streams: it takes a look at 400 years. */
static bool
read_cron(const char *path, const struct file_value *value, struct cron *ret_rule,
          int64_t *ret_gap_s, struct error *err)
{
    struct error reason = {0};

    if (!cron_parse(value->text, ret_rule, &reason))
        return schedules_refuse(path, value->line, err, "cron \"%.60s\": %s", value->text,
                                reason.message);
    *ret_gap_s = cron_least_gap_s(ret_rule);
    return *ret_gap_s >= SCHEDULES_CRON_GAP_MIN_S ||
           refuse_dense(path, value->line, ret_rule, *ret_gap_s, err);
}

/* Exactly one of every, at and cron. */
static bool
read_rhythm(const char *path, const struct file_schedule *schedule, struct arena *arena,
            struct schedule_time *time, struct error *err)
{
    struct file_value cron = schedule->cron;

    if (cron.text && (schedule->every.text || schedule->at.text))
        return schedules_refuse(path, cron.line, err,
                                "cron says all there is: leave out every and at");
    if (schedule->at.text) {
        cron.line = schedule->at.line;
        if (!read_at(path, schedule, arena, &cron.text, err))
            return false;
    }
    time->period_s = 0;
    time->cron = cron.text;
    if (cron.text)
        return read_cron(path, &cron, &time->rule, &time->gap_s, err);
    if (!schedules_duration(path, &schedule->every, "every", 1, SCHEDULES_PERIOD_MAX_S,
                            &time->period_s, err))
        return false;
    time->gap_s = time->period_s;
    return true;
}

bool
schedules_time(const char *path, const struct file_schedule *schedule, struct arena *arena,
               struct schedule_time *ret_time, struct error *err)
{
    const struct file_value *offset = &schedule->offset, *not_after = &schedule->not_after;
    struct schedule_time time = {.offset_s = -1};

    if (!read_rhythm(path, schedule, arena, &time, err))
        return false;
    if (offset->text &&
        !schedules_duration(path, offset, "offset", 0, time.gap_s - 1, &time.offset_s, err))
        return false;
    if (not_after->text && !schedules_duration(path, not_after, "not_after", 0,
                                               SCHEDULES_PERIOD_MAX_S, &time.not_after_s, err))
        return false;
    if (time.not_after_s > 0 && time.offset_s >= time.not_after_s)
        return schedules_refuse(path, not_after->line, err,
                                "not_after \"%.40s\" is over before a slot falls due, %.40s after "
                                "it began",
                                not_after->text, offset->text);
    *ret_time = time;
    return true;
}

int64_t
schedules_offset_s(const struct schedule_time *time, const char *stream)
{
    if (time->offset_s >= 0)
        return time->offset_s;
    return time->cron ? due_cron_offset_s(stream, time->gap_s, time->not_after_s)
                      : due_offset_s(stream, time->period_s, time->not_after_s);
}

int64_t
schedules_slot_s(const struct schedule_time *time, int64_t now_s)
{
    return time->cron ? cron_last_s(&time->rule, now_s) : now_s - now_s % time->period_s;
}
