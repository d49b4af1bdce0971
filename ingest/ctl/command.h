#ifndef TIDEMARK_INGEST_CTL_COMMAND_H
#define TIDEMARK_INGEST_CTL_COMMAND_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One call of tidemarkctl: what was asked for, and what it may use. */
struct call {
    const char *database_url, *rabbitmq_url; /* "" = not set */
    struct arena *arena;
    const char *argument; /* the word behind the verb; NULL = none */
    bool json;
    const char *source, *status; /* NULL = all */
    int64_t limit;
};

/*
 * Does it and prints the answer to stdout. The kind of the error is the exit code: reject 1 (the
 * answer is no), fatal 2 (settings), retry 75 (a server is away).
 */
typedef bool command_run(const struct call *call, struct error *err);

command_run schedules_apply, schedules_list;      /* schedules.c */
command_run runs_list, checkpoints_list;          /* work.c */
command_run dead_letters_list, dead_letters_show; /* dead_letters.c */

/* Connects as DATABASE_URL says. NULL on failure. */
struct database *command_connect(const struct call *call, struct error *err);

#endif
