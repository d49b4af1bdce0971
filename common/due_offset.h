#ifndef TIDEMARK_COMMON_DUE_OFFSET_H
#define TIDEMARK_COMMON_DUE_OFFSET_H

#include <stdint.h>

/* How long after its beginning a slot of a stream falls due, if its schedule does not say. Pure. */

enum { DUE_CRON_SPREAD_S = 300 }; /* what falls at a time of day begins within these five minutes */

/*
 * The offset of a stream: FNV-1a of its name, modulo a quarter of the period, so that a thousand
 * streams do not fall due in one second. If a job is of no use `not_after_s` after its slot began
 * (0 = it always is), the offset takes at most half of that.
 */
int64_t due_offset_s(const char *stream, int64_t period_s, int64_t not_after_s);
/* The same for a cron rule: a quarter of its cron_least_gap_s(), at most DUE_CRON_SPREAD_S. */
int64_t due_cron_offset_s(const char *stream, int64_t least_gap_s, int64_t not_after_s);

#endif
