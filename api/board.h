#ifndef TIDEMARK_API_BOARD_H
#define TIDEMARK_API_BOARD_H

#include "api/cache/loads.h"
#include "api/names/catalog.h"
#include "common/arena.h"
#include "common/upstream.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the threads that may wait (keeper, events) have found out, for the loops, which may not:
 * they read it here, so that no answer depends on a blocking call.
 */
struct source_state {
    const char *name;
    bool enabled;
    const char *status; /* "ok", "failed" ...; NULL = never ran */
    const char *error_code;
    int64_t last_run_ms, last_success_ms, last_failure_ms; /* 0 = never */
    int64_t doubtful_prices;                               /* of its latest */
    struct upstream_state upstream; /* what workers share; not known while Redis is away */
};

/* What of a source changes seldom; looked at twice a minute. */
struct source_facts {
    const char *name, *kind;
    int64_t priority;
    const char *jobs;        /* a JSON array: what it is asked for */
    int64_t markets, prices; /* that it has, and latest ones that are had of it */
    int64_t newest_at_ms;    /* of those; 0 = there is none */
    int64_t fresh_s;         /* its prices are fresh for so long */
};

struct run_total {
    const char *source, *status;
    int64_t runs, records;
    int64_t ended, duration_us; /* runs that have an end, and what those took together */
};

/* Candles that are missing for a reason. */
struct gap_total {
    const char *source, *cause;
    int64_t buckets;
};

/* What is kept, archived and dropped; looked at twice a minute. */
struct retention_state {
    bool known;                 /* a worker has said by which settings it goes */
    bool configured;            /* there is a place for archives */
    int64_t waiting, overdue_s; /* partitions that should be gone; for how long the oldest */
    int64_t archives, rows, bytes;
    int64_t archived_at_ms; /* the last; 0 = never */
};

/* Immutable once posted. */
struct report {
    atomic_int references;
    struct arena *arena;
    int64_t read_at_ms; /* unix milliseconds */
    const struct source_state *sources;
    size_t source_count;
    const struct source_facts *facts; /* preferred first */
    size_t fact_count;
    const struct run_total *totals;
    size_t total_count;
    int64_t rollup_marks;         /* transactions whose rows are due to be rolled */
    int64_t rollup_lag_ms;        /* for how long the oldest of them is; 0 = there is none */
    const struct gap_total *gaps; /* of every source and cause; some seconds old */
    size_t gap_count;
    struct retention_state retention;
};

struct report *report_create(void);
void report_release(struct report *report); /* NULL is fine */

enum part_state { PART_CONNECTING, PART_CONNECTED, PART_AWAY };
const char *part_state_name(enum part_state state);

struct board;
struct board *board_create(void);
void board_destroy(struct board *board);

/* NULL until the first was read. Release them after use. */
struct catalog *board_catalog(struct board *board);
struct loads *board_loads(struct board *board);
struct report *board_report(struct board *board);
/* The board takes over the reference. */
void board_post_catalog(struct board *board, struct catalog *catalog);
void board_post_loads(struct board *board, struct loads *loads);
void board_post_report(struct board *board, struct report *report);

/*
 * The keeper says it every second; PART_AWAY when it did not for three: it hangs in a call. Before
 * its first word it is PART_CONNECTING, however long that takes. Times are clock_monotonic_ms().
 */
void board_post_database(struct board *board, enum part_state state, int64_t now_ms);
enum part_state board_database(struct board *board, int64_t now_ms);
void board_post_broker(struct board *board, enum part_state state);
enum part_state board_broker(struct board *board);

/* Somebody saw a name that the catalogue does not have: the keeper looks soon. */
void board_want_catalog(struct board *board);
/* Waits for that at most `timeout_ms`; true if it was wanted. Also woken by board_wake(). */
bool board_wait_wanted(struct board *board, int64_t timeout_ms);
void board_wake(struct board *board);

#endif
