#ifndef TIDEMARK_TESTS_UNIT_SOURCES_FEED_H
#define TIDEMARK_TESTS_UNIT_SOURCES_FEED_H

#include "ingest/sources/source.h"

/*
 * Feeds an answer to a source as a worker would: a job, its request, classify, parse. For tests,
 * fuzz targets and the recorded report.
 */
#define FEED_NOW_MS INT64_C(1795250465000) /* 2026-11-21T08:41:05Z */

struct feed {
    const char *source;
    const char *kind;         /* "quote", "listing", "history", "reference" */
    const char *args;         /* JSON */
    int32_t status;           /* 0 = 200 */
    int64_t now_ms;           /* 0 = FEED_NOW_MS */
    const char *content_type; /* NULL = that of JSON */
    const char *target;       /* NULL = what request() says; csv: the place after the piece */
    const char *position;     /* NULL = the beginning */
    int64_t retry_after_ms;
};

struct fed {
    enum verdict verdict;
    bool parsed;
    bool done; /* request() had nothing to ask for */
    struct request request;
    struct batch batch;
    struct error err;
};

struct job feed_job(const struct feed *feed, struct arena *arena);

/*
 * The window of the request is widened to all times up to now, so that old recordings fit into it.
 * `body` must be followed by a NUL that is not counted.
 */
struct fed feed_body(const struct feed *feed, struct bytes body, struct arena *arena);
struct fed feed_text(const struct feed *feed, const char *body, struct arena *arena);

/* JSON as a test writes it, so that it can be read: every ' becomes a ". */
const char *feed_json(const char *quoted, struct arena *arena);

/*
 * What a recording, named "coingecko/errors/429_rate_limit.json" within its folder, is an answer
 * to. `body` helps to fill a quote's symbols. False if it answers nothing that we ask for.
 */
bool feed_guess(const char *name, struct bytes body, struct arena *arena, struct feed *ret_feed);

/* A whole file, followed by a NUL; size 0 and data NULL if it cannot be read. */
struct bytes feed_read_file(const char *path, struct arena *arena);

#endif
