#ifndef TIDEMARK_COMMON_ARENA_H
#define TIDEMARK_COMMON_ARENA_H

#include "common/attributes.h"

#include <stdarg.h>
#include <stddef.h>

/* A stretch of memory that somebody else owns. Not terminated by a NUL. */
struct bytes {
    const char *data;
    size_t size;
};

/*
 * Memory that is freed all at once: one arena per job in a worker, one per request in the API.
 * Nothing in it is freed by hand. It never returns NULL: no memory ends the process, because a
 * half-done job is redelivered and a half-done request is retried by its client.
 * One arena belongs to one thread.
 */
struct arena;

struct arena *arena_create(size_t first_block_bytes);
void arena_destroy(struct arena *arena); /* NULL is fine */

/* Frees all but the first block, so that the next job or request starts without a system call. */
void arena_reset(struct arena *arena);

/* Aligned for any type; not cleared. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Cleared; `count * bytes` is checked for overflow. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t bytes);

/*
 * Makes an array larger: `old_bytes` of `old` are copied to the new place, unless it can grow
 * where it stands (it was the last thing allocated).
 */
void *arena_grow(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes);

/* Copies, always terminated by a NUL. */
char *arena_copy(struct arena *arena, const void *data, size_t bytes);
char *arena_string(struct arena *arena, const char *string);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* The strings one behind the other, for those who make many: a tenth of what arena_printf costs. */
#define ARENA_JOIN(arena, ...) arena_join_strings(arena, (const char *const[]){__VA_ARGS__, NULL})
char *arena_join_strings(struct arena *arena, const char *const *strings); /* up to NULL */

/* Calls `release(object)` when the arena is reset or destroyed, last deferred first. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

#endif
