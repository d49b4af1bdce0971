#include "api/documents.h"

#include "api/openapi/document.h"
#include "api/openapi/postman.h"
#include "api/web_files.h"
#include "common/digest.h"
#include "common/gzip.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

enum { MADE_MAX = 2, ETAG_DIGITS = 32, PACKED_LEVEL = 9, SCRATCH_BYTES = 1 << 20 };

struct documents {
    struct document *all;
    size_t count;
};

/* For a minute, then the ETag is asked for: replicas of two versions may be at work. */
static const char for_a_minute[] = "public, max-age=60";
static const char for_ever[] = "public, max-age=31536000, immutable";
static const char loads_nothing[] = "default-src 'none'; frame-ancestors 'none'";

static void
add(struct documents *documents, struct document document, const char *hash, struct arena *arena)
{
    document.etag = arena_printf(arena, "\"%s\"", hash);
    document.etag_packed = arena_printf(arena, "\"%s-gz\"", hash);
    documents->all[documents->count++] = document;
}

/* Packed here, and named by its hash. */
static void
add_made(struct documents *documents, const char *path, const char *content_type,
         struct bytes plain, struct arena *arena)
{
    char hash[DIGEST_SHA256_HEX + 1];
    const struct document document = {
        .path = path,
        .content_type = content_type,
        .cache_control = for_a_minute,
        .policy = loads_nothing,
        .packed = gzip_compress(arena, plain, PACKED_LEVEL),
    };

    digest_sha256_hex(plain.data, plain.size, ETAG_DIGITS, hash);
    add(documents, document, hash, arena);
}

static void
add_web_file(struct documents *documents, const struct web_file *file, struct arena *arena)
{
    const struct document document = {
        .path = file->path,
        .content_type = file->content_type,
        .cache_control = file->for_ever ? for_ever : for_a_minute,
        .policy = file->policy,
        .packed = file->packed,
    };

    add(documents, document, file->hash, arena);
}

struct documents *
documents_create(struct arena *arena)
{
    struct documents *documents = arena_alloc(arena, sizeof *documents);
    struct arena *scratch = arena_create(SCRATCH_BYTES);
    struct bytes openapi = openapi_document(scratch);

    documents->count = 0;
    documents->all = arena_alloc_array(arena, MADE_MAX + web_file_count, sizeof *documents->all);
    add_made(documents, "/openapi.json", "application/json", openapi, arena);
    add_made(documents, "/postman.json", "application/json", postman_collection(openapi, scratch),
             arena);
    for (size_t i = 0; i < web_file_count; i++)
        add_web_file(documents, &web_files[i], arena);
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
struct http_body *
document_unpack(const struct document *document)
{
    struct arena *arena = arena_create(SCRATCH_BYTES);
    struct gzip_unpacker *unpacker;
    struct http_body *body;
    struct text plain;
    struct error err;
    bool whole;

    text_init(&plain, arena, 4 * document->packed.size);
    unpacker = gzip_unpacker_create(put_piece, &plain);
    whole =
        gzip_unpacker_add(unpacker, document->packed, &err) && gzip_unpacker_finish(unpacker, &err);
    assert(whole);
    (void)whole;
    gzip_unpacker_destroy(unpacker);
    body = http_body_copy(plain.data, plain.size);
    arena_destroy(arena);
    return body;
}
