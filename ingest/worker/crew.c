#include "ingest/worker/crew.h"

#include "ingest/sources/source.h"

#include <string.h>

enum { NAME_SIZE = 64 };

/* Takes "name=number" and the comma after it. */
static bool
take_part(const char **cursor, char name[NAME_SIZE], int32_t *ret_count)
{
    const char *c = *cursor, *equals = strchr(c, '=');
    int32_t count = 0, digits = 0;

    if (!equals || equals == c || equals - c >= NAME_SIZE)
        return false;
    memcpy(name, c, (size_t)(equals - c));
    name[equals - c] = '\0';
    for (c = equals + 1; *c >= '0' && *c <= '9' && digits < 4; c++, digits++)
        count = count * 10 + (*c - '0');
    if (digits == 0 || count > CREW_MAX || (*c != ',' && *c != '\0') || (*c == ',' && c[1] == '\0'))
        return false;
    *cursor = *c == ',' ? c + 1 : c;
    *ret_count = count;
    return true;
}

bool
crew_size(const char *workers, const char *source, int32_t *ret_count, struct error *err)
{
    int32_t named = -1, others = -1, count;
    const char *cursor = workers;
    char name[NAME_SIZE];

    do {
        int32_t *slot = NULL;

        if (!take_part(&cursor, name, &count))
            return error_set(err, ERROR_FATAL, "settings.invalid",
                             "WORKERS: \"%.100s\" is not like \"*=1,binance=4\" with numbers up to "
                             "%d",
                             workers, CREW_MAX);
        if (strcmp(name, "*") == 0)
            slot = &others;
        else if (strcmp(name, source) == 0)
            slot = &named;
        else if (!source_find(name))
            return error_set(err, ERROR_FATAL, "settings.invalid",
                             "WORKERS: there is no source \"%s\"", name);
        if (slot && *slot >= 0)
            return error_set(err, ERROR_FATAL, "settings.invalid", "WORKERS: \"%s\" is named twice",
                             name);
        if (slot)
            *slot = count;
    } while (*cursor);
    *ret_count = named >= 0 ? named : others >= 0 ? others : 0;
    return true;
}
