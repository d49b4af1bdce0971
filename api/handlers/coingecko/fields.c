#include "api/handlers/coingecko/fields.h"

#include "common/clock.h"

#include <stddef.h>

void
field_string(struct text *text, const char *name, const char *value)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_nullable(text, value);
}

void
field_json(struct text *text, const char *name, const char *json)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_raw(text, json);
}

void
field_moment(struct text *text, const char *name, int64_t at_ms)
{
    char at[CLOCK_TEXT_SIZE];

    field_string(text, name, at_ms > 0 ? clock_format_ms(at_ms, at) : NULL);
}

const char *
field_lower_case(const char *text, struct arena *arena)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    }
    return copy;
}
