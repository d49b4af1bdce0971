#include "api/limit/client_address.h"

#include "fuzz/fuzz.h"

#include <string.h>

/*
 * Any X-Forwarded-For: from a peer that is not trusted it changes nothing; from a trusted one, what
 * stands left of an untrusted address changes nothing.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(1024);
    struct trusted_proxies proxies, nobody = {0};
    struct address proxy, stranger, found;
    struct bytes header;
    struct error err;
    char *text;

    MUST_HOLD(trusted_proxies_parse("10.0.0.0/8, fd00::/8", arena, &proxies, &err), "a constant");
    MUST_HOLD(address_parse("10.0.0.1", 8, &proxy), "a constant");
    MUST_HOLD(address_parse("192.0.2.7", 9, &stranger), "a constant");
    text = arena_printf(arena, "%.*s, 192.0.2.7, 10.1.1.1", (int)size, (const char *)data);
    header = (struct bytes){text, strlen(text)};
    found = client_address_find(&nobody, &proxy, &header, 1);
    MUST_HOLD(memcmp(&found, &proxy, sizeof found) == 0, "who is not trusted says nothing");
    found = client_address_find(&proxies, &proxy, &header, 1);
    MUST_HOLD(memcmp(&found, &stranger, sizeof found) == 0, "the right-most untrusted hop counts");
    header = (struct bytes){(const char *)data, size};
    client_address_find(&proxies, &proxy, &header, 1);
    arena_destroy(arena);
    return 0;
}
