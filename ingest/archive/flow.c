#include "ingest/archive/flow.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL = 6 };

static void *
require(void *memory)
{
    if (!memory)
        abort(); /* like an arena: no memory ends the process */
    return memory;
}

void
flow_write_down(const struct flow_measure *measure, struct manifest *manifest)
{
    manifest->rows = measure->rows;
    manifest->bytes = measure->bytes;
    manifest->gzip_bytes = measure->gzip_bytes;
    memcpy(manifest->sha256, measure->sha256, sizeof manifest->sha256);
    memcpy(manifest->gzip_sha256, measure->gzip_sha256, sizeof manifest->gzip_sha256);
}

/* Both sides of a flow; which of them is put on is the user's. */
struct sides {
    struct digest *plain, *packed;
    struct flow_measure measure;
    gzip_put *put;
    void *context;
};

static void
sides_init(struct sides *sides, gzip_put *put, void *context)
{
    *sides = (struct sides){digest_create(), digest_create(), {0}, put, context};
}

static void
sides_finish(struct sides *sides, struct flow_measure *ret_measure)
{
    digest_finish(sides->plain, sides->measure.sha256);
    digest_finish(sides->packed, sides->measure.gzip_sha256);
    if (sides->measure.rows > 0)
        sides->measure.rows--; /* the line of names */
    *ret_measure = sides->measure;
}

static void
sides_destroy(struct sides *sides)
{
    digest_destroy(sides->plain);
    digest_destroy(sides->packed);
}

static void
see_plain(struct sides *sides, struct bytes piece)
{
    digest_add(sides->plain, piece.data, piece.size);
    sides->measure.bytes += (int64_t)piece.size;
}

static void
see_packed(struct sides *sides, struct bytes piece)
{
    digest_add(sides->packed, piece.data, piece.size);
    sides->measure.gzip_bytes += (int64_t)piece.size;
}

/* ---- in ---- */

struct packing {
    struct sides sides;
    struct gzip_packer *packer; /* NULL = none */
};

static bool
put_packed(void *context, struct bytes piece, struct error *err)
{
    struct sides *sides = context;

    see_packed(sides, piece);
    return sides->put(sides->context, piece, err);
}

struct packing *
packing_create(gzip_put *put, void *context)
{
    struct packing *packing = require(calloc(1, sizeof *packing));

    sides_init(&packing->sides, put, context);
    if (put)
        packing->packer = gzip_packer_create(LEVEL, put_packed, &packing->sides);
    return packing;
}

bool
packing_add(struct packing *packing, struct bytes row, struct error *err)
{
    see_plain(&packing->sides, row);
    packing->sides.measure.rows++;
    return !packing->packer || gzip_packer_add(packing->packer, row, err);
}

bool
packing_finish(struct packing *packing, struct flow_measure *ret_measure, struct error *err)
{
    if (packing->packer && !gzip_packer_finish(packing->packer, err))
        return false;
    sides_finish(&packing->sides, ret_measure);
    return true;
}

void
packing_destroy(struct packing *packing)
{
    if (!packing)
        return;
    gzip_packer_destroy(packing->packer);
    sides_destroy(&packing->sides);
    free(packing);
}

/* ---- out ---- */

struct unpacking {
    struct sides sides;
    struct gzip_unpacker *unpacker;
    bool quoted; /* the next byte is inside of quotes: a newline there ends no row */
};

/* A doubled quote inside of quotes ends them and begins them again, which comes to the same. */
static void
count_rows(struct unpacking *unpacking, struct bytes piece)
{
    for (size_t i = 0; i < piece.size; i++)
        if (piece.data[i] == '"')
            unpacking->quoted = !unpacking->quoted;
        else if (piece.data[i] == '\n' && !unpacking->quoted)
            unpacking->sides.measure.rows++;
}

static bool
put_plain(void *context, struct bytes piece, struct error *err)
{
    struct unpacking *unpacking = context;
    struct sides *sides = &unpacking->sides;

    see_plain(sides, piece);
    count_rows(unpacking, piece);
    return !sides->put || sides->put(sides->context, piece, err);
}

struct unpacking *
unpacking_create(gzip_put *put, void *context)
{
    struct unpacking *unpacking = require(calloc(1, sizeof *unpacking));

    sides_init(&unpacking->sides, put, context);
    unpacking->unpacker = gzip_unpacker_create(put_plain, unpacking);
    return unpacking;
}

bool
unpacking_add(struct unpacking *unpacking, struct bytes packed, struct error *err)
{
    see_packed(&unpacking->sides, packed);
    return gzip_unpacker_add(unpacking->unpacker, packed, err);
}

bool
unpacking_finish(struct unpacking *unpacking, struct flow_measure *ret_measure, struct error *err)
{
    if (!gzip_unpacker_finish(unpacking->unpacker, err))
        return false;
    sides_finish(&unpacking->sides, ret_measure);
    return true;
}

void
unpacking_destroy(struct unpacking *unpacking)
{
    if (!unpacking)
        return;
    gzip_unpacker_destroy(unpacking->unpacker);
    sides_destroy(&unpacking->sides);
    free(unpacking);
}
