#include "api/http/clients.h"

#include "unit/check.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct http_peer
peer_of(const char *text)
{
    struct http_peer peer = {0};
    char mapped[64];

    snprintf(mapped, sizeof mapped, "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
    assert_int_equal(inet_pton(AF_INET6, mapped, peer.address), 1);
    return peer;
}

static void
test_same_client(void **state)
{
    static const struct {
        const char *name, *first, *second;
        bool want_same;
    } rows[] = {
        {"an IPv4 address is one client",            "192.0.2.1",   "192.0.2.1",        true },
        {"its neighbour is another",                 "192.0.2.1",   "192.0.2.2",        false},
        {"IPv6 addresses of one /64 are one client", "2001:db8::1", "2001:db8::ffff:1", true },
        {"the next /64 is another",                  "2001:db8::1", "2001:db8:0:1::1",  false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_clients *clients = http_clients_create(10);
        struct http_peer first = peer_of(rows[i].first), second = peer_of(rows[i].second);

        check_true(rows[i].name, http_clients_enter(clients, &first, 1));
        check_int(rows[i].name, !http_clients_enter(clients, &second, 1), rows[i].want_same);
        http_clients_destroy(clients);
    }
}

static void
test_leaving(void **state)
{
    struct http_clients *clients = http_clients_create(10);
    struct http_peer peer = peer_of("192.0.2.1");
    struct http_client *client = http_clients_enter(clients, &peer, 2);

    check_true("up to the cap all enter", http_clients_enter(clients, &peer, 2) == client);
    check_false("above it none does", http_clients_enter(clients, &peer, 2));
    http_clients_leave(clients, client);
    check_true("one may enter for one that left", http_clients_enter(clients, &peer, 2) == client);
    http_clients_leave(clients, client);
    http_clients_leave(clients, client);
    http_clients_destroy(clients);
}

/* Many more clients than buckets, entering and leaving in another order. */
static void
test_many(void **state)
{
    enum { COUNT = 2000 };
    struct http_clients *clients = http_clients_create(64);
    static struct http_client *entered[COUNT];
    struct http_peer peer = peer_of("10.0.0.0");

    for (int i = 0; i < COUNT; i++) {
        peer.address[14] = (uint8_t)(i >> 8);
        peer.address[15] = (uint8_t)i;
        entered[i] = http_clients_enter(clients, &peer, 1);
        check_true("each is a client of its own", entered[i]);
    }
    for (int i = 0; i < COUNT; i++)
        http_clients_leave(clients, entered[(i * 7) % COUNT]);
    check_true("the last one may come back", http_clients_enter(clients, &peer, 1));
    http_clients_destroy(clients);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_client),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
