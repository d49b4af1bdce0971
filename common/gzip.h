#ifndef TIDEMARK_COMMON_GZIP_H
#define TIDEMARK_COMMON_GZIP_H

#include "common/arena.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The only door to zlib. */

/* `plain` as one gzip member in `arena`; `level` from 1 (fast) to 9 (small). Any thread. */
struct bytes gzip_compress(struct arena *arena, struct bytes plain, int32_t level);

/*
 * Writes what can be read from `from_fd` to a new file at `to_path`, replacing an old one.
 * Errors: retry "gzip.file"; a half-written file is removed.
 */
MUST_CHECK bool gzip_file(int from_fd, const char *to_path, int32_t level, struct error *err);

/*
 * Packing and unpacking of what is too large for memory: bytes go in a stretch at a time, and what
 * comes out goes to `put`, in stretches of at most 64 KiB that live until it returns. The same
 * bytes always pack into the same bytes: no time and no name is in them.
 * An error is one of `put`; after it only destroying helps. One thread.
 */
typedef bool gzip_put(void *context, struct bytes piece, struct error *err);

struct gzip_packer;
struct gzip_packer *gzip_packer_create(int32_t level, gzip_put *put, void *context);
MUST_CHECK bool gzip_packer_add(struct gzip_packer *packer, struct bytes plain, struct error *err);
MUST_CHECK bool gzip_packer_finish(struct gzip_packer *packer, struct error *err);
void gzip_packer_destroy(struct gzip_packer *packer); /* NULL is fine */

/* Takes one gzip member. Also errors: reject "gzip.malformed": not gzip, cut off, or longer. */
struct gzip_unpacker;
struct gzip_unpacker *gzip_unpacker_create(gzip_put *put, void *context);
MUST_CHECK bool gzip_unpacker_add(struct gzip_unpacker *unpacker, struct bytes packed,
                                  struct error *err);
MUST_CHECK bool gzip_unpacker_finish(struct gzip_unpacker *unpacker, struct error *err);
void gzip_unpacker_destroy(struct gzip_unpacker *unpacker); /* NULL is fine */

#endif
