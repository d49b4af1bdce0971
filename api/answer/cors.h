#ifndef TIDEMARK_API_ANSWER_CORS_H
#define TIDEMARK_API_ANSWER_CORS_H

#include "common/arena.h"
#include "common/attributes.h"
#include "common/error.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Which web pages may read answers: CORS, as the Fetch standard has it. Pure, and immutable once
 * parsed: all loops read one.
 *
 * Credentials are never allowed: there are no cookies here, and a key in a header is something that
 * a page must have been given. So "*" shows a page nothing that it could not ask for by a server of
 * its own.
 */
struct cors_origin {
    struct bytes origin; /* "https://app.example" */
    struct bytes lines;  /* what its answers carry */
};

struct cors {
    struct bytes any;                  /* the lines for everybody; empty = only those listed */
    const struct cors_origin *origins; /* those listed */
    size_t origin_count;
};

/*
 * Reads CORS_ORIGINS: "*", "none", or origins with commas, each as a browser sends it:
 * scheme://host or scheme://host:port, in lower case, nothing behind it. Errors: fatal
 * "settings.invalid".
 */
MUST_CHECK bool cors_parse(const char *text, struct arena *arena, struct cors *ret_cors,
                           struct error *err);

/*
 * The header lines of any answer, errors and 304 included, to a request with this Origin header
 * (`data` NULL = it has none); empty = none. For everybody they are the same constant, so that what
 * shared caches keep is right for all.
 */
struct bytes cors_lines(const struct cors *cors, struct bytes origin);

/* Answers differ by Origin, so each has to say so: "Vary: Origin". */
bool cors_varies(const struct cors *cors);

/*
 * Adds what a preflight wants to know beside cors_lines(): the methods of the path, the requested
 * headers, all of them if that is a list of names and none otherwise, and for how long that is so.
 */
void cors_add_preflight(struct text *head, const char *methods, struct bytes requested_headers);

#endif
