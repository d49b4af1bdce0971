#include "api/openapi/document.h"

#include "common/json.h"
#include "unit/check.h"

#include <string.h>

static void
the_document_is_json_without_doubled_members(void **state)
{
    struct arena *arena = arena_create(1 << 20);
    struct bytes document = openapi_document(arena);
    const struct json *tree;
    struct error err = {0};

    check_true(err.message, json_parse(arena, document, &json_limits_payload, &tree, &err));
    arena_destroy(arena);
}

/* By a file in api/openapi/operations, see the README beside it; a row without `about` is told
 * nowhere. */
static void
every_route_is_described(void **state)
{
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);

        check_true(route->path, !route->about || openapi_operation_of(route));
    }
}

/* What was written for a route that is gone, or misspelled, describes nothing. */
static void
every_operation_has_its_route(void **state)
{
    for (size_t i = 0; openapi_operations[i]; i++) {
        const struct openapi_operation *operation = openapi_operations[i];
        size_t users = 0;

        for (size_t k = 0; k < routes_count(); k++)
            users += openapi_operation_of(routes_at(k)) == operation;
        check_int(operation->route, (int64_t)users, 1);
    }
}

static const struct param *
find_param(const struct route *route, const char *name)
{
    const struct param *param = route->params;

    while (param->name && strcmp(param->name, name) != 0)
        param++;
    return param->name ? param : NULL;
}

static bool
has_example(const struct openapi_operation *operation, const char *name)
{
    for (const struct openapi_part *example = operation->examples; example->name; example++) {
        if (strcmp(example->name, name) == 0)
            return true;
    }
    return false;
}

static void
examples_are_of_parameters_and_of_all_required_ones(void **state)
{
    for (size_t i = 0; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        const struct openapi_operation *operation = openapi_operation_of(route);

        if (!operation)
            continue;
        for (const struct openapi_part *example = operation->examples; example->name; example++)
            check_true(example->name, find_param(route, example->name) != NULL);
        for (const struct param *param = route->params; param->name; param++)
            check_true(param->name, !param->required || has_example(operation, param->name));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_json_without_doubled_members),
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(every_operation_has_its_route),
        cmocka_unit_test(examples_are_of_parameters_and_of_all_required_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
