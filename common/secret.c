#include "common/secret.h"

#include <string.h>

enum { SHOWN_MAX = 3 }; /* so few characters of a secret say nothing */

void
secret_blank(char *data, size_t size, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;
    char *at = data, *end = data + size;

    if (length == 0)
        return;
    while ((at = memmem(at, (size_t)(end - at), secret, length))) {
        memset(at, '*', length);
        at += length;
    }
    while (--length > SHOWN_MAX) {
        if (length <= size && memcmp(end - length, secret, length) == 0)
            memset(end - length, '*', length);
    }
}
