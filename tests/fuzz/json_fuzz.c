#include "common/json.h"

#include "fuzz/fuzz.h"

#include <string.h>

static struct bytes
print(const struct json *tree, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 64);
    json_print(tree, &text);
    return text_finish(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_limits limits = {1 << 20, 16, 10000};
    struct arena *arena = arena_create(4096);
    const struct json *tree, *again;
    struct error err = {0};
    struct bytes printed, printed_again;

    if (json_parse(arena, (struct bytes){(const char *)data, size}, &limits, &tree, &err)) {
        printed = print(tree, arena);
        MUST_HOLD(json_parse(arena, printed, &limits, &again, &err), "what we print is JSON");
        printed_again = print(again, arena);
        MUST_HOLD(printed.size == printed_again.size &&
                      memcmp(printed.data, printed_again.data, printed.size) == 0,
                  "parse(print(x)) is x");
    } else {
        MUST_HOLD(err.kind == ERROR_REJECT && err.code && err.message[0],
                  "what is refused has a reason");
    }
    arena_destroy(arena);
    return 0;
}
