#include "common/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

void
digest_sha256_hex(const void *data, size_t size, size_t digits, char *ret_hex)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_size = 0;

    assert(digits <= DIGEST_SHA256_HEX);
    if (EVP_Digest(data, size, hash, &hash_size, EVP_sha256(), NULL) != 1 || hash_size != 32)
        abort(); /* no memory */
    for (size_t i = 0; i < digits; i++)
        ret_hex[i] = "0123456789abcdef"[i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4];
    ret_hex[digits] = '\0';
}
