#include "api/limit/client_address.h"

#include "unit/check.h"

static const struct {
    const char *name, *trusted, *peer, *forwarded[3], *want;
} rows[] = {
    {"nobody is trusted: the peer",                "",                "192.0.2.1", {"10.9.8.7"},          "192.0.2.1"  },
    {"no header: the proxy itself",                "10.0.0.0/8",      "10.0.0.1",  {NULL},                "10.0.0.1"   },
    {"a trusted proxy speaks for its client",      "10.0.0.1",        "10.0.0.1",  {"192.0.2.7"},         "192.0.2.7"  },
    {"what the client made up stands to the left",
     "10.0.0.1",                                                      "10.0.0.1",
     {"1.1.1.1, 192.0.2.7"},
     "192.0.2.7"                                                                                                       },
    {"trusted hops are passed over",
     "10.0.0.0/8",                                                    "10.0.0.1",
     {"1.1.1.1, 192.0.2.7, 10.0.0.9"},
     "192.0.2.7"                                                                                                       },
    {"several headers are one list",
     "10.0.0.0/8",                                                    "10.0.0.1",
     {"1.1.1.1", "192.0.2.7", "10.0.0.9"},
     "192.0.2.7"                                                                                                       },
    {"an untrusted peer's header says nothing",
     "10.0.0.0/8",                                                    "192.0.2.1",
     {"10.0.0.9"},
     "192.0.2.1"                                                                                                       },
    {"all hops trusted: the first of them",
     "10.0.0.0/8",                                                    "10.0.0.1",
     {"10.0.0.3, 10.0.0.2"},
     "10.0.0.3"                                                                                                        },
    {"rubbish ends the walk",
     "10.0.0.0/8",                                                    "10.0.0.1",
     {"192.0.2.7, rubbish, 10.0.0.2"},
     "10.0.0.2"                                                                                                        },
    {"an empty element ends the walk",             "10.0.0.0/8",      "10.0.0.1",  {"192.0.2.7,"},        "10.0.0.1"   },
    {"a port is cut off",                          "10.0.0.1",        "10.0.0.1",  {"192.0.2.7:4711"},    "192.0.2.7"  },
    {"IPv6 in brackets with a port",               "10.0.0.1",        "10.0.0.1",  {"[2001:db8::1]:443"}, "2001:db8::1"},
    {"plain IPv6",                                 "fd00::/8",        "fd00::1",   {"2001:db8::1"},       "2001:db8::1"},
    {"mapped IPv4 is IPv4",                        "::ffff:10.0.0.1", "10.0.0.1",  {"::ffff:192.0.2.7"},  "192.0.2.7"  },
    {"a zone is no address",                       "10.0.0.1",        "10.0.0.1",  {"fe80::1%eth0"},      "10.0.0.1"   },
};

static struct address
address(const char *text)
{
    struct address parsed;

    if (!address_parse(text, strlen(text), &parsed))
        fail_msg("%s is no address", text);
    return parsed;
}

static void
the_client_is_the_right_most_hop_that_is_not_trusted(void **state)
{
    struct arena *arena = arena_create(1024);
    char text[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes forwarded[3];
        struct trusted_proxies proxies;
        struct address peer = address(rows[i].peer), client;
        struct error err;
        size_t count = 0;

        for (; count < 3 && rows[i].forwarded[count]; count++)
            forwarded[count] =
                (struct bytes){rows[i].forwarded[count], strlen(rows[i].forwarded[count])};
        check_true(rows[i].name, trusted_proxies_parse(rows[i].trusted, arena, &proxies, &err));
        client = client_address_find(&proxies, &peer, forwarded, count);
        check_string(rows[i].name, address_text(&client, text), rows[i].want);
    }
    arena_destroy(arena);
}

static const struct {
    const char *name, *network, *address;
    bool inside;
} networks[] = {
    {"an address is a network of one", "192.0.2.1",     "192.0.2.1",        true },
    {"and of no other",                "192.0.2.1",     "192.0.2.2",        false},
    {"whole bytes",                    "10.0.0.0/8",    "10.255.1.1",       true },
    {"bits within a byte",             "192.0.2.64/26", "192.0.2.127",      true },
    {"past the end",                   "192.0.2.64/26", "192.0.2.128",      false},
    {"/0 is all of IPv4",              "0.0.0.0/0",     "203.0.113.9",      true },
    {"but no IPv6",                    "0.0.0.0/0",     "2001:db8::1",      false},
    {"IPv6",                           "2001:db8::/33", "2001:db8:7fff::1", true },
    {"IPv6 past the end",              "2001:db8::/33", "2001:db8:8000::1", false},
};

static void
networks_contain_what_they_say(void **state)
{
    struct arena *arena = arena_create(1024);
    struct trusted_proxies proxies;
    struct error err;

    for (size_t i = 0; i < COUNT_OF(networks); i++) {
        struct address inside = address(networks[i].address);

        check_true(networks[i].name,
                   trusted_proxies_parse(networks[i].network, arena, &proxies, &err));
        check_int(networks[i].name, trusted_proxies_contain(&proxies, &inside), networks[i].inside);
    }
    arena_destroy(arena);
}

static const char *const not_networks[] = {"localhost",    "10.0.0.0/33", "10.0.0.0/",
                                           "10.0.0.0/-1",  "::/129",      "10.0.0",
                                           "10.0.0.1/8/8", "1.2.3.4 5"};

static void
what_is_no_network_is_refused(void **state)
{
    struct arena *arena = arena_create(1024);
    struct trusted_proxies proxies;
    struct error err;

    for (size_t i = 0; i < COUNT_OF(not_networks); i++)
        check_error(not_networks[i], trusted_proxies_parse(not_networks[i], arena, &proxies, &err),
                    &err, "settings.invalid");
    arena_destroy(arena);
}

static void
an_ipv6_client_is_limited_with_its_64(void **state)
{
    struct address one = address("2001:db8:1:2:3:4:5:6"), four = address("192.0.2.7");
    struct address bucket = client_address_bucket(&one);
    char text[ADDRESS_TEXT_SIZE];

    check_string("IPv6", address_text(&bucket, text), "2001:db8:1:2::");
    bucket = client_address_bucket(&four);
    check_string("IPv4", address_text(&bucket, text), "192.0.2.7");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_the_right_most_hop_that_is_not_trusted),
        cmocka_unit_test(networks_contain_what_they_say),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(an_ipv6_client_is_limited_with_its_64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
