#ifndef TIDEMARK_COMMON_JSON_H
#define TIDEMARK_COMMON_JSON_H

#include "common/arena.h"
#include "common/error.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The only door to cJSON. Reading: a strict scan of the whole text first (grammar of RFC 8259,
 * valid UTF-8, bounded size, depth, tokens and length of a number), which hands numbers over as
 * their source text, because cJSON would turn them into doubles; then the tree.
 */
struct json; /* one value in a tree; lives as long as the arena it was parsed into */

struct json_limits {
    size_t bytes;   /* of the text */
    int32_t depth;  /* nested arrays and objects */
    int32_t tokens; /* values and keys: what bounds the memory, at about 64 bytes each */
};

/*
 * A payload of 500,000 tokens takes a worker's child to 43 MiB above idle. Longer lists are read
 * element by element (json_list.h) rather than with a higher limit.
 */
extern const struct json_limits json_limits_payload; /* 8 MiB, depth 32, 500,000 tokens */
extern const struct json_limits json_limits_message; /* 64 KiB, depth 8, 4,096 tokens */

/*
 * Errors: reject "json.malformed" (message says what and at which byte), "json.too_large",
 * "json.too_deep", "json.too_many_tokens", "json.encoding" (UTF-8, or \u0000 and \u0001 escaped).
 * Duplicate keys in one object are reject "json.duplicate_key": which of two prices counts is not
 * ours to guess.
 */
MUST_CHECK bool json_parse(struct arena *arena, struct bytes text, const struct json_limits *limits,
                           const struct json **ret_tree, struct error *err);

/* What a value is. Every one of these is false for NULL, so that a missing key needs no check. */
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_string(const struct json *value);
bool json_is_number(const struct json *value);
bool json_is_bool(const struct json *value);
bool json_is_null(const struct json *value);
bool json_is_true(const struct json *value);

/* Member of an object, by exact name. NULL if missing or if `object` is not an object. */
const struct json *json_get(const struct json *object, const char *key);

/* NULL unless it is a string; a number's source text, NULL unless it is a number. */
const char *json_string(const struct json *value);
const char *json_number(const struct json *value);

/* True if it is a number without fraction and exponent that fits. */
MUST_CHECK bool json_integer(const struct json *value, int64_t *ret_integer);

/* Members of an array or object: for (child = json_first(v); child; child = json_next(child)). */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *child);
const char *json_key(const struct json *child);  /* its name, if its parent is an object */
size_t json_count(const struct json *container); /* walks the list: O(n) */

/* Adds the value as JSON without blanks, each number as it came. NULL prints as `null`. */
void json_print(const struct json *value, struct text *text);

#endif
