#include "api/routes.h"

#include "api/metrics.h"

#include "unit/check.h"

/* What every row of the table promises. */
static void
every_route_is_whole(void **state)
{
    check_true("fits the metrics", route_count <= METRICS_ROUTES);
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        size_t count = 0;

        check_true(route->path, route->path[0] == '/');
        check_true(route->path, !route->answer == !!route->reading);
        check_true(route->path, route->about && *route->about);
        check_true(route->path, route->methods & 1u << HTTP_GET);
        check_true(route->path, route->methods & 1u << HTTP_HEAD);
        check_true(route->path, route->methods & 1u << HTTP_OPTIONS);
        check_true(route->path, (route->cost > 0) == !!route->reading);
        check_true(route->path, (route->cache.fresh_s > 0) == !!route->reading);
        /* An inv: key in Redis lives for two days: entries must not outlive it. */
        check_true(route->path, route->cache.fresh_s * 2 + route->cache.stale_s < 2 * 86400);
        for (; route->params[count].name; count++)
            check_true(route->path, *route->params[count].about);
        check_true(route->path, count <= PARAMS_MAX);
    }
}

static const struct {
    const char *name, *path, *want;
} rows[] = {
    {"a path",                  "/simple_price",   "/simple_price"},
    {"a slash at the end",      "/simple_price/",  "/simple_price"},
    {"the root",                "/",               "/"            },
    {"two slashes are not one", "/simple_price//", NULL           },
    {"case counts",             "/Simple_price",   NULL           },
    {"a part of a path",        "/simple",         NULL           },
    {"more than a path",        "/simple_price/x", NULL           },
    {"nothing",                 "",                NULL           },
};

static void
paths_are_found(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct route *route = routes_find((struct bytes){rows[i].path, strlen(rows[i].path)});

        check_string(rows[i].name, route ? route->path : NULL, rows[i].want);
    }
}

static void
methods_are_named(void **state)
{
    char text[ROUTE_METHODS_SIZE];

    check_string("read", route_methods_text(&routes[0], text), "GET, HEAD, OPTIONS");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_whole),
        cmocka_unit_test(paths_are_found),
        cmocka_unit_test(methods_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
