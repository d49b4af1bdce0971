#ifndef TIDEMARK_COMMON_TEXT_H
#define TIDEMARK_COMMON_TEXT_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text that grows in an arena: response bodies, messages, log lines. Never fails.
 * The bytes move when the text grows: take `data` only when it is finished. Not terminated
 * until text_finish().
 */
struct text {
    struct arena *arena;
    char *data;
    size_t size;
    size_t capacity;
};

void text_init(struct text *text, struct arena *arena, size_t expected_bytes);
void text_add(struct text *text, const void *data, size_t size);
/*
 * Room for `bytes` more behind the end, for those who write by themselves; then count what was
 * written into `size`.
 */
char *text_reserve(struct text *text, size_t bytes);
void text_add_string(struct text *text, const char *string);
void text_add_char(struct text *text, char c);
void text_add_int(struct text *text, int64_t number);
void text_add_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * A JSON string with its quotes. Control characters are escaped, and bytes that are not valid
 * UTF-8 become U+FFFD, so that foreign text cannot break the document.
 */
void text_add_json_string(struct text *text, const char *string);
void text_add_json_bytes(struct text *text, const void *data, size_t size);

/*
 * The same without quotes into memory of the caller, which must have room for
 * TEXT_ESCAPED_SIZE(size) bytes. Returns the end; writes no NUL.
 */
#define TEXT_ESCAPED_SIZE(size) (6 * (size) + 8)
char *text_escape_json(char *out, const void *data, size_t size);

/* Canonical decimal text, or any text that is already JSON; NULL becomes `null`. */
void text_add_json_raw(struct text *text, const char *json_or_null);
/* A JSON string, or `null` for NULL. */
void text_add_json_nullable(struct text *text, const char *string_or_null);

/* Adds a NUL after the end (not counted) and returns the bytes. */
struct bytes text_finish(struct text *text);

#endif
