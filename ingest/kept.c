#include "ingest/kept.h"

#include "common/job.h"
#include "ingest/sources/source.h"
#include "ingest/store_markets_json.h"

#include <string.h>

static const struct {
    const char *name, *text;
} fates[KEPT_FATES] = {
    [KEPT_FED] = {"fed",       "normalised again"                                                   },
    [KEPT_REFUSED] = {"refused",   "answers that never became rows"                                     },
    [KEPT_OLDER] = {"older",     "stored by an older version, without what it takes to normalise them"},
    [KEPT_DAMAGED] = {"damaged",   "bodies that do not have their SHA-256 any more"                     },
    [KEPT_ORPHAN] = {"orphan",    "their runs are gone"                                                },
    [KEPT_UNPARSED] = {"unparsed",  "no normaliser of this version takes them"                           },
    [KEPT_UNWRITTEN] = {"unwritten", "the database refuses their rows"                                    },
};

const char *
kept_fate_name(enum kept_fate fate)
{
    return fates[fate].name;
}

const char *
kept_fate_text(enum kept_fate fate)
{
    return fates[fate].text;
}

/* The job as the worker saw it. What no normaliser looks at stays empty. */
static bool
make_job(const struct kept_payload *kept, struct arena *arena, struct job *ret_job,
         struct error *err)
{
    struct bytes args = {kept->args, strlen(kept->args)};
    struct job job = {
        .job_id = kept->job_id,
        .source = kept->source,
        .stream = kept->stream,
        .args_text = kept->args,
        .slot_s = kept->slot_s,
        .attempt = 1,
    };

    if (!job_kind_parse(kept->kind, &job.kind))
        return error_set(err, ERROR_REJECT, "job.kind", "there is no kind \"%.40s\"", kept->kind);
    if (!json_parse(arena, args, &json_limits_message, &job.args, err))
        return false;
    *ret_job = job;
    return true;
}

static bool
parse(const struct kept_payload *kept, struct arena *arena, struct batch *ret_batch,
      struct error *err)
{
    const struct source *source = kept->source ? source_find(kept->source) : NULL;
    const struct request request = {
        .target = kept->target,
        .position = kept->position,
        .from_ms = kept->from_ms,
        .to_ms = kept->to_ms,
    };
    const struct payload payload = {
        .body = kept->body,
        .target = kept->target,
        .content_type = kept->content_type,
        .status = kept->http_status,
        .fetched_at_ms = kept->fetched_at_ms,
    };
    struct job job;

    if (!source)
        return error_set(err, ERROR_REJECT, "source.unknown", "there is no source \"%.40s\"",
                         kept->source ? kept->source : "?");
    return make_job(kept, arena, &job, err) &&
           source_parse(source, &job, &request, &payload, arena, ret_batch, err);
}

enum kept_fate
kept_normalise(const struct kept_payload *kept, struct arena *arena, struct batch *ret_batch,
               struct markets *ret_markets, struct error *err)
{
    if (strcmp(kept->verdict, "ok") != 0)
        return KEPT_REFUSED;
    if (!kept->markets)
        return KEPT_OLDER;
    if (!kept->intact)
        return KEPT_DAMAGED;
    if (!kept->kind || !kept->args || !kept->stream)
        return KEPT_ORPHAN;
    if (!markets_decode(kept->markets, arena, ret_markets, err) ||
        !parse(kept, arena, ret_batch, err))
        return KEPT_UNPARSED;
    return KEPT_FED;
}
