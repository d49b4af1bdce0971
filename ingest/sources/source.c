#include "ingest/sources/source.h"

#include "ingest/sources/args.h"
#include "ingest/sources/progress.h"
#include "ingest/sources/reference.h"

bool
source_is_provider(const struct source *source)
{
    return source->upstream != UPSTREAM_NONE;
}

bool
source_request(const struct source *source, const struct job *job, const char *position,
               int64_t now_ms, struct arena *arena, struct request *ret_request, bool *ret_done,
               struct error *err)
{
    const struct source_kind *kind = &source->kinds[job->kind];
    const struct question question = {job, position, now_ms, arena};
    struct request request = {.position = position, .weight = 1};
    bool done = false;

    if (!kind->request)
        return args_refuse_kind(job, err);
    if (!args_check_known(job, kind->args, err) || !kind->request(&question, &request, &done, err))
        return false;
    *ret_done = done;
    if (!done)
        *ret_request = request;
    return true;
}

static bool
read_tree(const struct source_kind *kind, struct answer *answer, struct batch *ret_batch,
          struct error *err)
{
    struct records records;

    if (!json_parse(answer->arena, answer->payload->body, &json_limits_payload, &answer->tree, err))
        return false;
    records_init(&records, answer->payload, kind->rows, "]", answer->arena);
    if (!kind->read(answer, &records, err))
        return false;
    records_finish(&records, ret_batch);
    if (kind->go_on)
        kind->go_on(answer, ret_batch);
    else
        ret_batch->position =
            progress_position(answer->request, answer->job->slot_s * 1000, answer->arena);
    return true;
}

bool
source_parse(const struct source *source, const struct job *job, const struct request *request,
             const struct payload *payload, struct arena *arena, struct batch *ret_batch,
             struct error *err)
{
    const struct source_kind *kind = &source->kinds[job->kind];
    struct answer answer = {job, request, payload, NULL, arena};

    if (kind->list)
        return reference_list_parse(kind->list, job, request, payload, arena, ret_batch, err);
    if (kind->parse)
        return kind->parse(&answer, ret_batch, err);
    if (kind->read)
        return read_tree(kind, &answer, ret_batch, err);
    return args_refuse_kind(job, err);
}
