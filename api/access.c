#include "api/access.h"

#include "common/digest.h"

#include <string.h>
#include <strings.h>

/* The key that was brought; `data` NULL = none. */
static struct bytes
brought_key(const struct access_headers *headers)
{
    static const char scheme[] = "Bearer ";
    struct bytes key = headers->authorization;

    if (headers->api_key.data)
        return headers->api_key;
    if (!key.data || key.size < sizeof scheme || strncasecmp(key.data, scheme, sizeof scheme - 1))
        return (struct bytes){NULL, 0};
    key.data += sizeof scheme - 1;
    key.size -= sizeof scheme - 1;
    return key;
}

/* Digests are compared, not keys, so that keys of different sizes take as long as others. */
static bool
is_key(struct bytes key, const char *expected)
{
    char one[DIGEST_SHA256_HEX + 1], other[DIGEST_SHA256_HEX + 1];

    digest_sha256_hex(key.data, key.size, DIGEST_SHA256_HEX, one);
    digest_sha256_hex(expected, strlen(expected), DIGEST_SHA256_HEX, other);
    return digest_equal(one, other, DIGEST_SHA256_HEX);
}

enum route_access
access_wanted(enum route_access of_route, bool orders_are_for_admins)
{
    if (of_route != ACCESS_ORDER)
        return of_route;
    return orders_are_for_admins ? ACCESS_ADMIN : ACCESS_ANYONE;
}

enum access_verdict
access_check(enum route_access wanted, const char *admin_key, const struct access_headers *headers)
{
    struct bytes key;

    if (wanted == ACCESS_ANYONE)
        return ACCESS_GRANTED;
    key = brought_key(headers);
    if (!key.data || key.size == 0)
        return ACCESS_NO_KEY;
    /* The one key there is opens all that any key opens. */
    return *admin_key && is_key(key, admin_key) ? ACCESS_GRANTED : ACCESS_WRONG_KEY;
}
