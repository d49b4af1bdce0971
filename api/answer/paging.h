#ifndef TIDEMARK_API_ANSWER_PAGING_H
#define TIDEMARK_API_ANSWER_PAGING_H

#include "api/answer/problem.h"
#include "api/names/catalog.h"
#include "api/params/params.h"
#include "common/arena.h"
#include "common/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Pages of lists: how a client gets from one to the next. One place for all routes and dialects.
 * A list that is ordered by values of its rows, the last of them unique, and continued behind those
 * of the last row of a page shows each row exactly once that is there all the time and keeps its
 * values, whatever comes and goes meanwhile. Pure.
 */

/*
 * Opens the cursor of a request that was checked, if it has one, and tells its params where they
 * belong. False: 400 "cursor.invalid" for one that was not given out for this route and, but for
 * what is said about the page itself (limit, format), these parameters. `path` outlives the params.
 */
MUST_CHECK bool paging_open(struct params *params, const char *path, const struct catalog *catalog,
                            struct arena *arena, struct problem *ret_problem);

/* The cursor of the rows behind one with these values; NULL = the row has none. Of CURSOR_*_MAX. */
const char *paging_cursor(const struct params *params, const char *const *values, size_t count,
                          struct arena *arena);

/* What the head of an answer says about the pages around it. */
struct paging {
    const char *param; /* the parameter that says which page: "cursor" or "page" */
    /* What it says there; "" = it is not given there; NULL = there is no such page. */
    const char *first, *prev, *next, *last;
    /* As headers `total` and `per-page`, for clients that look for them there; -1 = not said. */
    int64_t total, per_page;
};

/*
 * Header lines for flight_add_head() and the like, each with its CRLF: `Link` (RFC 8288) with
 * targets that are relative to this server, and the numbers. Lives in `arena`.
 */
const char *paging_head(const struct params *params, const struct paging *paging,
                        struct arena *arena);

/*
 * The pages around the one that the parameter `page` says, counted from 1, with `per_page` rows
 * each of `total` in all; before a page behind the last one comes the last one. Without the
 * numbers.
 */
struct paging paging_numbered(const struct params *params, int64_t per_page, int64_t total,
                              struct arena *arena);

#endif
