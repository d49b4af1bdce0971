#include "api/dialect.h"

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
