#include "api/params/cursor.h"

#include "fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

/*
 * Whatever a client sends as a cursor: what is opened is what cursor_seal() writes of the same
 * values, so that nobody can have made it. A text that begins with '.' is sealed first: its lines
 * are the values, so that opening gets to see contents of all kinds.
 */
static const struct cursor_use use = {"a key", "/things", "sort=4:rank;"};

static void
check_seals(char *lines, struct arena *arena)
{
    struct cursor cursor = {.count = 0}, back;
    char *value;

    while (cursor.count < CURSOR_VALUES_MAX && (value = strsep(&lines, "\n"))) {
        if (strlen(value) > CURSOR_VALUE_MAX)
            value = NULL;
        cursor.values[cursor.count++] = value;
    }
    MUST_HOLD(cursor_open(&use, cursor_seal(&use, &cursor, arena), arena, &back),
              "what was sealed is opened");
    MUST_HOLD(back.count == cursor.count, "all values come back");
    for (size_t i = 0; i < cursor.count; i++) {
        const char *want = cursor.values[i], *got = back.values[i];

        MUST_HOLD(want ? got && strcmp(got, want) == 0 : !got, "each value comes back");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096);
    char *text = arena_copy(arena, data, size);
    struct cursor cursor;

    if (*text == '.')
        check_seals(text + 1, arena);
    else if (cursor_open(&use, text, arena, &cursor))
        MUST_HOLD(strcmp(cursor_seal(&use, &cursor, arena), text) == 0,
                  "only what we make is opened");
    arena_destroy(arena);
    return 0;
}
