#include "api/params.h"

#include "api/routes.h"

#include "fuzz/fuzz.h"

#include <string.h>

/*
 * Any query of any route: what is refused names a parameter and what it takes; what is accepted has
 * one canonical form, which read as a query again gives the same, so that equal requests share a
 * cache key and others do not.
 */
static struct catalog *
make_catalog(void)
{
    static const char *const assets[] = {"bitcoin", "ethereum", "a", "b", "usd"};
    static const char *const currencies[] = {"usd", "eur", "btc"};
    static const char *const sources[] = {"binance", "coinbase"};
    const char *const *names[] = {assets, currencies, sources};
    const size_t counts[] = {COUNT_OF(assets), COUNT_OF(currencies), COUNT_OF(sources)};

    return catalog_create(names, counts);
}

static void
check_problem(const struct problem *problem)
{
    MUST_HOLD(problem->status == 400 || problem->status == 404, "a refusal is a 400 or a 404");
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096);
    struct catalog *catalog = make_catalog();
    const struct param *declared;
    const struct http_refusal *refusal;
    struct http_target target;
    struct http_param given[PARAMS_MAX];
    struct params params, again, copy;
    struct problem problem;
    char *text;

    if (size > 1) {
        declared = routes[data[0] % route_count].params;
        text = arena_printf(arena, "/?%.*s", (int)size - 1, (const char *)data + 1);
        if (http_target_parse((struct bytes){text, strlen(text)}, arena, &target, &refusal)) {
            if (!params_check(declared, target.params, target.param_count, catalog, arena, &params,
                              &problem)) {
                check_problem(&problem);
            } else {
                size_t count = given_again(&params, given);

                MUST_HOLD(params_check(declared, given, count, catalog, arena, &again, &problem),
                          "a canonical form is accepted");
                params_copy(&again, arena, &copy);
                MUST_HOLD(
                    strcmp(params_canonical(&params, arena), params_canonical(&copy, arena)) == 0,
                    "the canonical form of a canonical form is itself");
            }
        }
    }
    catalog_release(catalog);
    arena_destroy(arena);
    return 0;
}
