#include "common/redis_address.h"

#include <string.h>

static const char scheme[] = "redis://";

static bool
refuse(struct error *err)
{
    return error_set(err, ERROR_FATAL, "redis.url",
                     "REDIS_URL is not redis://[:password@]host[:port][/database]");
}

static int
hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

    if (c >= '0' && c <= '9')
        return c - '0';
    return at ? (int)(at - digits) : -1;
}

/* NULL if a %xx is none, or hides a NUL. */
static const char *
decoded(struct arena *arena, const char *text, size_t size)
{
    char *out = arena_alloc(arena, size + 1);
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c == '%') {
            int high = size - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = size - i > 2 ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0 || high + low == 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[used++] = c;
    }
    out[used] = '\0';
    return out;
}

/* One to five digits, 1 to 65535. */
static bool
read_port(const char *text, size_t size, int32_t *ret_port)
{
    int32_t port = 0;

    if (size == 0 || size > 5)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (text[i] - '0');
    }
    *ret_port = port;
    return port >= 1 && port <= 65535;
}

bool
redis_address_parse(const char *url, struct arena *arena, struct redis_address *ret_address,
                    struct error *err)
{
    struct redis_address address = {.port = 6379, .database = "0"};
    const char *host = url + strlen(scheme), *end, *at, *colon;

    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return refuse(err);
    end = host + strcspn(host, "/");
    at = memrchr(host, '@', (size_t)(end - host));
    if (at) {
        colon = memchr(host, ':', (size_t)(at - host));
        if (!colon)
            return refuse(err);
        address.password = decoded(arena, colon + 1, (size_t)(at - colon - 1));
        if (!address.password)
            return refuse(err);
        host = at + 1;
    }
    colon = memrchr(host, ':', (size_t)(end - host));
    if (colon && !read_port(colon + 1, (size_t)(end - colon - 1), &address.port))
        return refuse(err);
    address.host = arena_copy(arena, host, (size_t)((colon ? colon : end) - host));
    if (*end == '/' && end[1] != '\0')
        address.database = arena_string(arena, end + 1);
    if (*address.host == '\0' || strlen(address.database) > 5 ||
        strspn(address.database, "0123456789") != strlen(address.database))
        return refuse(err);
    *ret_address = address;
    return true;
}
