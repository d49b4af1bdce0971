#ifndef TIDEMARK_API_PARAMS_CURSOR_H
#define TIDEMARK_API_PARAMS_CURSOR_H

#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a page of a list ends, as a text that a client gives back to get the next one: the values
 * of the last row that the list is ordered by. Pure.
 *
 * A client can make none: a text is base64url of (version, values, the first 16 bytes of an
 * HMAC-SHA-256), in one spelling only. What it is sealed with is the same on all replicas, and so
 * is the text: two replicas that serve the same page serve the same bytes. It has no time in it
 * and does not run out; another version of this format or another key ends all that were given out.
 */
enum {
    CURSOR_VALUES_MAX = 4,
    CURSOR_VALUE_MAX =
        300, /* bytes of a value: of a name of 200 in lower case, which may be longer */
    CURSOR_TEXT_MAX = 1640, /* characters of any cursor */
};

/* What a cursor is good for; of another one, it is no cursor at all. */
struct cursor_use {
    const char *key;     /* the secret; with an empty one nothing is opened */
    const char *path;    /* of the route */
    const char *request; /* what was asked, in one spelling, but for what may differ by page */
};

struct cursor {
    const char *values[CURSOR_VALUES_MAX]; /* NULL = the row has none */
    size_t count;
};

/* Lives in `arena`. No value may be longer than CURSOR_VALUE_MAX. */
const char *cursor_seal(const struct cursor_use *use, const struct cursor *cursor,
                        struct arena *arena);

/* False for anything but what cursor_seal() made for this use. The values live in `arena`. */
MUST_CHECK bool cursor_open(const struct cursor_use *use, const char *text, struct arena *arena,
                            struct cursor *ret_cursor);

#endif
