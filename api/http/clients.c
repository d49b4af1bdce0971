#include "api/http/clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct http_client {
    struct http_client *next;
    uint64_t key;
    uint32_t count;
};

struct http_clients {
    uint64_t secret; /* so that nobody can choose addresses that share a bucket */
    size_t mask;
    struct http_client *buckets[];
};

struct http_clients *
http_clients_create(size_t connections_max)
{
    size_t count = 64;
    struct http_clients *clients;

    while (count < connections_max)
        count *= 2;
    clients = calloc(1, sizeof *clients + count * sizeof(struct http_client *));
    if (!clients) {
        fputs("out of memory\n", stderr);
        abort();
    }
    clients->mask = count - 1;
    if (getrandom(&clients->secret, sizeof clients->secret, 0) != sizeof clients->secret)
        clients->secret = (uintptr_t)clients; /* where the heap lies is random as well */
    return clients;
}

void
http_clients_destroy(struct http_clients *clients)
{
    if (!clients)
        return;
    for (size_t i = 0; i <= clients->mask; i++) {
        while (clients->buckets[i]) {
            struct http_client *client = clients->buckets[i];

            clients->buckets[i] = client->next;
            free(client);
        }
    }
    free(clients);
}

/* The /64 of an IPv6 address, or an IPv4 address, which its mapped form keeps in the last bytes. */
static uint64_t
key_of(const struct http_peer *peer)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = memcmp(peer->address, mapped, sizeof mapped) == 0;
    uint64_t key;

    memcpy(&key, peer->address + (is_v4 ? 8 : 0), sizeof key);
    return key;
}

/* A mix good enough for a bucket (the finaliser of MurmurHash3). */
static struct http_client **
bucket_of(struct http_clients *clients, uint64_t key)
{
    uint64_t mix = key ^ clients->secret;

    mix = (mix ^ mix >> 33) * 0xff51afd7ed558ccdULL;
    mix = (mix ^ mix >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return &clients->buckets[(mix ^ mix >> 33) & clients->mask];
}

struct http_client *
http_clients_enter(struct http_clients *clients, const struct http_peer *peer, uint32_t max)
{
    uint64_t key = key_of(peer);
    struct http_client **bucket = bucket_of(clients, key);
    struct http_client *client = *bucket;

    while (client && client->key != key)
        client = client->next;
    if (client && client->count >= max)
        return NULL;
    if (!client) {
        client = calloc(1, sizeof *client);
        if (!client)
            return NULL;
        client->key = key;
        client->next = *bucket;
        *bucket = client;
    }
    client->count++;
    return client;
}

void
http_clients_leave(struct http_clients *clients, struct http_client *client)
{
    struct http_client **at = bucket_of(clients, client->key);

    if (--client->count)
        return;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    free(client);
}
