#include "ingest/sources/args.h"
#include "ingest/sources/registry.h"

#include <string.h>

/*
 * Our own work: a source of jobs that nothing is fetched for, so that rollups and the like are
 * scheduled, queued, retried and counted in the one way there is. ingest/tasks does them.
 */
static bool
tidemark_request(const struct job *job, const char *position, int64_t now_ms, struct arena *arena,
                 struct request *ret_request, bool *ret_done, struct error *err)
{
    static const char *const reports[] = {"market", "reconciliation"};
    const char *report;

    if (!job_kind_is_own(job->kind))
        return args_refuse_kind(job, err);
    *ret_done = false;
    *ret_request = (struct request){.target = "", .position = position};
    if (job->kind != JOB_REPORT)
        return true;
    report = json_string(json_get(job->args, "report"));
    for (size_t i = 0; report && i < COUNT_OF(reports); i++) {
        if (strcmp(report, reports[i]) == 0)
            return true;
    }
    return error_set(err, ERROR_REJECT, "job.args",
                     "\"report\" must be \"market\" or \"reconciliation\"");
}

const struct source tidemark_source = {
    .name = "tidemark",
    .about = "Our own work on what is stored: rollups, gaps, archives, retention, reports",
    .upstream = UPSTREAM_NONE,
    .request = tidemark_request,
};
