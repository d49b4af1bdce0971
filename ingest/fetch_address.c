#include "ingest/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Ranges of the IANA special-purpose registries that are not the open internet. */
static const struct {
    uint32_t network;
    int32_t bits;
} private_v4[] = {
    {0x00000000, 8 }, /* 0.0.0.0/8, "this network" */
    {0x0a000000, 8 }, /* 10.0.0.0/8 */
    {0x64400000, 10}, /* 100.64.0.0/10, carrier NAT */
    {0x7f000000, 8 }, /* 127.0.0.0/8 */
    {0xa9fe0000, 16}, /* 169.254.0.0/16, link-local, metadata services */
    {0xac100000, 12}, /* 172.16.0.0/12 */
    {0xc0000000, 24}, /* 192.0.0.0/24 */
    {0xc0000200, 24}, /* 192.0.2.0/24, documentation; two more below */
    {0xc0a80000, 16}, /* 192.168.0.0/16 */
    {0xc6120000, 15}, /* 198.18.0.0/15, benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24 */
    {0xcb007100, 24}, /* 203.0.113.0/24 */
    {0xe0000000, 3 }, /* multicast, reserved, broadcast */
};

static bool
v4_is_private(uint32_t address)
{
    for (size_t i = 0; i < COUNT_OF(private_v4); i++)
        if (((address ^ private_v4[i].network) >> (32 - private_v4[i].bits)) == 0)
            return true;
    return false;
}

static uint32_t
v4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool
v6_is_private(const uint8_t *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};

    if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
        return v4_is_private(v4_at(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02) /* 2002::/16, 6to4 */
        return v4_is_private(v4_at(a + 2));
    if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02) /* 2001::/23, Teredo's tunnels among them */
        return true;
    return (a[0] & 0xe0) != 0x20; /* only 2000::/3 is the open internet */
}

bool
fetch_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return v4_is_private(
            ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return v6_is_private(
            ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return true;
}
