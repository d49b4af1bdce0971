#ifndef TIDEMARK_API_DIALECTS_DIALECT_H
#define TIDEMARK_API_DIALECTS_DIALECT_H

#include "api/answer/problem.h"
#include "common/arena.h"
#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What we speak besides our own API, so that programs written for others need no change. Which one
 * it is goes by the path alone, so that an error that comes before any route, or from the HTTP
 * layer, is told in the language of whoever will read it. Pure.
 *
 * A handler knows nothing of this: it sets a `struct problem`, and each dialect renders that in its
 * own file in api/dialects/.
 */
enum dialect {
    DIALECT_NATIVE,    /* everything else */
    DIALECT_COINGECKO, /* /api/v3 */
    DIALECT_UDF,       /* /udf */
};

/* What a problem may tell of the request that had it. */
struct problem_context {
    const char *request_id;
    struct bytes target; /* as sent, keys redacted; may be cut, or empty */
    int64_t now_ms;
};

struct dialect_manner {
    /*
     * Programs of others send parameters that we do not know, or send them twice, in other letters,
     * with spaces: see api/params/params_lenient.h. Our own clients are told.
     */
    bool is_lenient;
    bool tags_all;                    /* what comes from memory has an ETag, too */
    const char *content_type;         /* of JSON that is no problem */
    const char *problem_content_type; /* of one that is */
    /* The status that is sent, where it is not the problem's own; NULL = always its own. */
    int32_t (*status)(const struct problem *problem);
    /* More header lines, each with its CRLF, constant; NULL = none. */
    const char *(*head)(const struct problem *problem);
    void (*tell)(const struct problem *problem, const struct problem_context *context,
                 struct text *ret_body);
};

/* Of a path, decoded or not, with or without what comes behind a '?'. */
enum dialect dialect_of(struct bytes path);
const struct dialect_manner *dialect_manner(enum dialect dialect);

/*
 * A path without what only says who asks: "/udf/k/{key}/config" is "/udf/config", because charts
 * can send no header, and keep what stands in the base they were given. There are no accounts, so
 * any key will do. Copied into `arena` only if there is one.
 */
struct bytes dialect_plain_path(struct bytes path, struct arena *arena);

/* Paths from here on may double their slashes: adapters append "/config" to "https://host/udf/". */
#define DIALECT_DOUBLES_SLASHES "/udf"

/* In api/dialects/. */
extern const struct dialect_manner native_manner, coingecko_manner, udf_manner;

#endif
