#ifndef TIDEMARK_COMMON_DIGEST_H
#define TIDEMARK_COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_SHA256_HEX = 64 };

/*
 * The only door to OpenSSL. The first `digits` (at most DIGEST_SHA256_HEX) hex digits of
 * the SHA-256 of `size` bytes, and a NUL, into memory of the caller.
 */
void digest_sha256_hex(const void *data, size_t size, size_t digits, char *ret_hex);

/* The same of bytes that come one stretch after the other. */
struct digest;
struct digest *digest_create(void); /* never NULL */
void digest_add(struct digest *digest, const void *data, size_t size);
/* All digits and a NUL; it begins anew after that. */
void digest_finish(struct digest *digest, char ret_hex[DIGEST_SHA256_HEX + 1]);
void digest_destroy(struct digest *digest); /* NULL is fine */

enum { DIGEST_MAC_BYTES = 32 };

/* HMAC-SHA-256 (RFC 2104): what only someone with the key can have made of these bytes. */
void digest_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                        unsigned char ret_mac[DIGEST_MAC_BYTES]);

/* Whether two secrets of the same size are the same, in a time that does not tell where they
 * differ. */
bool digest_equal(const void *a, const void *b, size_t size);

#endif
