#include "api/cache/hash.h"
#include "api/limit/rate_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A client's bucket is in one of the ways of its set; the one used longest ago makes room. */
enum { SETS = 2048, WAYS = 4 };

struct held_bucket {
    struct address client;
    struct rate_bucket bucket;
};

struct rate_bank {
    pthread_mutex_t lock;
    struct rate_policy policy;
    struct held_bucket held[SETS][WAYS];
};

struct rate_bank *
rate_bank_create(const struct rate_policy *policy)
{
    struct rate_bank *bank = calloc(1, sizeof *bank);

    if (!bank)
        abort();
    pthread_mutex_init(&bank->lock, NULL);
    bank->policy = *policy;
    return bank;
}

void
rate_bank_destroy(struct rate_bank *bank)
{
    if (!bank)
        return;
    pthread_mutex_destroy(&bank->lock);
    free(bank);
}

static struct rate_bucket *
find(struct held_bucket *set, const struct address *client)
{
    struct held_bucket *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].bucket.at_ms != 0 && memcmp(&set[i].client, client, sizeof *client) == 0)
            return &set[i].bucket;
        if (set[i].bucket.at_ms < oldest->bucket.at_ms)
            oldest = &set[i];
    }
    oldest->client = *client;
    oldest->bucket = (struct rate_bucket){0};
    return &oldest->bucket;
}

struct rate_grant
rate_bank_take(struct rate_bank *bank, const struct address *client, int32_t asked, int64_t now_ms)
{
    size_t set = hash_bytes(client->bytes, sizeof client->bytes, 0) % SETS;
    struct rate_grant grant;

    pthread_mutex_lock(&bank->lock);
    grant = rate_bucket_take(find(bank->held[set], client), &bank->policy, asked, now_ms);
    pthread_mutex_unlock(&bank->lock);
    return grant;
}
