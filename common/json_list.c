#include "common/json_list.h"

#include "common/json_scan.h"

#include <string.h>

enum { ELEMENT_ARENA = 16 * 1024 };

/* What follows walks over text that json_scan() has found to be JSON: nothing is missing in it. */

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* `at` is the opening quote; returns the place after the closing one. */
static const char *
skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* The place after a value. */
static const char *
skip_value(const char *at)
{
    int depth = 0;

    do {
        at += strcspn(at, "\"[]{},");
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if ((*at == ',' || *at == ']' || *at == '}') && depth == 0)
            return at; /* a number or a word ended here */
        depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
        at += *at != '\0';
    } while (depth > 0);
    return at;
}

/* The value of the object's member of this name. Errors: "json.duplicate_key", "json.no_list". */
static const char *
find_member(const char *at, const char *member, struct error *err)
{
    const char *value = NULL;
    size_t length = strlen(member);

    if (*at != '{') {
        error_set(err, ERROR_REJECT, "json.no_list", "the text is no object");
        return NULL;
    }
    for (at = skip_blanks(at + 1); *at != '}'; at = skip_blanks(at + (*at == ','))) {
        const char *key = at + 1;
        bool wanted = strncmp(key, member, length) == 0 && key[length] == '"';

        at = skip_blanks(skip_string(at));
        at = skip_blanks(at + 1);
        if (wanted && value) {
            error_set(err, ERROR_REJECT, "json.duplicate_key",
                      "the key \"%.64s\" stands twice in one object", member);
            return NULL;
        }
        value = wanted ? at : value;
        at = skip_blanks(skip_value(at));
    }
    if (!value)
        error_set(err, ERROR_REJECT, "json.no_list", "there is no \"%s\"", member);
    return value;
}

/* The copy that the scan makes is as large as the text: it goes before there are any elements. */
static bool
check_text(struct bytes text, const struct json_limits *limits, struct error *err)
{
    struct json_limits whole = *limits;
    struct arena *arena = arena_create(4096);
    struct json_scan scan;
    bool valid;

    whole.tokens = INT32_MAX;
    valid = json_scan(arena, text, &whole, &scan, err);
    arena_destroy(arena);
    return valid;
}

static void
destroy_arena(void *arena)
{
    arena_destroy(arena);
}

bool
json_list_open(struct json_list *list, struct arena *arena, struct bytes text,
               const struct json_limits *limits, const char *member, struct error *err)
{
    const char *at;

    *list = (struct json_list){.text = text};
    if (!check_text(text, limits, err))
        return false;
    at = skip_blanks(text.data);
    if (member && !(at = find_member(at, member, err)))
        return false;
    if (*at != '[')
        return error_set(err, ERROR_REJECT, "json.no_list", "there is no array where it must be");
    list->at = skip_blanks(at + 1);
    list->arena = arena_create(ELEMENT_ARENA);
    arena_defer(arena, destroy_arena, list->arena);
    return true;
}

bool
json_list_next(struct json_list *list, const struct json **ret_element, struct error *err)
{
    const char *begin = list->at, *end;

    arena_reset(list->arena);
    list->ended = *begin == ']';
    if (list->ended)
        return false;
    end = skip_value(begin);
    list->at = skip_blanks(end);
    if (*list->at == ',')
        list->at = skip_blanks(list->at + 1);
    if (!json_parse(list->arena, (struct bytes){begin, (size_t)(end - begin)}, &json_limits_message,
                    ret_element, err))
        return error_prefix(err, "element %zu", list->count);
    list->count++;
    return true;
}
