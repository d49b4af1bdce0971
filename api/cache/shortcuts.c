#include "api/cache/shortcuts.h"

#include "api/cache/hash.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t hash;
    struct arena *arena; /* NULL = free; holds the rest */
    struct bytes target;
    struct shortcut meaning;
};

struct shortcuts {
    uint64_t seed;
    struct slot slots[SHORTCUTS_SLOTS];
};

struct shortcuts *
shortcuts_create(uint64_t seed)
{
    struct shortcuts *shortcuts = calloc(1, sizeof *shortcuts);

    if (!shortcuts)
        abort();
    shortcuts->seed = seed;
    return shortcuts;
}

void
shortcuts_destroy(struct shortcuts *shortcuts)
{
    if (!shortcuts)
        return;
    for (size_t i = 0; i < SHORTCUTS_SLOTS; i++)
        arena_destroy(shortcuts->slots[i].arena);
    free(shortcuts);
}

const struct shortcut *
shortcuts_find(const struct shortcuts *shortcuts, struct bytes target)
{
    uint64_t hash = hash_bytes(target.data, target.size, shortcuts->seed);
    const struct slot *slot = &shortcuts->slots[hash % SHORTCUTS_SLOTS];

    if (!slot->arena || slot->hash != hash || slot->target.size != target.size ||
        memcmp(slot->target.data, target.data, target.size) != 0)
        return NULL;
    return &slot->meaning;
}

void
shortcuts_add(struct shortcuts *shortcuts, struct bytes target, const struct shortcut *meaning)
{
    uint64_t hash = hash_bytes(target.data, target.size, shortcuts->seed);
    struct slot *slot = &shortcuts->slots[hash % SHORTCUTS_SLOTS];
    struct arena *arena;

    if (target.size > SHORTCUTS_TARGET_MAX)
        return;
    arena = arena_create(2 * target.size + 256);
    arena_destroy(slot->arena);
    slot->arena = arena;
    slot->hash = hash;
    slot->target = (struct bytes){arena_copy(arena, target.data, target.size), target.size};
    slot->meaning = *meaning;
    params_copy(&meaning->params, arena, &slot->meaning.params);
    slot->meaning.key.text.data = arena_copy(arena, meaning->key.text.data, meaning->key.text.size);
}
