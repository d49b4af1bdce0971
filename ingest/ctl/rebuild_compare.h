#ifndef TIDEMARK_INGEST_CTL_REBUILD_COMPARE_H
#define TIDEMARK_INGEST_CTL_REBUILD_COMPARE_H

#include "common/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether two databases hold the same rows. Each table's rows are counted and hashed on both
 * servers (all columns; of a raw payload's body its SHA-256, made anew); only where that differs
 * are the markets compared in the same way, and only of those that differ the rows, side by side.
 * So equal tables cost one reading of each, and memory stays bounded.
 *
 * Left out, because a rebuilt database does not take them over: slots (jobs that are published
 * already), leader, users, api_keys, audit_log, and what migrations write; and run_counters, which
 * are sums over runs, in rows that depend on who ran them.
 */
enum { COMPARED_TABLES_MAX = 32, DIFFERENCES_MAX = 10 };

struct difference {
    const char *kind;  /* "changed", "missing" (in the rebuilt one), "extra" (only there) */
    const char *place; /* "binance bitcoin/usdt 1h 2026-11-21T08:00:00.000Z" */
    const char *what;  /* changed: "close 1.5 is 1.6"; else the row */
};

struct compared_table {
    const char *name;
    bool made; /* of payloads; else copied */
    int64_t original_rows, rebuilt_rows;
    const char *original_hash, *rebuilt_hash; /* NULL = there is no such table */
    bool equal;
    /* Of a table that is made and not equal: */
    int64_t gone; /* differ because their payload is not kept, or not with what it takes */
    int64_t changed, missing, extra;                /* differ without such an excuse */
    struct difference differences[DIFFERENCES_MAX]; /* the first of those */
    size_t difference_count;
};

struct comparison {
    struct compared_table tables[COMPARED_TABLES_MAX];
    size_t table_count;
    bool equal;
};

/*
 * Both connections have their session of query_rebuild_session and are in a transaction whose
 * snapshot stays. Text lives in `arena`.
 */
MUST_CHECK bool rebuild_compare(struct database *original, struct database *rebuilt,
                                struct arena *arena, struct comparison *ret_comparison,
                                struct error *err);

/*
 * "close 1.5 is 1.6, volume 2 is null": the members of two JSON objects that differ, at most three.
 * Pure.
 */
const char *compare_members(const char *original, const char *rebuilt, struct arena *arena);

#endif
