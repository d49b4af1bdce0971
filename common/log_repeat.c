#include "common/log_repeat.h"

#include "common/attributes.h"

#include <pthread.h>
#include <string.h>

/*
 * One slot a pair of event and code, found by hash. Pairs that meet in a slot take turns, which
 * prints more than ten, never less.
 */
struct slot {
    const char *event, *code; /* constants of the program */
    int64_t second;
    uint64_t count;      /* printed and not, in that second */
    uint64_t suppressed; /* not printed and not told yet */
};

static struct {
    pthread_mutex_t mutex;
    struct slot slots[64];
} repeat = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool
same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static struct slot *
find_slot(const char *event, const char *code)
{
    uint32_t hash = 5381;

    for (; *event; event++)
        hash = hash * 33 + (unsigned char)*event;
    for (; code && *code; code++)
        hash = hash * 33 + (unsigned char)*code;
    return &repeat.slots[hash % COUNT_OF(repeat.slots)];
}

bool
log_repeat_allow(const char *event, const char *code, int64_t now_s)
{
    struct slot *slot = find_slot(event, code);
    bool allowed;

    pthread_mutex_lock(&repeat.mutex);
    if (slot->suppressed == 0 && (!same(slot->event, event) || !same(slot->code, code)))
        *slot = (struct slot){.event = event, .code = code, .second = now_s};
    if (slot->second != now_s) {
        slot->second = now_s;
        slot->count = 0;
    }
    allowed =
        !same(slot->event, event) || !same(slot->code, code) || ++slot->count <= LOG_REPEAT_MAX;
    slot->suppressed += !allowed;
    pthread_mutex_unlock(&repeat.mutex);
    return allowed;
}

bool
log_repeat_take(int64_t now_s, const char **ret_event, const char **ret_code, uint64_t *ret_count)
{
    bool found = false;

    pthread_mutex_lock(&repeat.mutex);
    for (size_t i = 0; i < COUNT_OF(repeat.slots) && !found; i++) {
        struct slot *slot = &repeat.slots[i];

        if (slot->suppressed == 0 || slot->second == now_s)
            continue;
        *ret_event = slot->event;
        *ret_code = slot->code;
        *ret_count = slot->suppressed;
        slot->suppressed = 0;
        found = true;
    }
    pthread_mutex_unlock(&repeat.mutex);
    return found;
}

void
log_repeat_lock(void)
{
    pthread_mutex_lock(&repeat.mutex);
}

void
log_repeat_unlock(void)
{
    pthread_mutex_unlock(&repeat.mutex);
}
