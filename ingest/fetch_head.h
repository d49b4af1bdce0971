#ifndef TIDEMARK_INGEST_FETCH_HEAD_H
#define TIDEMARK_INGEST_FETCH_HEAD_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What precedes a body, line by line as it arrives: status lines and headers, also those of interim
 * answers (1xx) and of the trailer behind the chunks. Ours, because libcurl bounds each answer's
 * head but not how many interim ones there are, takes a head that was cut off for one without a
 * body, and in Retry-After a number that is too large, or a zero, for silence.
 */
enum {
    FETCH_HEAD_BYTES = 64 * 1024, /* of all lines; what providers send is below 4 KiB */
    FETCH_HEAD_LINES = 512,
};

struct fetch_head {
    size_t bytes, lines;
    bool complete;          /* the blank line of the last answer was there */
    int64_t retry_after_ms; /* within [1 s, 3 days]; 0 = nothing was asked for, or not in words */
    /* Headers that tell how much of a budget is used, or left, and what they say. */
    const char *used_name, *left_name; /* set before the first line; NULL = none */
    int64_t used;                      /* 0 = nothing, or not said */
    int64_t left;
    bool left_known;
};

/*
 * Takes a line with its end. False when there were too many: the answer is to be given up.
 * `now_ms` is what a date in Retry-After is measured against.
 */
bool fetch_head_take(struct fetch_head *head, struct bytes line, int64_t now_ms);

/*
 * The value of a Retry-After (RFC 9110, 10.2.3): a number of seconds, which may have a sign or a
 * fraction, or a date in one of the three forms of HTTP. What is too short or past is 1 s, what is
 * too long is 3 days, and what is neither a number nor a date is 0.
 */
int64_t fetch_retry_after_ms(struct bytes value, int64_t now_ms);

#endif
