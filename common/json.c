#include "common/json.h"

#include "common/json_scan.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

/*
 * json_scan() has already refused all that is not strict JSON, and has put every number in quotes
 * behind JSON_NUMBER_MARK, so that cJSON keeps its text. `struct json` is cJSON's node, never
 * dereferenced as anything else.
 */

const struct json_limits json_limits_payload = {8 * 1024 * 1024, 32, 500000};
const struct json_limits json_limits_message = {64 * 1024, 8, 4096};

/*
 * cJSON's nodes come from the arena of the parse in hand: no free per node, and no tree to delete
 * when the arena goes. cJSON hands no context to its allocator, hence the thread's own variable.
 */
static _Thread_local struct arena *tree_arena;

static void *
tree_malloc(size_t size)
{
    return arena_alloc(tree_arena, size);
}

static void
tree_free(void *memory)
{
}

static void
use_arenas(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = tree_malloc, .free_fn = tree_free});
}

static const cJSON *
node(const struct json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct json *
from_node(const cJSON *value)
{
    return (const struct json *)(const void *)value;
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The objects that providers send have 20-odd keys: comparing hashes pairwise beats sorting. */
enum { FEW_KEYS = 64 };

static uint64_t
hash(const char *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return hash;
}

/* The key that `object` has twice, or NULL. */
static const char *
find_duplicate_of_few(const cJSON *object)
{
    uint64_t hashes[FEW_KEYS];
    const char *keys[FEW_KEYS];
    size_t count = 0;

    for (const cJSON *child = object->child; child; child = child->next) {
        hashes[count] = hash(child->string);
        keys[count] = child->string;
        for (size_t i = 0; i < count; i++)
            if (hashes[i] == hashes[count] && strcmp(keys[i], keys[count]) == 0)
                return keys[i];
        count++;
    }
    return NULL;
}

static const char *
find_duplicate_of_many(const cJSON *object, size_t count, struct arena *arena)
{
    const char **keys = arena_alloc_array(arena, count, sizeof *keys);
    size_t i = 0;

    for (const cJSON *child = object->child; child; child = child->next)
        keys[i++] = child->string;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (i = 1; i < count; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            return keys[i];
    return NULL;
}

/* Recursion is bounded by the limits' depth. */
static const char *
find_duplicate_key(const cJSON *tree, struct arena *arena)
{
    const char *duplicate = NULL;
    size_t count = 0;

    for (const cJSON *child = tree->child; child && !duplicate; child = child->next, count++)
        if (child->child)
            duplicate = find_duplicate_key(child, arena);
    if (duplicate || !cJSON_IsObject(tree))
        return duplicate;
    if (count <= FEW_KEYS)
        return find_duplicate_of_few(tree);
    return find_duplicate_of_many(tree, count, arena);
}

bool
json_parse(struct arena *arena, struct bytes text, const struct json_limits *limits,
           const struct json **ret_tree, struct error *err)
{
    static once_flag once = ONCE_FLAG_INIT;
    struct json_scan scan;
    const char *duplicate;
    cJSON *tree;

    if (!json_scan(arena, text, limits, &scan, err))
        return false;
    call_once(&once, use_arenas);
    tree_arena = arena;
    /* The NUL counts: with the exact length cJSON refuses valid text. */
    tree = cJSON_ParseWithLengthOpts(scan.marked.data, scan.marked.size + 1, NULL, 1);
    tree_arena = NULL;
    if (!tree)
        return error_set(err, ERROR_REJECT, "json.malformed", "%zu bytes are not JSON", text.size);
    duplicate = scan.keys > 1 ? find_duplicate_key(tree, arena) : NULL;
    if (duplicate)
        return error_set(err, ERROR_REJECT, "json.duplicate_key",
                         "the key \"%.64s\" stands twice in one object", duplicate);
    *ret_tree = from_node(tree);
    return true;
}

bool
json_is_object(const struct json *value)
{
    return cJSON_IsObject(node(value));
}

bool
json_is_array(const struct json *value)
{
    return cJSON_IsArray(node(value));
}

bool
json_is_string(const struct json *value)
{
    return cJSON_IsString(node(value)) && node(value)->valuestring[0] != JSON_NUMBER_MARK;
}

bool
json_is_number(const struct json *value)
{
    return cJSON_IsString(node(value)) && node(value)->valuestring[0] == JSON_NUMBER_MARK;
}

bool
json_is_bool(const struct json *value)
{
    return cJSON_IsBool(node(value));
}

bool
json_is_null(const struct json *value)
{
    return cJSON_IsNull(node(value));
}

bool
json_is_true(const struct json *value)
{
    return cJSON_IsTrue(node(value));
}

const struct json *
json_get(const struct json *object, const char *key)
{
    if (!json_is_object(object))
        return NULL;
    return from_node(cJSON_GetObjectItemCaseSensitive(node(object), key));
}

const char *
json_string(const struct json *value)
{
    return json_is_string(value) ? node(value)->valuestring : NULL;
}

const char *
json_number(const struct json *value)
{
    return json_is_number(value) ? node(value)->valuestring + 1 : NULL;
}

bool
json_integer(const struct json *value, int64_t *ret_integer)
{
    const char *digits = json_number(value);
    bool negative;
    int64_t integer = 0;

    if (!digits)
        return false;
    negative = *digits == '-';
    digits += negative;
    for (; *digits; digits++) {
        int64_t digit = *digits - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(integer, 10, &integer) ||
            __builtin_add_overflow(integer, negative ? -digit : digit, &integer))
            return false;
    }
    *ret_integer = integer;
    return true;
}

const struct json *
json_first(const struct json *container)
{
    return container ? from_node(node(container)->child) : NULL;
}

const struct json *
json_next(const struct json *child)
{
    return from_node(node(child)->next);
}

const char *
json_key(const struct json *child)
{
    return node(child)->string;
}

size_t
json_count(const struct json *container)
{
    size_t count = 0;

    for (const struct json *child = json_first(container); child; child = json_next(child))
        count++;
    return count;
}

void
json_print(const struct json *value, struct text *text)
{
    const char *separator = "";

    if (!json_is_object(value) && !json_is_array(value)) {
        if (json_is_string(value))
            text_add_json_string(text, json_string(value));
        else if (json_is_number(value))
            text_add_string(text, json_number(value));
        else
            text_add_string(text, !json_is_bool(value)  ? "null"
                                  : json_is_true(value) ? "true"
                                                        : "false");
        return;
    }
    text_add_char(text, json_is_object(value) ? '{' : '[');
    for (const struct json *child = json_first(value); child; child = json_next(child)) {
        text_add_string(text, separator);
        separator = ",";
        if (json_is_object(value)) {
            text_add_json_string(text, json_key(child));
            text_add_char(text, ':');
        }
        json_print(child, text);
    }
    text_add_char(text, json_is_object(value) ? '}' : ']');
}
