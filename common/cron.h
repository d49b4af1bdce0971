#ifndef TIDEMARK_COMMON_CRON_H
#define TIDEMARK_COMMON_CRON_H

#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Times by the calendar, as crontab(5) writes them: minute, hour, day of month, month, day of week.
 * All of them UTC, so no hour is ever missing or there twice. Pure: reads no clock.
 *
 *     15 0-23/6 * * mon-fri    at 00:15, 06:15, 12:15 and 18:15 on working days
 *     0 3 1 jan-jun/2 *        at three on the first of January, March and May
 *
 *   field         values                     names
 *   minute        0-59
 *   hour          0-23
 *   day of month  1-31
 *   month         1-12                       jan feb mar apr may jun jul aug sep oct nov dec
 *   day of week   0-7, 0 and 7 are Sunday    sun mon tue wed thu fri sat
 *
 * A field is *, a number or name, a range (10-50), * or a range with a step behind it (10-50/20),
 * or a list of such with commas. Names may be upper or lower case. Instead of the five fields:
 * @hourly, @daily, @weekly (Sunday), @monthly, @yearly.
 *
 * The two fields of days: if neither begins with *, a day needs to match only one of them; else it
 * must match both (POSIX, and as cron of Debian reads steps).
 */
struct cron {
    uint64_t minutes; /* bit n = n is one of them, in all fields */
    uint32_t hours, month_days;
    uint16_t months;
    uint8_t week_days; /* Sunday is 0 */
    bool either_day;   /* one of the two fields of days is enough */
};

/*
 * Errors: reject "cron.syntax" (says which field, and what is allowed) and "cron.never" (such as
 * 30 February).
 */
MUST_CHECK bool cron_parse(const char *text, struct cron *ret_cron, struct error *err);

/*
 * The first moment after `at_s`, and the last one at or before it: unix seconds, always a whole
 * minute. There is always a next one; the last one may be before 1970.
 */
int64_t cron_next_s(const struct cron *cron, int64_t at_s);
int64_t cron_last_s(const struct cron *cron, int64_t at_s);

/* The least time between two moments, exactly. Looks at 400 years: for checking, not each second.
 */
int64_t cron_least_gap_s(const struct cron *cron);

#endif
