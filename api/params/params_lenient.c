#include "api/params/params_lenient.h"

#include "common/attributes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { DIGITS_MAX = 15 }; /* more are beyond any bound */

static const struct param *
find_declared(const struct param *declared, struct bytes name)
{
    for (; declared->name; declared++) {
        if (strlen(declared->name) == name.size &&
            memcmp(declared->name, name.data, name.size) == 0)
            return declared;
    }
    return NULL;
}

static struct bytes
trimmed(struct bytes value)
{
    while (value.size > 0 && value.data[0] == ' ') {
        value.data++;
        value.size--;
    }
    while (value.size > 0 && value.data[value.size - 1] == ' ')
        value.size--;
    return value;
}

static struct bytes
bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Digits with an optional minus; what is none is left for the check to refuse. */
static struct bytes
bounded(const struct param *param, struct bytes value, struct arena *arena)
{
    bool is_negative = value.size > 1 && value.data[0] == '-';
    size_t at = is_negative;
    int64_t number = 0;

    while (at + 1 < value.size && value.data[at] == '0')
        at++;
    for (size_t i = at; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return value;
        number = value.size - at > DIGITS_MAX ? INT64_MAX : number * 10 + (value.data[i] - '0');
    }
    if (is_negative)
        number = -number;
    if (param->kind == PARAM_DAYS)
        return number > param->max ? bytes_of("max") : value;
    if (number < param->min)
        number = param->min;
    if (number > param->max)
        number = param->max;
    return bytes_of(arena_printf(arena, "%" PRId64, number));
}

static struct bytes
lowered(struct bytes value, struct arena *arena)
{
    char *text = arena_copy(arena, value.data, value.size);

    for (size_t i = 0; i < value.size; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] += 'a' - 'A';
    }
    return (struct bytes){text, value.size};
}

static struct bytes
softened(const struct param *param, struct bytes value, struct arena *arena)
{
    switch (param->kind) {
    case PARAM_INTEGER:
    case PARAM_DAYS:
        return bounded(param, lowered(value, arena), arena);
    case PARAM_CHOICE:
        return lowered(value, arena);
    default:
        return value;
    }
}

static bool
is_given(const struct http_param *given, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (given[i].name.data == name)
            return true;
    }
    return false;
}

/* Names what it takes by the text of the declaration, so that a second one is known by it. */
static size_t
take(const struct param *declared, const struct http_param *from, struct arena *arena,
     struct http_param *given, size_t count)
{
    const struct param *param = find_declared(declared, from->name);
    struct bytes value = trimmed(from->value);

    if (!param || value.size == 0 || is_given(given, count, param->name))
        return count;
    given[count].name = bytes_of(param->name);
    given[count].value = softened(param, value, arena);
    return count + 1;
}

size_t
params_make_lenient(const struct param *declared, const struct http_param *captures,
                    size_t capture_count, const struct http_param *query, size_t query_count,
                    struct arena *arena, struct http_param *ret_given)
{
    size_t count = 0;

    for (size_t i = 0; i < capture_count; i++)
        count = take(declared, &captures[i], arena, ret_given, count);
    for (size_t i = query_count; i > 0; i--)
        count = take(declared, &query[i - 1], arena, ret_given, count);
    return count;
}
