#ifndef TIDEMARK_COMMON_LOG_H
#define TIDEMARK_COMMON_LOG_H

#include "common/attributes.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One JSON object a line, on stderr and, if asked, in a file. Any thread may log. A line is written
 * whole or not at all: when the reader of stderr does not keep up, lines are dropped and counted
 * (event "log.dropped") instead of blocking a loop. Foreign text is escaped and bounded (fields
 * 1 KiB, lines 8 KiB), so it can start neither a line nor a field.
 *
 *     log_event(LOG_WARN, "job.retry", LOG_STR("source", job->source),
 *               LOG_INT("delay_ms", delay_ms), LOG_ERROR(&err));
 *
 * The event name is a constant, never built at run time; values are fields, not prose.
 * Every line has: timestamp, level, service, pid, event; and the context's fields (job_id,
 * request_id ...).
 *
 * A line costs no system call: a thread writes what has gathered every 50 ms, and at once after
 * LOG_ERR. It starts with the first line after log_init(), and again in a child after fork().
 * The same event with the same error code is printed ten times a second at LOG_WARN or above; the
 * rest is counted in an event "log.suppressed".
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERR };

struct log_field {
    const char *name; /* NULL ends the list; the macros see to it */
    enum { LOG_FIELD_STRING, LOG_FIELD_INT, LOG_FIELD_ERROR, LOG_FIELD_SECONDS } kind;
    const char *string;
    int64_t integer;
    const struct error *error;
};

#define LOG_STR(name, value) ((struct log_field){name, LOG_FIELD_STRING, value, 0, NULL})
#define LOG_INT(name, value) ((struct log_field){name, LOG_FIELD_INT, NULL, value, NULL})
/* Printed as seconds with six decimals: the usual "duration_seconds". Give microseconds. */
#define LOG_SECONDS(name, us) ((struct log_field){name, LOG_FIELD_SECONDS, NULL, us, NULL})
/* Three fields: error_kind, error_code, error; none if there is no error. */
#define LOG_ERROR(err) ((struct log_field){"error", LOG_FIELD_ERROR, NULL, 0, err})

#define log_event(level, event, ...)                                                               \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

void log_write(enum log_level level, const char *event, const struct log_field *fields);

struct log_settings {
    const char *service;   /* "tidemark-worker" */
    enum log_level level;  /* lower ones are not printed */
    const char *file_path; /* NULL or "" = stderr only */
    int64_t file_bytes;    /* rotate at this size: the old file is gzipped as PATH.1.gz ... */
    int32_t file_count;    /* how many rotated files are kept */
    bool file_only;        /* nothing to stderr */
};

/*
 * Once, before any thread starts; before it, lines go to stderr with the service "tidemark".
 * Several processes may share one file: whoever fills it rotates it for all.
 * Errors: fatal "log.file".
 */
MUST_CHECK bool log_init(const struct log_settings *settings, struct error *err);

/* Waits until all lines are written, but for a stuck stderr at most a second. exit() calls it;
 * who leaves by _exit() must. Lines after it are written one by one. */
void log_finish(void);

/*
 * Fields added to every line of this thread until cleared with NULL: one job, or one request.
 * At most 6 names, which must be constants; the value is copied, cut at 300 bytes.
 */
void log_context(const char *name, const char *value);

/* False if lines of this level are not printed, so that a hot path need not make them. */
bool log_is_on(enum log_level level);

/* "debug", "info", "warn" or "warning", "error", in either case. */
MUST_CHECK bool log_level_parse(const char *text, enum log_level *ret_level);

#endif
