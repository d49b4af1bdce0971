#include "common/json_list.h"

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

/* A list read one by one has the elements that its tree has. */
static void
check_list(struct bytes text, const struct json *tree, const struct json_limits *limits,
           struct arena *arena)
{
    const struct json *element, *child = json_first(tree);
    struct json_list list;
    struct error err = {0};
    struct bytes one, other;

    MUST_HOLD(json_list_open(&list, arena, text, limits, NULL, &err) == json_is_array(tree),
              "an array is a list");
    if (!json_is_array(tree))
        return;
    for (; json_list_next(&list, &element, &err); child = json_next(child)) {
        MUST_HOLD(child, "no more elements than there are");
        one = print(child, arena);
        other = print(element, arena);
        MUST_HOLD(one.size == other.size && memcmp(one.data, other.data, one.size) == 0,
                  "each is the same");
    }
    MUST_HOLD(list.ended ? !child : err.kind == ERROR_REJECT, "and no fewer");
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
        check_list((struct bytes){(const char *)data, size}, tree, &limits, arena);
    } else {
        MUST_HOLD(err.kind == ERROR_REJECT && err.code && err.message[0],
                  "what is refused has a reason");
    }
    arena_destroy(arena);
    return 0;
}
