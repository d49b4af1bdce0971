#ifndef TIDEMARK_COMMON_CLOCK_H
#define TIDEMARK_COMMON_CLOCK_H

#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The only place that reads a clock, so that a test can find every reader. All times are UTC. */

/* Milliseconds since 1970-01-01T00:00:00Z. Can step; never use it to measure a length. */
int64_t clock_now_ms(void);
int64_t clock_now_us(void); /* microseconds: for log lines */

/* Milliseconds that only grow, for lengths and deadlines inside one process. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

#define CLOCK_TEXT_SIZE 32

/* "2026-11-21T08:41:05.123Z", always with milliseconds. Returns `text`. */
const char *clock_format_ms(int64_t at_ms, char text[CLOCK_TEXT_SIZE]);

/*
 * Reads "2026-11-21T08:41:05Z", with or without a fraction of a second, with 'T' or a space, with
 * "Z", "+00:00", "+0530" or "+00"; a time needs one of them. A bare date is its midnight. Digits
 * past the millisecond are cut. False for anything else, and for moments before 1970 or after 9999.
 */
MUST_CHECK bool clock_parse_ms(const char *text, size_t size, int64_t *ret_at_ms);

#endif
