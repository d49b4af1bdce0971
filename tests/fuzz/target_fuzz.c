#include "api/http/target.h"

#include "fuzz/fuzz.h"

#include <string.h>

/*
 * Of any printable target: what is accepted is decoded to clean text that is no longer than what
 * was sent, names no other place than it seems to, and writing it again with every byte escaped
 * gives the same. Copies end exactly, so that the sanitizer sees a read past the end.
 */
static void
check_clean(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        MUST_HOLD((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f,
                  "no control character is decoded");
}

static void
check_path(struct bytes path)
{
    check_clean(path);
    if (path.size == 1 && path.data[0] == '*')
        return;
    MUST_HOLD(path.size && path.data[0] == '/', "a path begins with a slash");
    MUST_HOLD(!memmem(path.data, path.size, "//", 2) && !memmem(path.data, path.size, "/../", 4) &&
                  !memmem(path.data, path.size, "/./", 3) && !memchr(path.data, '\\', path.size),
              "a path has one reading");
}

static char *
put_escaped(char *out, struct bytes text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (keep_slash && c == '/') {
            *out++ = '/';
            continue;
        }
        *out++ = '%';
        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
    return out;
}

static bool
same(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void
check_round_trip(const struct http_target *target, size_t size, struct arena *arena)
{
    char *text = arena_alloc(arena, size * 3 + 2 * HTTP_PARAMS_MAX + 2);
    char *out = put_escaped(text, target->path, true);
    struct http_target again;
    const struct http_refusal *refusal;

    for (size_t i = 0; i < target->param_count; i++) {
        *out++ = i ? '&' : '?';
        out = put_escaped(out, target->params[i].name, false);
        *out++ = '=';
        out = put_escaped(out, target->params[i].value, false);
    }
    MUST_HOLD(http_target_parse((struct bytes){text, (size_t)(out - text)}, "/udf", arena, &again,
                                &refusal),
              "what was decoded can be written again");
    MUST_HOLD(same(again.path, target->path) && again.param_count == target->param_count &&
                  !again.duplicate == !target->duplicate,
              "written again, a target is the same");
    for (size_t i = 0; i < target->param_count; i++)
        MUST_HOLD(same(again.params[i].name, target->params[i].name) &&
                      same(again.params[i].value, target->params[i].value),
                  "written again, a parameter is the same");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;
    struct http_target target;
    const struct http_refusal *refusal = NULL;
    char *copy;
    size_t total = 0;

    for (size_t i = 0; i < size; i++) {
        if (data[i] <= ' ' || data[i] >= 0x7f)
            return 0; /* http_parser lets none of these through */
    }
    arena = arena_create(1024);
    copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    if (http_target_parse((struct bytes){copy, size}, "/udf", arena, &target, &refusal)) {
        check_path(target.path);
        for (size_t i = 0; i < target.param_count; i++) {
            MUST_HOLD(target.params[i].name.size > 0, "a parameter has a name");
            check_clean(target.params[i].name);
            check_clean(target.params[i].value);
            total += target.params[i].name.size + target.params[i].value.size;
        }
        MUST_HOLD(target.path.size + total <= size, "decoding makes nothing longer");
        if (target.path.data[0] == '/')
            check_round_trip(&target, size, arena);
    } else {
        MUST_HOLD(refusal && refusal->status == 400, "what is refused has a reason");
    }
    free(copy);
    arena_destroy(arena);
    return 0;
}
