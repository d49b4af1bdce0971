#include "ingest/sources/args.h"
#include "ingest/sources/registry.h"

#include <string.h>

/*
 * Our own work: a source of jobs that nothing is fetched for, so that rollups and the like are
 * scheduled, queued, retried and counted in the one way there is. ingest/tasks does them.
 */
static bool
request_work(const struct question *question, struct request *request, bool *ret_done,
             struct error *err)
{
    request->target = "";
    return true;
}

static bool
request_report(const struct question *question, struct request *request, bool *ret_done,
               struct error *err)
{
    static const char *const reports[] = {"market", "reconciliation"};
    const char *report = json_string(json_get(question->job->args, "report"));

    request->target = "";
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
    .kinds =
        {
                [JOB_ROLLUP] = {.args = ARGS_NONE, .request = request_work},
                [JOB_GAPS] = {.args = ARGS_NONE, .request = request_work},
                [JOB_ARCHIVE] = {.args = ARGS_NONE, .request = request_work},
                [JOB_RETAIN] = {.args = ARGS_NONE, .request = request_work},
                [JOB_REPORT] = {.args = "report", .request = request_report},
                },
};
