#include "api/documents.h"

#include "api/openapi/document.h"
#include "common/digest.h"
#include "common/gzip.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

enum { DOCUMENTS_MAX = 1, ETAG_DIGITS = 32, PACKED_LEVEL = 9, SCRATCH_BYTES = 1 << 20 };

struct documents {
    struct document all[DOCUMENTS_MAX];
    size_t count;
};

/* Packed here, and named by its hash. */
static void
add_made(struct documents *documents, const char *path, const char *content_type,
         struct bytes plain, struct arena *arena)
{
    char hash[DIGEST_SHA256_HEX + 1];
    struct bytes packed = gzip_compress(arena, plain, PACKED_LEVEL);

    digest_sha256_hex(plain.data, plain.size, ETAG_DIGITS, hash);
    documents->all[documents->count++] = (struct document){
        .path = path,
        .content_type = content_type,
        .cache_control = "public, max-age=60",
        .packed = packed,
        .etag = arena_printf(arena, "\"%s\"", hash),
        .etag_packed = arena_printf(arena, "\"%s-gz\"", hash),
    };
}

struct documents *
documents_create(struct arena *arena)
{
    struct documents *documents = arena_alloc(arena, sizeof *documents);
    struct arena *scratch = arena_create(SCRATCH_BYTES);

    documents->count = 0;
    add_made(documents, "/openapi.json", "application/json", openapi_document(scratch), arena);
    arena_destroy(scratch);
    return documents;
}

const struct document *
documents_find(const struct documents *documents, struct bytes path)
{
    for (size_t i = 0; i < documents->count; i++) {
        const struct document *document = &documents->all[i];

        if (strlen(document->path) == path.size &&
            memcmp(document->path, path.data, path.size) == 0)
            return document;
    }
    return NULL;
}

static bool
put_piece(void *context, struct bytes piece, struct error *err)
{
    text_add(context, piece.data, piece.size);
    return true;
}

/* It was packed by us, so it can be unpacked. */
struct bytes
document_unpack(const struct document *document, struct arena *arena)
{
    struct text plain;
    struct error err;
    struct gzip_unpacker *unpacker;
    bool whole;

    text_init(&plain, arena, 4 * document->packed.size);
    unpacker = gzip_unpacker_create(put_piece, &plain);
    whole =
        gzip_unpacker_add(unpacker, document->packed, &err) && gzip_unpacker_finish(unpacker, &err);
    assert(whole);
    (void)whole;
    gzip_unpacker_destroy(unpacker);
    return text_finish(&plain);
}
