#include "api/cache/cache_value.h"

#include "fuzz/fuzz.h"

#include <string.h>

/* Whatever lies in Redis: what is taken for a value comes back as itself when it is written again.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(1024);
    struct cache_value value, again;
    struct bytes turned, turned_again;
    struct bytes encoded;

    if (cache_value_decode((struct bytes){(const char *)data, size}, arena, &value)) {
        encoded = cache_value_encode(&value, arena);
        MUST_HOLD(cache_value_decode(encoded, arena, &again), "what we write is a value");
        MUST_HOLD(again.version == value.version && again.stored_at_ms == value.stored_at_ms &&
                      again.fresh_until_ms == value.fresh_until_ms &&
                      again.stale_until_ms == value.stale_until_ms &&
                      again.head.size == value.head.size &&
                      memcmp(again.head.data, value.head.data, value.head.size) == 0 &&
                      again.true_until_ms == value.true_until_ms &&
                      again.client_s == value.client_s && again.name[0] == value.name[0] &&
                      again.name[1] == value.name[1] && again.turn_count == value.turn_count &&
                      again.body.size == value.body.size &&
                      memcmp(again.body.data, value.body.data, value.body.size) == 0,
                  "decode(encode(x)) is x");
        turned = freshness_turned(value.body, value.turns, value.turn_count, arena);
        turned_again = freshness_turned(again.body, again.turns, again.turn_count, arena);
        MUST_HOLD(turned.size == turned_again.size &&
                      memcmp(turned.data, turned_again.data, turned.size) == 0,
                  "and it turns into the same");
    }
    arena_destroy(arena);
    return 0;
}
