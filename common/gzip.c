#include "common/gzip.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* zlib: 15 bits of window, and 16 more to ask for the gzip format. */
enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8, PIECE_BYTES = 64 * 1024 };

/* zlib refuses to begin only for want of memory, which ends the process as in an arena. */
static void
require(bool begun)
{
    if (begun)
        return;
    fputs("out of memory\n", stderr);
    abort();
}

struct bytes
gzip_compress(struct arena *arena, struct bytes plain, int32_t level)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.size};
    size_t room;
    char *packed;
    int result;

    assert(plain.size <= UINT32_MAX / 2 && level >= 1 && level <= 9);
    result = deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY);
    require(result == Z_OK);
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

/* ---- a stretch at a time ---- */

struct gzip_packer {
    z_stream stream;
    gzip_put *put;
    void *context;
    unsigned char piece[PIECE_BYTES];
};

struct gzip_packer *
gzip_packer_create(int32_t level, gzip_put *put, void *context)
{
    struct gzip_packer *packer = calloc(1, sizeof *packer);

    assert(level >= 1 && level <= 9);
    require(packer && deflateInit2(&packer->stream, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                                   Z_DEFAULT_STRATEGY) == Z_OK);
    packer->put = put;
    packer->context = context;
    return packer;
}

/* Lets zlib work until it has nothing more to give. */
static bool
pack(struct gzip_packer *packer, int flush, struct error *err)
{
    z_stream *stream = &packer->stream;
    int result;

    do {
        struct bytes piece = {(const char *)packer->piece, 0};

        stream->next_out = packer->piece;
        stream->avail_out = PIECE_BYTES;
        result = deflate(stream, flush);
        assert(result != Z_STREAM_ERROR);
        piece.size = PIECE_BYTES - stream->avail_out;
        if (piece.size > 0 && !packer->put(packer->context, piece, err))
            return false;
    } while (stream->avail_out == 0);
    return true;
}

bool
gzip_packer_add(struct gzip_packer *packer, struct bytes plain, struct error *err)
{
    assert(plain.size <= UINT32_MAX);
    packer->stream.next_in = (Bytef *)(uintptr_t)plain.data;
    packer->stream.avail_in = (uInt)plain.size;
    return pack(packer, Z_NO_FLUSH, err);
}

bool
gzip_packer_finish(struct gzip_packer *packer, struct error *err)
{
    packer->stream.avail_in = 0;
    return pack(packer, Z_FINISH, err);
}

void
gzip_packer_destroy(struct gzip_packer *packer)
{
    if (!packer)
        return;
    deflateEnd(&packer->stream);
    free(packer);
}

struct gzip_unpacker {
    z_stream stream;
    bool ended, full; /* full: there may be more to come out of what went in */
    gzip_put *put;
    void *context;
    unsigned char piece[PIECE_BYTES];
};

struct gzip_unpacker *
gzip_unpacker_create(gzip_put *put, void *context)
{
    struct gzip_unpacker *unpacker = calloc(1, sizeof *unpacker);

    require(unpacker && inflateInit2(&unpacker->stream, GZIP_WINDOW) == Z_OK);
    unpacker->put = put;
    unpacker->context = context;
    return unpacker;
}

/* Lets zlib work once. */
static bool
unpack(struct gzip_unpacker *unpacker, struct error *err)
{
    z_stream *stream = &unpacker->stream;
    struct bytes piece = {(const char *)unpacker->piece, 0};
    int result;

    if (unpacker->ended)
        return error_set(err, ERROR_REJECT, "gzip.malformed", "there is more after its end");
    stream->next_out = unpacker->piece;
    stream->avail_out = PIECE_BYTES;
    result = inflate(stream, Z_NO_FLUSH);
    require(result != Z_MEM_ERROR);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return error_set(err, ERROR_REJECT, "gzip.malformed", "%s",
                         stream->msg ? stream->msg : "it is not gzip");
    unpacker->ended = result == Z_STREAM_END;
    unpacker->full = !unpacker->ended && stream->avail_out == 0;
    piece.size = PIECE_BYTES - stream->avail_out;
    return piece.size == 0 || unpacker->put(unpacker->context, piece, err);
}

bool
gzip_unpacker_add(struct gzip_unpacker *unpacker, struct bytes packed, struct error *err)
{
    assert(packed.size <= UINT32_MAX);
    unpacker->stream.next_in = (Bytef *)(uintptr_t)packed.data;
    unpacker->stream.avail_in = (uInt)packed.size;
    while (unpacker->stream.avail_in > 0 || unpacker->full)
        if (!unpack(unpacker, err))
            return false;
    return true;
}

bool
gzip_unpacker_finish(struct gzip_unpacker *unpacker, struct error *err)
{
    return unpacker->ended || error_set(err, ERROR_REJECT, "gzip.malformed",
                                        "it is cut off after %lu bytes", unpacker->stream.total_in);
}

void
gzip_unpacker_destroy(struct gzip_unpacker *unpacker)
{
    if (!unpacker)
        return;
    inflateEnd(&unpacker->stream);
    free(unpacker);
}
