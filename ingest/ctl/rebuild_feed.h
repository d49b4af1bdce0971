#ifndef TIDEMARK_INGEST_CTL_REBUILD_FEED_H
#define TIDEMARK_INGEST_CTL_REBUILD_FEED_H

#include "common/database.h"
#include "ingest/kept.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FEED_TROUBLES_MAX = 20 };

/* A payload that did not become rows although it should. */
struct feed_trouble {
    int64_t payload_id;
    enum kept_fate fate;
    const char *code, *message; /* NULL = the fate says it all */
};

/* What became of the payloads. Text lives in the arena. */
struct feed_report {
    int64_t total, done;
    int64_t oldest_payload_id, oldest_at_ms; /* that is kept; 0 = there is none */
    int64_t fates[KEPT_FATES];
    struct feed_trouble troubles[FEED_TROUBLES_MAX]; /* the first ones */
    size_t trouble_count;
    int64_t took_ms;
};

/*
 * Feeds all payloads of `from`, in the order of their ids, through their normalisers into `to`, one
 * transaction each, and shows how it goes on. Memory is bounded by FEED_BYTES and the largest body.
 */
MUST_CHECK bool rebuild_feed(struct database *from, struct database *to, struct arena *arena,
                             struct feed_report *ret_report, struct error *err);

/* How many did not become rows although they should. */
int64_t feed_report_troubled(const struct feed_report *report);

#endif
