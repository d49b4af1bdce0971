#include "common/gzip.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* zlib: 15 bits of window, and 16 more to ask for the gzip format. */
enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 };

struct bytes
gzip_compress(struct arena *arena, struct bytes plain, int32_t level)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.size};
    size_t room;
    char *packed;
    int result;

    assert(plain.size <= UINT32_MAX / 2 && level >= 1 && level <= 9);
    result = deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) { /* only for want of memory, which ends the process as in an arena */
        fputs("out of memory\n", stderr);
        abort();
    }
    room = deflateBound(&stream, plain.size);
    packed = arena_alloc(arena, room);
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    result = deflate(&stream, Z_FINISH);
    assert(result == Z_STREAM_END);
    deflateEnd(&stream);
    return (struct bytes){packed, stream.total_out};
}

static bool
copy(int from_fd, gzFile to)
{
    char block[32 * 1024];

    for (;;) {
        ssize_t size = read(from_fd, block, sizeof block);

        if (size == 0)
            return true;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 || gzwrite(to, block, (unsigned)size) != size)
            return false;
    }
}

bool
gzip_file(int from_fd, const char *to_path, int32_t level, struct error *err)
{
    char mode[] = {'w', 'b', 'e', (char)('0' + level), '\0'}; /* e: close on exec */
    gzFile to = gzopen(to_path, mode);
    bool copied;

    if (!to)
        return error_set(err, ERROR_RETRY, "gzip.file", "%s: %s", to_path, strerror(errno));
    copied = copy(from_fd, to);
    if (gzclose(to) == Z_OK && copied)
        return true;
    error_set(err, ERROR_RETRY, "gzip.file", "%s: %s", to_path, strerror(errno));
    unlink(to_path);
    return false;
}
