#ifndef TIDEMARK_TESTS_UNIT_SOURCES_RECORDINGS_H
#define TIDEMARK_TESTS_UNIT_SOURCES_RECORDINGS_H

#include "unit/ingest/sources/feed.h"

/* One recorded file that answers something we ask for. */
struct recording {
    const char *name; /* "binance/ticker_24hr_two_symbols.json" */
    struct bytes body;
    struct feed feed;
};

/*
 * Calls `visit` for each file of the tests' own recordings, and of the folder that
 * TIDEMARK_RECORDED names, in the order of their names. Everything lives in `arena`. Returns how
 * many there were.
 */
size_t recordings_visit(struct arena *arena,
                        void (*visit)(const struct recording *recording, void *context),
                        void *context);

#endif
