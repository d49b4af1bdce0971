#include "api/routes.h"

#include "api/metrics.h"

#include "unit/check.h"

#include <stdio.h>

/* What every row of the table promises. */
static void
every_route_is_whole(void **state)
{
    check_true("fits the metrics", routes_count() <= METRICS_ROUTES);
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        size_t count = 0;

        check_true(route->path, route->path[0] == '/');
        check_true(route->path, !route->answer == !!route->reading);
        check_true(route->path, !route->about || *route->about);
        check_int(route->path, (int64_t)routes_index(route), (int64_t)i);
        check_int(route->path, !!(route->methods & 1u << HTTP_GET),
                  !!(route->methods & 1u << HTTP_HEAD));
        check_true(route->path, route->methods & 1u << HTTP_OPTIONS);
        if (route->reading || route->access != ACCESS_ANYONE)
            check_true(route->path, route->cost > 0);
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

/* A row that no path reaches, because another one before it takes all of its paths, is a mistake.
 */
static void
every_route_is_found_by_its_own_path(void **state)
{
    struct route_found found;

    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        const char *path = route->path;
        enum http_method method = route->methods & 1u << HTTP_GET ? HTTP_GET : HTTP_POST;

        check_true(path, routes_find((struct bytes){path, strlen(path)}, method, &found));
        check_true(path, found.route == route);
    }
}

static void
what_stands_in_braces_is_a_required_parameter(void **state)
{
    struct route_captures captures;

    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);

        check_true(route->path,
                   route_path_fits(route->path, (struct bytes){route->path, strlen(route->path)},
                                   &captures));
        for (size_t k = 0; k < captures.count; k++) {
            struct bytes name = captures.params[k].name;
            const struct param *param = route->params;

            while (param->name && (strlen(param->name) != name.size ||
                                   memcmp(param->name, name.data, name.size) != 0))
                param++;
            check_true(route->path, param->name && param->required);
        }
    }
}

static void
paths_are_found(void **state)
{
    struct route_found found;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool is_found =
            routes_find((struct bytes){rows[i].path, strlen(rows[i].path)}, HTTP_GET, &found);

        check_string(rows[i].name, is_found ? found.route->path : NULL, rows[i].want);
    }
}

static const struct {
    const char *name, *wanted, *path, *first, *second; /* NULL = does not fit, or no such capture */
} braces[] = {
    {"a parameter at the end",     "/a/{x}",      "/a/btc",     "btc",   NULL},
    {"one in the middle",          "/a/{x}/b",    "/a/1.b-_/b", "1.b-_", NULL},
    {"two",                        "/{x}/a/{yy}", "/1/a/22",    "1",     "22"},
    {"it is not empty",            "/a/{x}",      "/a/",        NULL,    NULL},
    {"nor left out",               "/a/{x}",      "/a",         NULL,    NULL},
    {"nor two segments",           "/a/{x}",      "/a/b/c",     NULL,    NULL},
    {"what stands before counts",  "/a/{x}",      "/b/btc",     NULL,    NULL},
    {"what stands behind counts",  "/a/{x}/b",    "/a/btc/c",   NULL,    NULL},
    {"and how long it is",         "/a/{x}/b",    "/a/btc",     NULL,    NULL},
    {"braces are nothing special", "/a/{x}",      "/a/{x}",     "{x}",   NULL},
};

static const char *
captured(const struct route_captures *captures, size_t i, char text[16])
{
    struct bytes value = {"", 0};

    if (i >= captures->count)
        return NULL;
    value = captures->params[i].value;
    snprintf(text, 16, "%.*s", (int)value.size, value.data);
    return text;
}

static void
segments_in_braces_are_captured(void **state)
{
    for (size_t i = 0; i < COUNT_OF(braces); i++) {
        const char *name = braces[i].name;
        struct route_captures captures;
        char text[16];
        bool fits = route_path_fits(
            braces[i].wanted, (struct bytes){braces[i].path, strlen(braces[i].path)}, &captures);

        check_int(name, fits, braces[i].first != NULL);
        if (!fits)
            continue;
        check_string(name, captured(&captures, 0, text), braces[i].first);
        check_string(name, captured(&captures, 1, text), braces[i].second);
    }
}

static void
a_path_that_lacks_the_method_is_found(void **state)
{
    static const char path[] = "/simple_price";
    struct route_found found;

    check_true(path, routes_find((struct bytes){path, strlen(path)}, HTTP_POST, &found));
    check_int(path, found.methods & 1u << HTTP_POST, 0);
}

static void
methods_are_named(void **state)
{
    char text[ROUTE_METHODS_SIZE];

    check_string("read", route_methods_text(ROUTE_READ, text), "GET, HEAD, OPTIONS");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_whole),
        cmocka_unit_test(every_route_is_found_by_its_own_path),
        cmocka_unit_test(what_stands_in_braces_is_a_required_parameter),
        cmocka_unit_test(paths_are_found),
        cmocka_unit_test(segments_in_braces_are_captured),
        cmocka_unit_test(a_path_that_lacks_the_method_is_found),
        cmocka_unit_test(methods_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
