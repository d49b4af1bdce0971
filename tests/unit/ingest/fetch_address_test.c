#include "ingest/fetch.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static bool
is_private(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return fetch_is_private((struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return fetch_is_private((struct sockaddr *)&v6);
}

static void
private_addresses_are_known(void **state)
{
    static const struct {
        const char *name, *address;
        bool want;
    } rows[] = {
        {"a public address",                   "18.65.39.4",         false},
        {"a public IPv6 address",              "2600:9000:2210::1",  false},
        {"loopback",                           "127.0.0.1",          true },
        {"all of loopback",                    "127.255.1.2",        true },
        {"unspecified",                        "0.0.0.0",            true },
        {"10/8",                               "10.1.2.3",           true },
        {"just below 10/8",                    "9.255.255.255",      false},
        {"just above 10/8",                    "11.0.0.0",           false},
        {"172.16/12",                          "172.31.255.255",     true },
        {"just above 172.16/12",               "172.32.0.0",         false},
        {"192.168/16",                         "192.168.0.1",        true },
        {"the cloud's metadata",               "169.254.169.254",    true },
        {"carrier NAT",                        "100.64.0.1",         true },
        {"just above carrier NAT",             "100.128.0.1",        false},
        {"documentation",                      "203.0.113.9",        true },
        {"multicast",                          "224.0.0.1",          true },
        {"broadcast",                          "255.255.255.255",    true },
        {"IPv6 loopback",                      "::1",                true },
        {"IPv6 unspecified",                   "::",                 true },
        {"IPv6 link-local",                    "fe80::1",            true },
        {"IPv6 unique local",                  "fd00::1",            true },
        {"IPv6 multicast",                     "ff02::1",            true },
        {"IPv4 loopback mapped into IPv6",     "::ffff:127.0.0.1",   true },
        {"a public IPv4 mapped into IPv6",     "::ffff:18.65.39.4",  false},
        {"metadata behind NAT64",              "64:ff9b::a9fe:a9fe", true },
        {"a private IPv4 in 6to4",             "2002:0a00:0001::1",  true },
        {"a tunnel of Teredo",                 "2001:0:a00:1::1",    true },
        {"just above the protocols' own",      "2001:200::1",        false},
        {"an IPv4 in the old compatible form", "::127.0.0.1",        true },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check_int(rows[i].name, is_private(rows[i].address), rows[i].want);
}

static void
other_families_are_private(void **state)
{
    struct sockaddr local = {.sa_family = AF_UNIX};

    check_true("a socket file", fetch_is_private(&local));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_addresses_are_known),
        cmocka_unit_test(other_families_are_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
