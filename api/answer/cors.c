#include "api/answer/cors.h"

#include <string.h>

enum {
    ORIGIN_MAX = 255,
    HEADERS_MAX = 1024, /* bytes of a requested list; browsers send tens of them */
};

/* What a page may read beside the headers that any page may. */
#define EXPOSED                                                                                    \
    "Access-Control-Expose-Headers: ETag, Link, Retry-After, RateLimit, RateLimit-Policy, "        \
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, Age, Location, "   \
    "Idempotency-Replayed, Cache-Status, Warning, Content-Disposition, Allow, Date, "              \
    "total, per-page\r\n"

/* A day; browsers cut it down to what they like. */
#define MAX_AGE "Access-Control-Max-Age: 86400\r\n"

/* ----------------------------------------------------------------------------------- parsing */

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static size_t
span(struct bytes text, const char *of)
{
    size_t size = 0;

    while (size < text.size && strchr(of, text.data[size]))
        size++;
    return size;
}

static struct bytes
skip(struct bytes text, size_t size)
{
    return (struct bytes){text.data + size, text.size - size};
}

static bool
begins_with(struct bytes text, const char *with)
{
    return text.size >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

/* "name.of.host" or "[::1]"; 0 = neither. */
static size_t
host_size(struct bytes text)
{
    size_t size;

    if (!begins_with(text, "["))
        return span(text, LOWER DIGITS ".-_");
    size = 1 + span(skip(text, 1), DIGITS "abcdef:.");
    return size > 1 && size < text.size && text.data[size] == ']' ? size + 1 : 0;
}

/* Exactly what a browser would send (RFC 6454, section 7): anything else would never match. */
static bool
is_origin(struct bytes text)
{
    size_t scheme = span(text, LOWER DIGITS "+.-"), host;

    if (scheme == 0 || text.size > ORIGIN_MAX || !begins_with(skip(text, scheme), "://"))
        return false;
    text = skip(text, scheme + 3);
    host = host_size(text);
    if (host == 0)
        return false;
    text = skip(text, host);
    if (text.size == 0)
        return true;
    return *text.data == ':' && text.size > 1 && span(skip(text, 1), DIGITS) == text.size - 1;
}

static struct bytes
make_lines(struct bytes origin, struct arena *arena)
{
    char *text = arena_printf(arena, "Access-Control-Allow-Origin: %.*s\r\n" EXPOSED,
                              (int)origin.size, origin.data);

    return (struct bytes){text, strlen(text)};
}

bool
cors_parse(const char *text, struct arena *arena, struct cors *ret_cors, struct error *err)
{
    struct cors_origin *origins;
    size_t count = 1;

    *ret_cors = (struct cors){.origin_count = 0};
    if (strcmp(text, "*") == 0)
        ret_cors->any = make_lines((struct bytes){"*", 1}, arena);
    if (strcmp(text, "*") == 0 || strcmp(text, "none") == 0)
        return true;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    origins = arena_alloc_array(arena, count, sizeof *origins);
    count = 0;
    for (text += strspn(text, ", \t"); *text; text += strspn(text, ", \t")) {
        struct bytes origin = {text, strcspn(text, ", \t")};

        if (!is_origin(origin))
            return error_set(err, ERROR_FATAL, "settings.invalid",
                             "CORS_ORIGINS: \"%.*s\" is no origin: https://app.example, or with a "
                             "port, in lower case; or * or none alone",
                             (int)(origin.size < 64 ? origin.size : 64), origin.data);
        origin.data = arena_copy(arena, origin.data, origin.size);
        origins[count++] = (struct cors_origin){origin, make_lines(origin, arena)};
        text += origin.size;
    }
    ret_cors->origins = origins;
    ret_cors->origin_count = count;
    return true;
}

/* ----------------------------------------------------------------------------------- answers */

struct bytes
cors_lines(const struct cors *cors, struct bytes origin)
{
    for (size_t i = 0; origin.data && i < cors->origin_count; i++) {
        const struct cors_origin *listed = &cors->origins[i];

        if (listed->origin.size == origin.size &&
            memcmp(listed->origin.data, origin.data, origin.size) == 0)
            return listed->lines;
    }
    return cors->any;
}

bool
cors_varies(const struct cors *cors)
{
    return cors->origin_count > 0;
}

/* Names with commas (RFC 9110, section 5.6.2), so that nothing else comes back in a header. */
static bool
is_name_list(struct bytes text)
{
    return text.size > 0 && text.size <= HEADERS_MAX &&
           span(text, LOWER DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~, ") == text.size;
}

void
cors_add_preflight(struct text *head, const char *methods, struct bytes requested_headers)
{
    text_add_string(head, "Access-Control-Allow-Methods: ");
    text_add_string(head, methods);
    text_add_string(head, "\r\n" MAX_AGE);
    if (!is_name_list(requested_headers))
        return;
    text_add_string(head, "Access-Control-Allow-Headers: ");
    text_add(head, requested_headers.data, requested_headers.size);
    text_add_string(head, "\r\n");
}
