#include "ingest/sources/reference.h"

#include "common/json_list.h"
#include "ingest/sources/progress.h"

#include <string.h>

static bool
has_name(const struct reference_list *list, const struct json *entry)
{
    const char *name = json_string(json_get(entry, list->id));

    return name && name[0] != '\0';
}

/* `*ret_whole`: no entry that has a name is missing among the records. */
static bool
read_entries(const struct reference_list *list, const struct payload *payload,
             struct records *records, bool *ret_whole, struct error *err)
{
    const struct json *entry;
    struct json_list entries;

    if (!json_list_open(&entries, records->arena, payload->body, &json_limits_payload, list->member,
                        err)) {
        if (strcmp(err->code, "json.no_list") == 0)
            err->code = "payload.shape"; /* it is JSON, but not what the provider promises */
        return false;
    }
    *ret_whole = list->whole;
    while (json_list_next(&entries, &entry, err)) {
        struct row row = row_begin(records, entries.count - 1);
        size_t before = records->reference_count;

        list->parse(entry, &row);
        if (*ret_whole && records->reference_count == before && has_name(list, entry))
            *ret_whole = false;
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
    bool whole;

    records_init(&records, payload, before, "]", arena);
    if (!read_entries(list, payload, &records, &whole, err))
        return false;
    records_finish(&records, ret_batch);
    ret_batch->references_whole = whole;
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
