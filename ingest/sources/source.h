#ifndef TIDEMARK_INGEST_SOURCES_SOURCE_H
#define TIDEMARK_INGEST_SOURCES_SOURCE_H

#include "common/arena.h"
#include "common/error.h"
#include "common/job.h"
#include "ingest/sources/batch.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One provider. To add one: write sources/<name>.c with a `const struct source`, name it in
 * registry.c, put recorded answers under tests/recorded/<name>/ and a row for each into
 * tests/unit/ingest/sources/.
 *
 * A source does no I/O, reads no clock and keeps nothing: what it returns depends on its arguments
 * only, so a recorded payload tests it whole and a stored payload can be normalised again.
 */

/* How a provider's answer reaches us. */
enum upstream {
    UPSTREAM_HTTP,   /* ingest/fetch.c gets base address + target */
    UPSTREAM_FOLDER, /* ingest/folder.c reads the next piece of the next file */
};

/* What to fetch next for a job. */
struct request {
    const char *target; /* "/api/v3/klines?symbol=..."; for a folder, the position to go on after */
    int32_t weight;     /* what the call costs of the provider's budget */
    int64_t from_ms;    /* history: the window asked for, [from, to) on open time; else 0 */
    int64_t to_ms;
};

/* What came back, as it is kept in raw_payloads: enough to normalise it again at any time. */
struct payload {
    struct bytes body;        /* decoded; terminated by a NUL that is not counted */
    const char *target;       /* request.target; for a folder, the position after this piece */
    const char *content_type; /* "" if the provider did not say */
    int32_t status;           /* HTTP status; 200 for a folder */
    int64_t fetched_at_ms;    /* when the answer was complete */
    int64_t retry_after_ms;   /* what Retry-After asked for; 0 = none */
};

enum verdict {
    VERDICT_OK,
    VERDICT_LIMITED,   /* the provider asks us to slow down: no attempt is spent */
    VERDICT_TRANSIENT, /* may heal: an attempt is spent */
    VERDICT_PERMANENT, /* this request will never work */
};

struct source {
    const char *name;  /* goes into job ids, queues and rows: never rename */
    const char *about; /* one line for --help and the README */
    enum upstream upstream;
    const char *base_url;      /* without trailing slash; NULL for a folder */
    const char *key_header;    /* header that carries the optional key; NULL = takes none */
    int32_t budget_per_minute; /* calls, or weight where the provider counts weight */

    /*
     * Says what to fetch next for `job`, going on after `position` (NULL = the beginning).
     * `now_ms` bounds what can exist. Sets `*ret_done` when nothing is left to fetch (then
     * `*ret_request` is untouched). Errors: reject "job.args" naming the argument.
     */
    bool (*request)(const struct job *job, const char *position, int64_t now_ms,
                    struct arena *arena, struct request *ret_request, bool *ret_done,
                    struct error *err);

    /*
     * Says what an answer means before it is parsed: by status, by content type, and by the
     * provider's own error bodies, also with status 200. Fills `err` unless it is VERDICT_OK, with
     * a code such as "provider.limited", "provider.status_503", "provider.html", "provider.error".
     */
    enum verdict (*classify)(const struct payload *payload, struct arena *arena, struct error *err);

    /*
     * Turns an answer into records, owned by `arena`. One bad record is a reject in the batch; a
     * body that is not what the provider promises is an error: reject "json.*", "payload.shape".
     * `ret_batch->position` is where to go on (NULL = the position stays), `more` whether
     * there is more to fetch now.
     */
    bool (*parse)(const struct job *job, const struct request *request,
                  const struct payload *payload, struct arena *arena, struct batch *ret_batch,
                  struct error *err);
};

/* registry.c: every source there is, NULL at the end. A new source is one file and one row here. */
extern const struct source *const sources[];
const struct source *source_find(const char *name); /* NULL if unknown */

#endif
