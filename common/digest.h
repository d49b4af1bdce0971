#ifndef TIDEMARK_COMMON_DIGEST_H
#define TIDEMARK_COMMON_DIGEST_H

#include <stddef.h>

enum { DIGEST_SHA256_HEX = 64 };

/*
 * The only door to OpenSSL's digests: the first `digits` (at most DIGEST_SHA256_HEX) hex digits of
 * the SHA-256 of `size` bytes, and a NUL, into memory of the caller.
 */
void digest_sha256_hex(const void *data, size_t size, size_t digits, char *ret_hex);

#endif
