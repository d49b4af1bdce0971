#include "api/redact.h"

#include "common/attributes.h"
#include "common/hex.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const key_names[] = {"x_cg_demo_api_key", "x_cg_pro_api_key", "api_key"};

struct output {
    char *at, *end; /* `end` is where the NUL may stand at the latest */
};

static void
put(struct output *output, const char *data, size_t size)
{
    size_t room = (size_t)(output->end - output->at);

    output->at = mempcpy(output->at, data, size < room ? size : room);
}

/* Whether `name`, decoded, is `wanted` in any case. */
static bool
is_named(struct bytes name, const char *wanted)
{
    const char *at = name.data, *end = name.data + name.size;

    while (at < end && *wanted) {
        int high = *at == '%' && end - at > 2 ? hex_value(at[1]) : -1;
        int low = high >= 0 ? hex_value(at[2]) : -1;
        char c = low >= 0 ? (char)(high << 4 | low) : *at;

        if (strncasecmp(&c, wanted++, 1) != 0)
            return false;
        at += low >= 0 ? 3 : 1;
    }
    return at == end && !*wanted;
}

static bool
is_key(struct bytes name)
{
    for (size_t i = 0; i < COUNT_OF(key_names); i++) {
        if (is_named(name, key_names[i]))
            return true;
    }
    return false;
}

static void
put_pair(struct output *output, struct bytes pair)
{
    const char *equals = memchr(pair.data, '=', pair.size);
    struct bytes name = {pair.data, equals ? (size_t)(equals - pair.data) : pair.size};

    if (equals && is_key(name)) {
        put(output, name.data, name.size + 1);
        put(output, "***", 3);
    } else {
        put(output, pair.data, pair.size);
    }
}

/* With as many slashes as were sent: "/udf//k/KEY/config" is one, too. */
static const char *
skip_segment(const char *at, const char *end, const char *wanted)
{
    const char *stop;

    while (at < end && *at == '/')
        at++;
    stop = memchr(at, '/', (size_t)(end - at));
    return stop && is_named((struct bytes){at, (size_t)(stop - at)}, wanted) ? stop : NULL;
}

static void
put_path(struct output *output, struct bytes path)
{
    const char *end = path.data + path.size, *key = skip_segment(path.data, end, "udf"), *rest;

    if (key)
        key = skip_segment(key, end, "k");
    while (key && key < end && *key == '/')
        key++;
    if (!key || key == end) {
        put(output, path.data, path.size);
        return;
    }
    rest = memchr(key, '/', (size_t)(end - key));
    put(output, path.data, (size_t)(key - path.data));
    put(output, "***", 3);
    if (rest)
        put(output, rest, (size_t)(end - rest));
}

char *
redact_target(struct bytes target, char *text, size_t size)
{
    struct output output = {text, text + size - 1};
    const char *end = target.data + target.size;
    const char *mark = target.size ? memchr(target.data, '?', target.size) : NULL;

    put_path(&output, (struct bytes){target.data, (size_t)((mark ? mark : end) - target.data)});
    for (const char *at = mark; at && at < end;) {
        const char *stop = memchr(at + 1, '&', (size_t)(end - at - 1));

        put(&output, at, 1); /* the '?' or '&' */
        put_pair(&output, (struct bytes){at + 1, (size_t)((stop ? stop : end) - at - 1)});
        at = stop;
    }
    *output.at = '\0';
    return text;
}
