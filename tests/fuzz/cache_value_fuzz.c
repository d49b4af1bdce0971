#include "api/cache_value.h"

#include "fuzz/fuzz.h"

#include <string.h>

/* Whatever lies in Redis: what is taken for a value comes back as itself when it is written again.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(1024);
    struct cache_value value, again;
    struct bytes encoded;

    if (cache_value_decode((struct bytes){(const char *)data, size}, &value)) {
        encoded = cache_value_encode(&value, arena);
        MUST_HOLD(cache_value_decode(encoded, &again), "what we write is a value");
        MUST_HOLD(again.version == value.version && again.stored_at_ms == value.stored_at_ms &&
                      again.fresh_until_ms == value.fresh_until_ms &&
                      again.stale_until_ms == value.stale_until_ms &&
                      again.head.size == value.head.size &&
                      memcmp(again.head.data, value.head.data, value.head.size) == 0 &&
                      again.body.size == value.body.size &&
                      memcmp(again.body.data, value.body.data, value.body.size) == 0,
                  "decode(encode(x)) is x");
    }
    arena_destroy(arena);
    return 0;
}
