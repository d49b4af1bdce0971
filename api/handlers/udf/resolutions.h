#ifndef TIDEMARK_API_HANDLERS_UDF_RESOLUTIONS_H
#define TIDEMARK_API_HANDLERS_UDF_RESOLUTIONS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The lengths of bars that charts may ask for. A bar is known by when it begins, in UTC: a week on
 * Monday, a month on its first day. Pure.
 */
struct resolution {
    const char *name;   /* "1D" */
    const char *asked;  /* how a parameter says it: "1d" */
    const char *other;  /* or so: "d"; NULL = there is no other way */
    int32_t interval_s; /* 0 = a month */
    int32_t stored_s;   /* length of the candles that it is made of */
    int32_t parts;      /* how many of them at most */
};

/* What a parameter takes: all that is in `asked` and `other`. */
#define RESOLUTION_CHOICES "5|15|30|60|240|1d|1w|1m|d|w|m"

extern const struct resolution resolutions[];
extern const size_t resolution_count;

/* Of a text that is one of the choices. */
const struct resolution *resolution_find(const char *asked);

/* When the bar begins that holds this moment, and when the first one that does not begin before it.
 */
int64_t resolution_begin_ms(const struct resolution *resolution, int64_t at_ms);
int64_t resolution_next_ms(const struct resolution *resolution, int64_t at_ms);
/* When the bar ends that holds this moment: the beginning of the one behind it. */
int64_t resolution_end_ms(const struct resolution *resolution, int64_t at_ms);

#endif
