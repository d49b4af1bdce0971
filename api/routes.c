#include "api/routes.h"

#include "api/routes/groups.h"
#include "common/attributes.h"

#include <string.h>

/* One a line. */
/* clang-format off */
static const struct route_group *const groups[] = {
    &simple_routes,
    &prices_routes,
    &order_routes,
    &listings_routes,
    &trust_routes,
    &coingecko_routes,
    &udf_routes,
    &admin_routes,
    &operation_routes,
    &document_routes,
};
/* clang-format on */

size_t
routes_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(groups); i++)
        count += groups[i]->count;
    return count;
}

const struct route *
routes_at(size_t index)
{
    size_t i = 0;

    while (index >= groups[i]->count)
        index -= groups[i++]->count;
    return &groups[i]->rows[index];
}

size_t
routes_index(const struct route *route)
{
    size_t before = 0;

    for (size_t i = 0;; before += groups[i++]->count) {
        if (route >= groups[i]->rows && route < groups[i]->rows + groups[i]->count)
            return before + (size_t)(route - groups[i]->rows);
    }
}

/* What `text` begins with, up to the next '/' or its end. */
static struct bytes
first_segment(const char *text, const char *end)
{
    const char *slash = memchr(text, '/', (size_t)(end - text));

    return (struct bytes){text, (size_t)((slash ? slash : end) - text)};
}

static bool
segment_fits(struct bytes wanted, struct bytes segment, struct route_captures *captures)
{
    if (wanted.size == 0 || wanted.data[0] != '{')
        return wanted.size == segment.size && memcmp(wanted.data, segment.data, wanted.size) == 0;
    if (segment.size == 0)
        return false;
    captures->params[captures->count++] = (struct http_param){
        {wanted.data + 1, wanted.size - 2},
        segment
    };
    return true;
}

/* Both begin with '/', and so does what is left of them after each segment. */
bool
route_path_fits(const char *wanted, struct bytes path, struct route_captures *ret_captures)
{
    const char *end = path.data + path.size, *wanted_end = wanted + strlen(wanted);

    ret_captures->count = 0;
    while (path.data < end && wanted < wanted_end) {
        struct bytes segment = first_segment(path.data + 1, end);
        struct bytes wanted_segment = first_segment(wanted + 1, wanted_end);

        if (!segment_fits(wanted_segment, segment, ret_captures))
            return false;
        path.data = segment.data + segment.size;
        wanted = wanted_segment.data + wanted_segment.size;
    }
    return path.data == end && wanted == wanted_end;
}

/* Rows of one path differ in their methods only. */
bool
routes_find(struct bytes path, enum http_method method, struct route_found *ret_found)
{
    struct route_captures captures;

    *ret_found = (struct route_found){.route = NULL};
    if (path.size == 0 || path.data[0] != '/')
        return false;
    if (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t row = 0; row < groups[i]->count; row++) {
            const struct route *route = &groups[i]->rows[row];

            if (!route_path_fits(route->path, path, &captures))
                continue;
            if (ret_found->route && strcmp(ret_found->route->path, route->path) != 0)
                continue;
            if (!ret_found->route || route->methods & 1u << method)
                ret_found->route = route;
            ret_found->captures = captures;
            ret_found->methods |= route->methods;
        }
    }
    return ret_found->route != NULL;
}

unsigned
routes_methods(void)
{
    unsigned methods = 0;

    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t row = 0; row < groups[i]->count; row++)
            methods |= groups[i]->rows[row].methods;
    }
    return methods;
}

const char *
route_methods_text(unsigned methods, char text[ROUTE_METHODS_SIZE])
{
    char *at = text;

    for (enum http_method method = HTTP_GET; method <= HTTP_OPTIONS; method++) {
        if (!(methods & 1u << method))
            continue;
        if (at != text)
            at = stpcpy(at, ", ");
        at = stpcpy(at, http_method_name(method));
    }
    return text;
}
