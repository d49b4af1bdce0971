#include "ingest/tasks/registry.h"

/* Every task there is. A new one is one file and one row here. */
static const struct task *const tasks[] = {
    &gaps_task, &rollup_task, &report_task, &archive_task, &retain_task, NULL,
};

const struct task *
task_find(enum job_kind kind)
{
    for (size_t i = 0; tasks[i]; i++) {
        if (tasks[i]->kind == kind)
            return tasks[i];
    }
    return NULL;
}
