#include "common/digest.h"

#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>

/* What a call of OpenSSL fails by here is want of memory, which ends the process. */
static void
require(bool done)
{
    if (!done)
        abort();
}

static void
write_hex(const unsigned char *hash, size_t digits, char *ret_hex)
{
    for (size_t i = 0; i < digits; i++)
        ret_hex[i] = "0123456789abcdef"[i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4];
    ret_hex[digits] = '\0';
}

void
digest_sha256_hex(const void *data, size_t size, size_t digits, char *ret_hex)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_size = 0;

    assert(digits <= DIGEST_SHA256_HEX);
    require(EVP_Digest(data, size, hash, &hash_size, EVP_sha256(), NULL) == 1 && hash_size == 32);
    write_hex(hash, digits, ret_hex);
}

struct digest {
    EVP_MD_CTX *context;
};

static void
begin(struct digest *digest)
{
    require(EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1);
}

struct digest *
digest_create(void)
{
    struct digest *digest = calloc(1, sizeof *digest);

    require(digest != NULL);
    digest->context = EVP_MD_CTX_new();
    require(digest->context != NULL);
    begin(digest);
    return digest;
}

void
digest_add(struct digest *digest, const void *data, size_t size)
{
    require(EVP_DigestUpdate(digest->context, data, size) == 1);
}

void
digest_finish(struct digest *digest, char ret_hex[DIGEST_SHA256_HEX + 1])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_size = 0;

    require(EVP_DigestFinal_ex(digest->context, hash, &hash_size) == 1 && hash_size == 32);
    write_hex(hash, DIGEST_SHA256_HEX, ret_hex);
    begin(digest);
}

void
digest_destroy(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

void
digest_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                   unsigned char ret_mac[DIGEST_MAC_BYTES])
{
    unsigned mac_size = 0;

    assert(key_size <= INT_MAX);
    require(HMAC(EVP_sha256(), key, (int)key_size, data, size, ret_mac, &mac_size) != NULL &&
            mac_size == DIGEST_MAC_BYTES);
}

bool
digest_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
