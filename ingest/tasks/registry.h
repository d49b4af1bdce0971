#ifndef TIDEMARK_INGEST_TASKS_REGISTRY_H
#define TIDEMARK_INGEST_TASKS_REGISTRY_H

#include "ingest/tasks/task.h"

/* One line a task; registry.c has the list. Others find a task by its kind: task_find(). */
extern const struct task gaps_task;
extern const struct task rollup_task;
extern const struct task report_task;
extern const struct task archive_task;
extern const struct task retain_task;

#endif
