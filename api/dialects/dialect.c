#include "api/dialects/dialect.h"

#include <string.h>

static bool
is_under(struct bytes path, const char *prefix)
{
    size_t size = strlen(prefix);

    return path.size >= size && memcmp(path.data, prefix, size) == 0 &&
           (path.size == size || path.data[size] == '/' || path.data[size] == '?');
}

enum dialect
dialect_of(struct bytes path)
{
    if (is_under(path, "/api/v3"))
        return DIALECT_COINGECKO;
    return is_under(path, "/udf") ? DIALECT_UDF : DIALECT_NATIVE;
}

struct bytes
dialect_plain_path(struct bytes path, struct arena *arena)
{
    static const char before[] = "/udf/k/";
    size_t size = sizeof before - 1, key_size;
    const char *slash;
    char *plain;

    if (path.size <= size || memcmp(path.data, before, size) != 0)
        return path;
    slash = memchr(path.data + size, '/', path.size - size);
    key_size = (slash ? (size_t)(slash - path.data) : path.size) - size;
    if (key_size == 0)
        return path;
    plain = arena_printf(arena, "/udf%.*s", (int)(path.size - size - key_size),
                         path.data + size + key_size);
    return (struct bytes){plain, strlen(plain)};
}

const struct dialect_manner *
dialect_manner(enum dialect dialect)
{
    switch (dialect) {
    case DIALECT_COINGECKO:
        return &coingecko_manner;
    case DIALECT_UDF:
        return &udf_manner;
    case DIALECT_NATIVE:
        break;
    }
    return &native_manner;
}
