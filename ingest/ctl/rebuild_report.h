#ifndef TIDEMARK_INGEST_CTL_REBUILD_REPORT_H
#define TIDEMARK_INGEST_CTL_REBUILD_REPORT_H

#include "ingest/ctl/rebuild_compare.h"
#include "ingest/ctl/rebuild_feed.h"

#include <stdbool.h>

/*
 * Says what became of the payloads (`feed` may be NULL) and whether the tables are the same.
 * Error: reject "rebuild.differs" if they are not, saying why in one sentence.
 */
MUST_CHECK bool rebuild_report(const struct feed_report *feed, const struct comparison *comparison,
                               bool json, struct arena *arena, struct error *err);

#endif
