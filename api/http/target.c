#include "api/http/target.h"

#include "common/hex.h"
#include "common/utf8.h"

#include <stdint.h>
#include <string.h>

static const struct http_refusal bad_target = {400, "http.target",
                                               "The path or query of the request is malformed."},
                                 many_params = {400, "http.target",
                                                "The query has more than 32 parameters."};

/* Which bytes may stand in a path as they are (RFC 3986, pchar and '/'). */
static const bool path_bytes[256] = {
    ['!'] = true,         ['$'] = true, ['%'] = true, ['&'] = true,         ['\''] = true,
    ['('] = true,         [')'] = true, ['*'] = true, ['+'] = true,         [','] = true,
    ['-'] = true,         ['.'] = true, ['/'] = true, ['0' ... '9'] = true, [':'] = true,
    [';'] = true,         ['='] = true, ['@'] = true, ['A' ... 'Z'] = true, ['_'] = true,
    ['a' ... 'z'] = true, ['~'] = true,
};

static bool
is_clean_utf8(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;

    while (at < end) {
        size_t step = utf8_length(at, end);

        /* Controls, and C1 controls (U+0080 ... U+009F) as well: terminals obey them. */
        if (!step || at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
            return false;
        at += step;
    }
    return true;
}

/* Decodes %XX, and in a query '+'. `*text` points to the result, in `arena` if it changed. */
static bool
decode(struct bytes *text, bool is_query, struct arena *arena)
{
    size_t size = 0;
    char *out;

    if (!memchr(text->data, '%', text->size) && !(is_query && memchr(text->data, '+', text->size)))
        return true;
    out = arena_alloc(arena, text->size);
    for (size_t i = 0; i < text->size; i++) {
        char c = text->data[i];

        if (c == '%') {
            int high = text->size - i > 2 ? hex_value(text->data[i + 1]) : -1;
            int low = text->size - i > 2 ? hex_value(text->data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            if (!is_query && (c == '/' || c == '\\'))
                return false;
            i += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        out[size++] = c;
    }
    *text = (struct bytes){out, size};
    return is_clean_utf8(out, size);
}

/* No empty segment but the last one, no "." and "..": each hop would resolve them differently. */
static bool
segments_are_plain(struct bytes path)
{
    const char *end = path.data + path.size;
    const char *segment = path.data + 1;

    for (;;) {
        const char *slash = memchr(segment, '/', (size_t)(end - segment));
        size_t size = (size_t)((slash ? slash : end) - segment);

        if ((slash && !size) || (size == 1 && segment[0] == '.') ||
            (size == 2 && segment[0] == '.' && segment[1] == '.'))
            return false;
        if (!slash)
            return true;
        segment = slash + 1;
    }
}

static struct bytes
without_doubled_slashes(struct bytes path, struct arena *arena)
{
    char *out = arena_alloc(arena, path.size);
    size_t size = 0;

    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '/' || size == 0 || out[size - 1] != '/')
            out[size++] = path.data[i];
    }
    return (struct bytes){out, size};
}

/* `prefix` and then a slash. */
static bool
is_under(struct bytes path, const char *prefix)
{
    size_t size = prefix ? strlen(prefix) : 0;

    return prefix && path.size > size && memcmp(path.data, prefix, size) == 0 &&
           path.data[size] == '/';
}

static bool
parse_path(struct bytes path, const char *doubling_prefix, struct arena *arena,
           struct http_target *target)
{
    for (size_t i = 0; i < path.size; i++) {
        if (!path_bytes[(unsigned char)path.data[i]])
            return false;
    }
    target->path = path;
    if (!decode(&target->path, false, arena))
        return false;
    if (is_under(target->path, doubling_prefix) && memmem(path.data, path.size, "//", 2))
        target->path = without_doubled_slashes(target->path, arena);
    return segments_are_plain(target->path);
}

static bool
same(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool
add_param(struct http_target *target, struct bytes pair, struct arena *arena)
{
    struct http_param *param = &target->params[target->param_count];
    const char *equals = memchr(pair.data, '=', pair.size);

    param->name = pair;
    param->value = (struct bytes){pair.data + pair.size, 0};
    if (equals) {
        param->name.size = (size_t)(equals - pair.data);
        param->value = (struct bytes){equals + 1, pair.size - param->name.size - 1};
    }
    if (!param->name.size || !decode(&param->name, true, arena) ||
        !decode(&param->value, true, arena))
        return false;
    for (size_t i = 0; i < target->param_count && !target->duplicate; i++) {
        if (same(target->params[i].name, param->name))
            target->duplicate = param;
    }
    target->param_count++;
    return true;
}

static const struct http_refusal *
parse_query(struct bytes query, struct arena *arena, struct http_target *target)
{
    const char *at = query.data, *end = query.data + query.size;

    if (memchr(query.data, '#', query.size))
        return &bad_target;
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        struct bytes pair = {at, (size_t)((stop ? stop : end) - at)};

        if (pair.size) { /* "a=1&&b=2" and a last '&' are common and harmless */
            if (target->param_count == HTTP_PARAMS_MAX)
                return &many_params;
            if (!add_param(target, pair, arena))
                return &bad_target;
        }
        at = stop ? stop + 1 : end;
    }
    return NULL;
}

bool
http_target_parse(struct bytes text, const char *doubling_prefix, struct arena *arena,
                  struct http_target *ret_target, const struct http_refusal **ret_refusal)
{
    const char *mark = memchr(text.data, '?', text.size);
    size_t path_size = mark ? (size_t)(mark - text.data) : text.size;
    const struct http_refusal *refusal = NULL;

    ret_target->path = (struct bytes){text.data, path_size};
    ret_target->query = (struct bytes){text.data + text.size, 0};
    ret_target->param_count = 0;
    ret_target->duplicate = NULL;
    if (text.size == 1 && text.data[0] == '*')
        return true;
    if (path_size == 0 || text.data[0] != '/' ||
        !parse_path(ret_target->path, doubling_prefix, arena, ret_target))
        refusal = &bad_target;
    if (!refusal && mark) {
        ret_target->query = (struct bytes){mark + 1, text.size - path_size - 1};
        refusal = parse_query(ret_target->query, arena, ret_target);
    }
    if (refusal)
        *ret_refusal = refusal;
    return !refusal;
}

bool
http_target_param(const struct http_target *target, const char *name, struct bytes *ret_value)
{
    struct bytes wanted = {name, strlen(name)};

    for (size_t i = 0; i < target->param_count; i++) {
        if (same(target->params[i].name, wanted)) {
            *ret_value = target->params[i].value;
            return true;
        }
    }
    return false;
}
