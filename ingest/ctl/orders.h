#ifndef TIDEMARK_INGEST_CTL_ORDERS_H
#define TIDEMARK_INGEST_CTL_ORDERS_H

#include "common/arena.h"
#include "common/database.h"
#include "common/error.h"
#include "common/job.h"
#include "ingest/ctl/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Jobs that an operator orders. They go into the scheduler's outbox, the table of slots, and the
 * leading scheduler publishes them within a second or two: so they are lost no more than others.
 */
struct order {
    const char *source;
    int64_t source_id;
    enum job_kind kind;
    const char *stream, *args; /* JSON */
    int64_t slot_s;
    int64_t not_after_s; /* unix seconds; 0 = no limit */
    const char *job_id;  /* from orders_place */
    bool existed;        /* the same job had been ordered before, in the same second */
};

/* All of them or none. Fills `job_id` and `existed`. */
MUST_CHECK bool orders_place(struct database *db, struct order *orders, size_t count,
                             struct arena *arena, struct error *err);

/* Columns of the rows that follow, one row an order and in the same sequence. */
enum order_column {
    ORDER_JOB_ID,
    ORDER_SOURCE,
    ORDER_STREAM,
    ORDER_SLOT_MS,
    ORDER_STATE, /* of the slot */
    ORDER_RUN_ID,
    ORDER_STATUS, /* of the run; NULL = nobody has begun it */
    ORDER_ATTEMPT,
    ORDER_PAGES,
    ORDER_RECORDS,
    ORDER_REJECTED,
    ORDER_UNMAPPED,
    ORDER_ERROR_CODE,
    ORDER_ERROR,
    ORDER_POSITION, /* of the stream */
};

/* How far they have come, now. */
MUST_CHECK bool orders_look(struct database *db, const struct order *orders, size_t count,
                            struct arena *arena, struct rows *ret_progress, struct error *err);

/* Of one row: whether its run is over, and whether it ended well. */
bool orders_is_final(const struct rows *progress, size_t row);
bool orders_is_ok(const struct rows *progress, size_t row);

/*
 * Waits until all are over, and shows on stderr how it goes, in the words of `describe` (NULL = our
 * own). A database that is away is waited for. When the operator presses Ctrl-C the process says
 * that the jobs go on, and ends by that signal.
 */
struct order_watch {
    /* `arena` is emptied after each look. */
    void (*describe)(void *context, const struct rows *progress, struct arena *arena,
                     char *ret_text, size_t text_size);
    void *context;
};
MUST_CHECK bool orders_wait(struct database *db, const struct order *orders, size_t count,
                            const struct order_watch *watch, struct arena *arena,
                            struct rows *ret_progress, struct error *err);

/* A table of such rows, without the position. */
void orders_fill_table(const struct rows *progress, struct arena *arena, struct table *ret_table);
/* Reject "orders.failed" unless all ended well. */
MUST_CHECK bool orders_check(const struct rows *progress, struct error *err);

#endif
