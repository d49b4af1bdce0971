#include "common/text.h"
#include "ingest/sources/csv.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *
csv_position_format(const struct csv_position *position, struct arena *arena)
{
    return arena_printf(arena, "%" PRId64 " %" PRId64 " %" PRId64 " %s", position->changed_at_ms,
                        position->offset, position->lines, position->name);
}

/* A number >= 0 and the space after it. */
static bool
take_number(const char **at, int64_t *ret_number)
{
    char *end;

    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    *ret_number = strtoll(*at, &end, 10);
    if (errno || *end != ' ')
        return false;
    *at = end + 1;
    return true;
}

bool
csv_position_parse(const char *text, struct arena *arena, struct csv_position *ret_position,
                   struct error *err)
{
    const char *at = text;
    struct csv_position position;

    if (!take_number(&at, &position.changed_at_ms) || !take_number(&at, &position.offset) ||
        !take_number(&at, &position.lines) || *at == '\0' || strchr(at, '/'))
        return error_set(err, ERROR_REJECT, "job.position", "\"%.80s\" is no place in a folder",
                         text);
    position.name = arena_string(arena, at);
    *ret_position = position;
    return true;
}
