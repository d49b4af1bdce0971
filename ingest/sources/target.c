#include "ingest/sources/target.h"

#include <string.h>

void
target_add_encoded(struct text *target, const char *part)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *part; part++) {
        if (strchr(plain, *part))
            text_add_char(target, *part);
        else
            text_add_format(target, "%%%02X", (unsigned)(unsigned char)*part);
    }
}
