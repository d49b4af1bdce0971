#ifndef TIDEMARK_COMMON_JOB_H
#define TIDEMARK_COMMON_JOB_H

#include "common/arena.h"
#include "common/error.h"
#include "common/json.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The message that says what to fetch. Pure: no broker, no database.
 *
 * {"v":1,"job_id":"binance/history/BTCUSDT/1h/1763712000","kind":"history","source":"binance",
 *  "stream":"history/BTCUSDT/1h","args":{...},"slot":1763712000,"not_after":null,"attempt":1,
 *  "first_failed_at":null,"traceparent":"00-...","set_aside":1}
 *
 * `job_id` is source/stream/slot: the same slot published twice is the same job. `set_aside` is
 * there only if it is not 0.
 */
enum job_kind {
    JOB_LISTING,
    JOB_QUOTE,
    JOB_HISTORY,
    JOB_REFERENCE,
    /* Our own work: nothing is fetched. */
    JOB_ROLLUP,
    JOB_GAPS,
    JOB_ARCHIVE,
    JOB_RETAIN,
    JOB_REPORT,
};
enum { JOB_KINDS = JOB_REPORT + 1 };

struct job {
    const char *job_id;
    enum job_kind kind;
    const char *source;
    const char *stream;
    const struct json *args; /* an object; its members are the source's affair */
    const char *args_text;   /* the same as JSON text */
    int64_t slot_s;      /* unix seconds: begin of a period or moment of a cron rule, never "now" */
    int64_t not_after_s; /* nobody can use the answer later than this; 0 = no limit */
    int32_t attempt;     /* from 1; only failures of the provider count */
    int64_t first_failed_at_ms; /* 0 = has not failed yet */
    int32_t set_aside;          /* how often it was put off because it ends its workers */
    const char *traceparent;    /* W3C trace context, or NULL */
};

enum {
    JOB_MESSAGE_MAX = 64 * 1024,
    JOB_ID_MAX = 255, /* the longest message id that AMQP carries */
};

/*
 * Members it does not know are passed over, and a traceparent that is not one is left out: a job is
 * not lost for its trace. `job_id` must be what job_make_id() makes of the other fields.
 * Errors: reject "job.malformed", "job.version", "job.field" (names the field).
 */
MUST_CHECK bool job_decode(struct bytes message, struct arena *arena, struct job *ret_job,
                           struct error *err);
/* Writes `args_text`, or {} for NULL; does not look at `args`. */
struct bytes job_encode(const struct job *job, struct arena *arena);

const char *job_make_id(const char *source, const char *stream, int64_t slot_s,
                        struct arena *arena);

/*
 * Streams that begin so are nobody's schedule: a client asked, once. Nothing goes on from where
 * such a job ended, so it leaves no checkpoint; and how it ended is said also when nothing was
 * stored.
 */
#define JOB_LIVE_STREAM "live/"
bool job_is_live(const struct job *job);

/* "listing", "quote", "history", "reference", "rollup", "gaps", "archive", "retain", "report". */
const char *job_kind_name(enum job_kind kind);
MUST_CHECK bool job_kind_parse(const char *name, enum job_kind *ret_kind);
/* It asks no provider: a job of the source "tidemark". */
bool job_kind_is_own(enum job_kind kind);

#endif
