#include "api/params/params.h"

#include "api/dialects/dialect.h"
#include "api/params/params_lenient.h"
#include "api/redact.h"
#include "api/routes.h"

#include "fuzz/fuzz.h"
#include "unit/api/small_catalog.h"

#include <string.h>

/* Every one that a ticker means is among them, as in a real catalogue. */
static const char *const assets[] = {
    "bitcoin", "bitcoin-token", "ethereum", "meta", "metadium", "solana", "a", "b", "usd"};

/*
 * Any path and query of any route: what is refused names a parameter and what it takes; what is
 * accepted has one canonical form, which read as a query again gives the same, so that equal
 * requests share a cache key and others do not.
 */
static void
check_problem(const struct problem *problem)
{
    MUST_HOLD(problem->status == 400 || problem->status == 404 || problem->status == 409,
              "a refusal is a 400, a 404 or a 409");
    MUST_HOLD(problem->parameter && problem->allowed && problem->code && problem->title,
              "a refusal names the parameter and what it takes");
}

/* The canonical values as a query: none of them needs an escape. */
static size_t
given_again(const struct params *params, struct http_param *given)
{
    size_t count = 0;

    for (size_t i = 0; params->declared[i].name; i++) {
        const char *text = params->values[i].text;

        if (!text)
            continue;
        given[count].name =
            (struct bytes){params->declared[i].name, strlen(params->declared[i].name)};
        given[count++].value = (struct bytes){text, strlen(text)};
    }
    return count;
}

/* The path of the route with `segment` in the place of each parameter, and all of it as a target.
 */
static const char *
make_target(const struct route *route, struct bytes segment, struct bytes query,
            struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 256);
    for (const char *c = route->path; *c; c++) {
        if (*c != '{') {
            text_add_char(&text, *c);
            continue;
        }
        text_add(&text, segment.data, segment.size);
        c = strchr(c, '}');
    }
    text_add_char(&text, '?');
    text_add(&text, query.data, query.size);
    return text_finish(&text).data;
}

/* What the path holds and the query says, as request.c gives it: of others, what it comes to. */
static size_t
gather(const struct route *route, const struct http_target *target,
       const struct route_captures *captures, struct arena *arena, struct http_param *given)
{
    if (dialect_manner(dialect_of(target->path))->is_lenient)
        return params_make_lenient(route->params, captures->params, captures->count, target->params,
                                   target->param_count, arena, given);
    memcpy(given, captures->params, captures->count * sizeof *given);
    memcpy(given + captures->count, target->params, target->param_count * sizeof *given);
    return captures->count + target->param_count;
}

static void
check_target(const struct route *wanted, const char *text, const struct catalog *catalog,
             struct arena *arena)
{
    struct http_param given[ROUTE_CAPTURES_MAX + HTTP_PARAMS_MAX];
    const struct http_refusal *refusal;
    struct params params, again, copy;
    struct route_found found;
    struct http_target target;
    struct problem problem;
    char logged[256];
    size_t count;

    if (!http_target_parse((struct bytes){text, strlen(text)}, "/udf", arena, &target, &refusal))
        return;
    if (!routes_find(target.path, HTTP_GET, &found)) {
        MUST_HOLD(strchr(wanted->path, '{'), "a path without parameters is found");
        return;
    }
    count = gather(found.route, &target, &found.captures, arena, given);
    if (!params_check(found.route->params, given, count, catalog, arena, &params, &problem)) {
        check_problem(&problem);
        return;
    }
    MUST_HOLD(strlen(redact_target((struct bytes){text, strlen(text)}, logged, sizeof logged)) <
                  sizeof logged,
              "what is logged of a target fits");
    count = given_again(&params, given);
    MUST_HOLD(params_check(found.route->params, given, count, catalog, arena, &again, &problem),
              "a canonical form is accepted");
    params_copy(&again, arena, &copy);
    MUST_HOLD(strcmp(params_canonical(&params, arena), params_canonical(&copy, arena)) == 0,
              "the canonical form of a canonical form is itself");
}

/* A route, then what stands in its path (for those that take something there), '?', its query. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes segment = {"", 0}, query;
    struct arena *arena;
    struct catalog *catalog;
    const struct route *route;
    const char *mark;

    if (size < 2)
        return 0;
    arena = arena_create(4096);
    catalog = small_catalog(assets, COUNT_OF(assets));
    route = routes_at(data[0] % routes_count());
    query = (struct bytes){(const char *)data + 1, size - 1};
    mark = memchr(query.data, '?', query.size);
    if (mark && strchr(route->path, '{')) {
        segment = (struct bytes){query.data, (size_t)(mark - query.data)};
        query = (struct bytes){mark + 1, query.size - segment.size - 1};
    }
    check_target(route, make_target(route, segment, query, arena), catalog, arena);
    catalog_release(catalog);
    arena_destroy(arena);
    return 0;
}
