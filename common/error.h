#ifndef TIDEMARK_COMMON_ERROR_H
#define TIDEMARK_COMMON_ERROR_H

#include "common/attributes.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Errors are values. A function that can fail returns bool and takes `struct error *err` as its
 * last parameter: untouched on success, filled on failure. The kind says who must act.
 */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_RETRY,  /* the world may heal: timeout, 429, lost connection; retry later, or HTTP 503 */
    ERROR_REJECT, /* this input will never work: malformed JSON; dead-letter, or HTTP 400 */
    ERROR_FATAL,  /* this process cannot do its work: bad password; requeue and stop, or HTTP 500 */
};

struct error {
    enum error_kind kind;
    const char *code;       /* stable, for logs, metrics, API bodies, tests: "fetch.timeout" */
    int64_t retry_after_ms; /* what the other side asked for; 0 = it did not say */
    char message[256];      /* one sentence for a person; never a secret, never a whole body */
};

/*
 * Fills `err` and returns false, so that failing is one line:
 *     return error_set(err, ERROR_REJECT, "json.malformed", "%zu bytes are not JSON", size);
 * `code` must be a string constant. A message that does not fit is cut.
 */
bool error_set(struct error *err, enum error_kind kind, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Puts "what: " before the message of an error that is already set. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* "none", "retry", "reject", "fatal". */
const char *error_kind_name(enum error_kind kind);

#endif
