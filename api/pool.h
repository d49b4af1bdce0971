#ifndef TIDEMARK_API_POOL_H
#define TIDEMARK_API_POOL_H

#include "common/arena.h"
#include "common/attributes.h"
#include "common/database.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/*
 * The PostgreSQL connections of one event loop. Nothing here waits: a query runs on a free
 * connection, or stands in line for a short time, or is refused. A connection that fails or
 * does not answer in time is thrown away, never used again, and comes back with a growing random
 * delay. While no connection is up a query is refused at once, so that a client learns it quickly.
 *
 * Under more than the database can take, what was begun is finished first, and who would stand in
 * line in vain, by how fast it moves, is refused at once: else everybody's first query is answered,
 * nobody's last one, and those who are refused have waited for it.
 */
struct pool;

struct pool_settings {
    const char *url; /* copied */
    int32_t connections;
    int32_t waiters;    /* queries that may stand in line, of each turn */
    int64_t wait_ms;    /* how long */
    int64_t query_ms;   /* from sending to the answer */
    int64_t connect_ms; /* one attempt to connect */
};

/* The limits of reliability.md: 4 connections, 64 in line for 250 ms, 1.5 s, 5 s. */
extern const struct pool_settings pool_settings_default;

struct pool_counts {
    uint64_t queries, errors, timeouts, refused, connects;
    int64_t waiting; /* in line now */
    int64_t ready;   /* connections that are up now */
    int64_t busy;
};

struct pool *pool_create(struct event_base *base, const struct pool_settings *settings);
/* Calls the callbacks of what is under way. NULL is fine. */
void pool_destroy(struct pool *pool);

/* At least one connection is up. */
bool pool_usable(const struct pool *pool);
/* Every connection has been tried at least once: what pool_usable says means something. */
bool pool_tried(const struct pool *pool);
const struct pool_counts *pool_counts(const struct pool *pool);

enum pool_turn {
    POOL_BEGINS,  /* the first query of an answer */
    POOL_GOES_ON, /* of one that has cost queries already, or that an administrator asked for */
};

/*
 * `rows` is NULL on failure, then `err` says why: retry "database.away", "database.timeout",
 * "pool.full", "pool.waited", or what database.h says of the query.
 */
typedef void pool_done(void *context, const struct rows *rows, const struct error *err);

/*
 * `done` is called exactly once, later or before this returns. The values and what they point to
 * must live until then; the rows live in `arena`.
 */
void pool_query(struct pool *pool, enum pool_turn turn, const struct query *query,
                const struct database_value *values, size_t value_count, struct arena *arena,
                pool_done *done, void *context);

/*
 * The same for a query that answers many questions at once, because to begin one costs the database
 * more than most of them do: each of its parameters is an array that has an element for each
 * question, and its last column says which question a row answers, from 1, ascending. Those of one
 * turn of the loop, and those that stand in line, go together, up to POOL_TOGETHER_MAX; `rows` are
 * the question's own, without that column. A failure is that of all who went together.
 */
enum {
    POOL_TOGETHER_MAX = 64,          /* questions */
    POOL_TOGETHER_BYTES = 16 * 1024, /* of their values; one that is larger goes alone */
};
void pool_query_together(struct pool *pool, enum pool_turn turn, const struct query *query,
                         const struct database_value *texts, size_t text_count, struct arena *arena,
                         pool_done *done, void *context);

#endif
