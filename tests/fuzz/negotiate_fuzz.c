#include "api/answer/negotiate.h"

#include "common/text.h"

#include "fuzz/fuzz.h"

#include <string.h>

static const char *const types[] = {"application/json", "text/csv", "application/x-ndjson"};
enum { TYPES = sizeof types / sizeof *types };

/* The choice among `types` of a field with more behind it; TYPES = none. */
static size_t
choice(struct bytes accept, const char *more, struct arena *arena)
{
    size_t index = TYPES;
    struct text text;

    text_init(&text, arena, accept.size + 64);
    text_add(&text, accept.data, accept.size);
    text_add_string(&text, more);
    return negotiate_media(text_finish(&text), types, TYPES, &index) ? index : TYPES;
}

/*
 * Any Accept: one of ours or none is chosen, twice the same; what is chosen is not any more when
 * it alone has no weight; a media type that we do not have takes nothing away, where anything was
 * said. The other fields are only read.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes field = {(const char *)data, size};
    struct arena *arena = arena_create(1024);
    size_t chosen = choice(field, "", arena), index = TYPES;

    MUST_HOLD(chosen == choice(field, "", arena), "the same field gives the same choice");
    MUST_HOLD(chosen == choice(field, ",", arena), "an empty element says nothing");
    MUST_HOLD(chosen == choice(field, ", */*;q=2", arena), "a malformed one says nothing");
    if (chosen < TYPES && choice(field, ", image/png", arena) != TYPES)
        MUST_HOLD(choice(field, ", image/png", arena) == chosen, "another type takes none away");
    negotiate_media(field, types, 1, &index);
    negotiate_accepts_gzip(field);
    negotiate_matches(field, "\"abc\"");
    negotiate_takes_request_id(field);
    arena_destroy(arena);
    return 0;
}
