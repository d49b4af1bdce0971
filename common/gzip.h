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

#endif
