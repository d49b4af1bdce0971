#ifndef TIDEMARK_API_LIMIT_CLIENT_ADDRESS_H
#define TIDEMARK_API_LIMIT_CLIENT_ADDRESS_H

#include "api/http/request.h"
#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who a client is, for limits: its address, as far as it can be believed. Pure.
 * All addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d.
 */
struct address {
    uint8_t bytes[16];
};

/* A network: the first `prefix_bits` bits of `base` (0..128). */
struct network {
    struct address base;
    int32_t prefix_bits;
};

struct trusted_proxies {
    const struct network *networks;
    size_t count;
};

/*
 * Reads TRUSTED_PROXIES: addresses and networks with commas, "127.0.0.1, 10.0.0.0/8, fd00::/8".
 * "" trusts nobody. Errors: fatal "settings.invalid".
 */
MUST_CHECK bool trusted_proxies_parse(const char *text, struct arena *arena,
                                      struct trusted_proxies *ret_proxies, struct error *err);
bool trusted_proxies_contain(const struct trusted_proxies *proxies, const struct address *address);

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]:443", "192.0.2.1:443"; false for anything else. */
MUST_CHECK bool address_parse(const char *text, size_t size, struct address *ret_address);

/*
 * The address to limit. Only a trusted proxy is asked for whom it speaks: then all X-Forwarded-For
 * headers (`forwarded`, in the order they came) are one list, walked from the right past trusted
 * hops; the first hop that is not trusted is the client. What stands left of it, and a header from
 * anybody else, is what the client made up. A hop that is no address ends the walk.
 */
struct address client_address_find(const struct trusted_proxies *proxies,
                                   const struct address *peer, const struct bytes *forwarded,
                                   size_t forwarded_count);

/*
 * What one bucket stands for: an IPv4 address, or an IPv6 /64, because a client owns all of that
 * and could use a new address for each request.
 */
struct address client_address_bucket(const struct address *client);

#define ADDRESS_TEXT_SIZE 48
/* "192.0.2.1" or "2001:db8::1". Returns `text`. */
const char *address_text(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

#endif
