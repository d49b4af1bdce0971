#include "common/event.h"

#include "fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096);
    struct bytes encoded, again;
    struct error err = {0};
    struct event event;

    if (size < 32 * 1024 &&
        event_decode((struct bytes){(const char *)data, size}, arena, &event, &err)) {
        encoded = event_encode(&event, arena);
        MUST_HOLD(event_decode(encoded, arena, &event, &err), "what we encode is an event");
        again = event_encode(&event, arena);
        MUST_HOLD(encoded.size == again.size && memcmp(encoded.data, again.data, again.size) == 0,
                  "encode(decode(x)) is x");
    }
    arena_destroy(arena);
    return 0;
}
