#ifndef TIDEMARK_COMMON_JSON_SCAN_H
#define TIDEMARK_COMMON_JSON_SCAN_H

#include "common/json.h"

/* The first half of json_parse(): one strict pass over the text. Only json.c needs it. */

/* Leads the text of a number. No string can begin with it: \u0001 is refused. */
#define JSON_NUMBER_MARK '\x01'

struct json_scan {
    struct bytes
        marked;     /* the same JSON without blanks, each number as "\x01number"; NUL ends it */
    int32_t tokens; /* values and keys */
    int32_t keys;   /* of all objects */
};

/* Errors: those of json_parse(), but "json.duplicate_key". */
MUST_CHECK bool json_scan(struct arena *arena, struct bytes text, const struct json_limits *limits,
                          struct json_scan *ret_scan, struct error *err);

#endif
