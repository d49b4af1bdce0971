#include "common/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next; /* the one filled before this one */
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

struct arena {
    struct block *last;
    struct deferred *deferred;
};

static struct block *
block_create(size_t size, struct block *next)
{
    struct block *block = malloc(sizeof *block + size);

    if (!block) {
        fputs("out of memory\n", stderr);
        abort();
    }
    block->next = next;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *
arena_create(size_t first_block_bytes)
{
    struct block *block = block_create(first_block_bytes + sizeof(struct arena), NULL);
    struct arena *arena = (struct arena *)(void *)block->data;

    /* The arena lives in its own first block: one malloc for both. */
    block->used = (sizeof *arena + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    arena->last = block;
    arena->deferred = NULL;
    return arena;
}

void
arena_reset(struct arena *arena)
{
    while (arena->deferred) {
        struct deferred *deferred = arena->deferred;

        arena->deferred = deferred->next;
        deferred->release(deferred->object);
    }
    while (arena->last->next) {
        struct block *block = arena->last;

        arena->last = block->next;
        free(block);
    }
    arena->last->used = (sizeof *arena + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void
arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    free(arena->last);
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
    struct block *block = arena->last;
    size_t rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    void *memory;

    if (rounded < bytes) {
        fputs("arena: size overflows\n", stderr);
        abort();
    }
    if (block->size - block->used < rounded) {
        size_t size = block->size * 2 > rounded ? block->size * 2 : rounded;

        block = arena->last = block_create(size, block);
    }
    memory = block->data + block->used;
    block->used += rounded;
    return memory;
}

void *
arena_alloc_array(struct arena *arena, size_t count, size_t bytes)
{
    size_t total;
    void *memory;

    if (__builtin_mul_overflow(count, bytes, &total)) {
        fputs("arena: size overflows\n", stderr);
        abort();
    }
    memory = arena_alloc(arena, total);
    memset(memory, 0, total);
    return memory;
}

void *
arena_grow(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes)
{
    struct block *block = arena->last;
    size_t old_rounded = (old_bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    size_t new_rounded = (new_bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    void *memory;

    if (old && (char *)old + old_rounded == block->data + block->used &&
        new_rounded >= old_rounded && block->size - block->used >= new_rounded - old_rounded) {
        block->used += new_rounded - old_rounded;
        return old;
    }
    memory = arena_alloc(arena, new_bytes);
    if (old_bytes)
        memcpy(memory, old, old_bytes);
    return memory;
}

char *
arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    char *copy = arena_alloc(arena, bytes + 1);

    if (bytes)
        memcpy(copy, data, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *
arena_string(struct arena *arena, const char *string)
{
    return arena_copy(arena, string, strlen(string));
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int size;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = arena_alloc(arena, (size_t)size + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}

char *
arena_join_strings(struct arena *arena, const char *const *strings)
{
    char *joined, *end;
    size_t size = 0;

    for (size_t i = 0; strings[i]; i++)
        size += strlen(strings[i]);
    end = joined = arena_alloc(arena, size + 1);
    for (size_t i = 0; strings[i]; i++)
        end = stpcpy(end, strings[i]);
    *end = '\0';
    return joined;
}

void
arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *deferred = arena_alloc(arena, sizeof *deferred);

    deferred->next = arena->deferred;
    deferred->release = release;
    deferred->object = object;
    arena->deferred = deferred;
}
