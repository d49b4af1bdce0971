#include "ingest/sources/reference.h"

#include "common/json_list.h"
#include "ingest/sources/progress.h"

#include <string.h>

static bool
read_entries(const struct reference_list *list, const struct payload *payload,
             struct records *records, struct error *err)
{
    const struct json *entry;
    struct json_list entries;

    if (!json_list_open(&entries, records->arena, payload->body, &json_limits_payload, list->member,
                        err)) {
        if (strcmp(err->code, "json.no_list") == 0)
            err->code = "payload.shape"; /* it is JSON, but not what the provider promises */
        return false;
    }
    while (json_list_next(&entries, &entry, err)) {
        struct row row = row_begin(records, entries.count - 1);

        list->parse(entry, &row);
    }
    return entries.ended;
}

bool
reference_list_parse(const struct reference_list *list, const struct job *job,
                     const struct request *request, const struct payload *payload,
                     struct arena *arena, struct batch *ret_batch, struct error *err)
{
    const char *before = list->member ? arena_printf(arena, "%s[", list->member) : "[";
    struct records records;

    records_init(&records, payload, before, "]", arena);
    if (!read_entries(list, payload, &records, err))
        return false;
    records_finish(&records, ret_batch);
    ret_batch->references_whole = list->whole;
    ret_batch->position = progress_position(request, job->slot_s * 1000, arena);
    return true;
}

const char *
reference_lower(const char *code, struct arena *arena)
{
    char *lower = code ? arena_string(arena, code) : NULL;

    for (char *c = lower; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return lower;
}
