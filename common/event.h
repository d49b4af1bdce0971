#ifndef TIDEMARK_COMMON_EVENT_H
#define TIDEMARK_COMMON_EVENT_H

#include "common/arena.h"
#include "common/error.h"

#include <stdint.h>

/*
 * What a worker says after a commit: which answers of the API are out of date now. Pure.
 *
 * {"v":1,"job_id":"...","source":"coinbase","kind":"history","run_id":17,"version":"90412",
 *  "committed_at":"2026-11-21T08:41:05.123Z","prices":["bitcoin/usd"],"candles":["bitcoin/usd/1h"],
 *  "listings":true}
 *
 * `version` is the transaction id (xid8) that made the change. A reader whose snapshot has an xmin
 * above it has seen the change; one that has not must not fill a cache.
 *
 * When there is another report, "reports":true stands behind "listings". Of a live job (job.h), for
 * which somebody may wait, it is also said when a try of it stored nothing: then there is an
 * "outcome", such as "deferred", no list names anything, and the version is 0.
 */
struct event {
    const char *job_id;
    const char *source;
    const char *kind;
    int64_t run_id;
    uint64_t version;
    int64_t committed_at_ms;
    const char *const *prices; /* "asset/quote" whose latest price moved */
    size_t price_count;
    const char *const *candles; /* "asset/quote/interval" that got candles */
    size_t candle_count;
    bool listings;       /* the rows of /data changed */
    bool reports;        /* a report came, another revision of one, or old ones went */
    const char *outcome; /* why nothing was stored; NULL = something was */
};

struct bytes event_encode(const struct event *event, struct arena *arena);
/* Errors: reject "event.malformed". */
MUST_CHECK bool event_decode(struct bytes message, struct arena *arena, struct event *ret_event,
                             struct error *err);

#endif
