#ifndef TIDEMARK_API_HTTP_TARGET_H
#define TIDEMARK_API_HTTP_TARGET_H

#include "api/http/parser.h"
#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>

#define HTTP_PARAMS_MAX 32

struct http_param {
    struct bytes name;  /* decoded, never empty */
    struct bytes value; /* decoded; "a" and "a=" both give an empty one */
};

struct http_target {
    struct bytes path;  /* decoded; begins with '/', or is "*" (only for OPTIONS) */
    struct bytes query; /* as it was sent, without the '?' */
    struct http_param params[HTTP_PARAMS_MAX]; /* in the order of the query */
    size_t param_count;
    const struct http_param *duplicate; /* the first one whose name came before; NULL = none */
};

/*
 * Splits and decodes a request target (what http_parser lets through). Pure.
 * Nothing is copied unless it holds an escape; then it lives in `arena`. The rest points into
 * `target`. Decoded text is valid UTF-8 without control characters. None is terminated by a NUL.
 * Refused with 400 "http.target", because proxies and caches disagree about them: "//", "." and
 * ".." segments, %2F and %5C in a path, %00 and other control characters, bad escapes, characters
 * outside of [A-Za-z0-9._~!$&'()*+,;=:@/%-] in a path, a parameter without a name, more than 32
 * parameters. In a query '+' means a space. Duplicates are reported, not refused.
 * Only a path that begins with `doubling_prefix` ("/udf"; NULL = none) may have several slashes in
 * the place of one behind it, and is read as if it had one.
 */
MUST_CHECK bool http_target_parse(struct bytes target, const char *doubling_prefix,
                                  struct arena *arena, struct http_target *ret_target,
                                  const struct http_refusal **ret_refusal);

/* The value of the first parameter `name`; false if there is none. */
bool http_target_param(const struct http_target *target, const char *name, struct bytes *ret_value);

#endif
