#include "api/cache/versions.h"

#include <string.h>

static size_t
slot_of(const struct versions *versions, uint64_t tag)
{
    size_t slot = tag % VERSIONS_SLOTS;

    while (versions->slots[slot].tag != 0 && versions->slots[slot].tag != tag)
        slot = (slot + 1) % VERSIONS_SLOTS;
    return slot;
}

bool
versions_raise(struct versions *versions, uint64_t tag, uint64_t version)
{
    size_t slot;

    if (version <= versions_last(versions, tag))
        return false;
    if (version > versions->highest)
        versions->highest = version;
    if (versions->used >= VERSIONS_USED_MAX) {
        versions->floor = versions->highest;
        versions->used = 0;
        memset(versions->slots, 0, sizeof versions->slots);
        return true;
    }
    slot = slot_of(versions, tag);
    versions->used += versions->slots[slot].tag == 0;
    versions->slots[slot].tag = tag;
    versions->slots[slot].version = version;
    return true;
}

uint64_t
versions_last(const struct versions *versions, uint64_t tag)
{
    uint64_t version = versions->slots[slot_of(versions, tag)].version;

    return version > versions->floor ? version : versions->floor;
}
