#include "api/params/cursor.h"

#include "api/params/base64url.h"
#include "common/digest.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

/*
 * The bytes: version, number of values, and of each value its size (two bytes, the high one first;
 * NO_VALUE = it is null) and its bytes; then the seal.
 */
enum { VERSION = 2, NO_VALUE = 0xFFFF, SIZE_BYTES = 2, SEAL_BYTES = 16 };

/* ------------------------------------------------------------------------------------- the seal */

/* No path and no request has a NUL in it, so no two uses and contents are sealed as the same bytes.
 */
static void
seal(const struct cursor_use *use, struct bytes content, struct arena *arena,
     unsigned char ret_seal[SEAL_BYTES])
{
    unsigned char mac[DIGEST_MAC_BYTES];
    struct bytes sealed;
    struct text text;

    text_init(&text, arena, 512);
    text_add(&text, use->path, strlen(use->path) + 1);
    text_add(&text, use->request, strlen(use->request) + 1);
    text_add(&text, content.data, content.size);
    sealed = text_finish(&text);
    digest_hmac_sha256(use->key, strlen(use->key), sealed.data, sealed.size, mac);
    memcpy(ret_seal, mac, SEAL_BYTES);
}

const char *
cursor_seal(const struct cursor_use *use, const struct cursor *cursor, struct arena *arena)
{
    unsigned char mark[SEAL_BYTES];
    struct text text;

    text_init(&text, arena, 128);
    text_add_char(&text, VERSION);
    text_add_char(&text, (char)cursor->count);
    for (size_t i = 0; i < cursor->count; i++) {
        const char *value = cursor->values[i];
        size_t size = value ? strlen(value) : 0, told = value ? size : NO_VALUE;

        assert(size <= CURSOR_VALUE_MAX);
        text_add_char(&text, (char)(told >> 8));
        text_add_char(&text, (char)(told & 0xFF));
        text_add(&text, value, size);
    }
    seal(use, (struct bytes){text.data, text.size}, arena, mark);
    text_add(&text, mark, sizeof mark);
    return base64url_encode(text_finish(&text), arena);
}

/* ---------------------------------------------------------------------------------- the contents
 */

/* Sealed by us; looked at as if it were not. */
static bool
take_values(struct bytes content, struct arena *arena, struct cursor *ret_cursor)
{
    const unsigned char *at = (const unsigned char *)content.data;
    const unsigned char *end = at + content.size;
    struct cursor cursor = {.count = at[1]};

    if (at[0] != VERSION || cursor.count > CURSOR_VALUES_MAX)
        return false;
    at += 2;
    for (size_t i = 0; i < cursor.count; i++) {
        size_t size;

        if (end - at < SIZE_BYTES)
            return false;
        size = (size_t)at[0] << 8 | at[1];
        at += SIZE_BYTES;
        if (size == NO_VALUE)
            continue;
        if (size > CURSOR_VALUE_MAX || size > (size_t)(end - at))
            return false;
        cursor.values[i] = arena_copy(arena, (const char *)at, size);
        at += size;
    }
    *ret_cursor = cursor;
    return at == end;
}

bool
cursor_open(const struct cursor_use *use, const char *text, struct arena *arena,
            struct cursor *ret_cursor)
{
    unsigned char mark[SEAL_BYTES];
    struct bytes bytes;

    if (*use->key == '\0' || strlen(text) > CURSOR_TEXT_MAX ||
        !base64url_decode(text, arena, &bytes) || bytes.size < SEAL_BYTES + 2)
        return false;
    bytes.size -= SEAL_BYTES;
    seal(use, bytes, arena, mark);
    return digest_equal(mark, bytes.data + bytes.size, SEAL_BYTES) &&
           take_values(bytes, arena, ret_cursor);
}
