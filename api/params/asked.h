#ifndef TIDEMARK_API_PARAMS_ASKED_H
#define TIDEMARK_API_PARAMS_ASKED_H

#include "api/answer/problem.h"
#include "api/http/target.h"
#include "api/names/catalog.h"
#include "api/params/params.h"
#include "common/arena.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct route;

/*
 * All that a request asks of its route with. What it means is found here in the one order that is
 * right: each parameter, the form of the answer, what parameters are together, what they come to
 * now, and the cursor last. A page is told with what its parameters come to and its cursor is
 * sealed with that, so nothing else would open it.
 */
struct asked {
    const struct route *route;
    const struct http_param *given; /* by path, query and body; a lenient dialect's made strict */
    size_t given_count;
    struct bytes accept;           /* all Accept headers, with commas; empty if there is none */
    const struct catalog *catalog; /* NULL for a route that needs none */
    int64_t now_ms;
};

/* Pure. False: the problem says what cannot be used, and why. Everything lives in `arena`. */
MUST_CHECK bool asked_check(const struct asked *asked, struct arena *arena,
                            struct params *ret_params, struct problem *ret_problem);

/* Whether a route is asked with names, or with a cursor, which only the catalogue can check. */
bool asked_needs_catalog(const struct route *route);

#endif
