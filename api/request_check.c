#include "api/request_check.h"

#include "api/answer/formats.h"
#include "api/answer/options.h"
#include "api/params/asked.h"
#include "api/params/body_params.h"
#include "api/params/params_lenient.h"
#include "api/params/request_key.h"
#include "api/routes.h"
#include "api/thread.h"
#include "common/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void
refuse_path(struct request *request)
{
    problem_set(&request->problem, 404, "route.unknown", "There is nothing at this path",
                "GET / lists what there is");
    request_enter(request, REQUEST_REPLY);
}

static void
refuse_method(struct request *request)
{
    char *methods = arena_alloc(request->http->arena, ROUTE_METHODS_SIZE);

    route_methods_text(request->methods, methods);
    problem_set(&request->problem, 405, "method.not_allowed", "This path does not take this method",
                "%s is not one of: %s", http_method_name(request->http->method), methods);
    request->problem.allow = methods;
    request_enter(request, REQUEST_REPLY);
}

static void
release_catalog(void *catalog)
{
    catalog_release(catalog);
}

/* The names that exist now, kept as long as the request: problems point into them. */
static struct catalog *
borrow_catalog(struct request *request)
{
    struct catalog *catalog = board_catalog(request->thread->board);

    if (catalog)
        arena_defer(request->http->arena, release_catalog, catalog);
    return catalog;
}

/* All Accept headers as one; nothing if there is none. */
static struct bytes
accept_of(const struct request *request)
{
    struct bytes name, value;
    struct text text;

    text_init(&text, request->http->arena, 128);
    for (size_t i = 0; http_request_header_at(request->http, i, &name, &value); i++) {
        static const char wanted[] = "Accept";

        if (name.size != sizeof wanted - 1 || strncasecmp(name.data, wanted, name.size) != 0)
            continue;
        if (text.size > 0)
            text_add_char(&text, ',');
        text_add(&text, value.data, value.size);
    }
    return text_finish(&text);
}

/* What the path holds goes first, so that the query may not say it again; nor the body the query.
 */
static bool
check_given(struct request *request, const struct route_captures *captures,
            const struct catalog *catalog)
{
    const struct http_target *target = &request->http->target;
    struct http_param given[ROUTE_CAPTURES_MAX + 2 * HTTP_PARAMS_MAX];
    size_t count = captures->count + target->param_count, of_body;
    struct asked asked = {request->route, given, 0, accept_of(request), catalog, clock_now_ms()};

    memcpy(given, captures->params, captures->count * sizeof *given);
    memcpy(given + captures->count, target->params, target->param_count * sizeof *given);
    if (request->manner->is_lenient)
        count =
            params_make_lenient(request->route->params, captures->params, captures->count,
                                target->params, target->param_count, request->http->arena, given);
    if (!body_params_read(request->http, given + count, &of_body, &request->problem))
        return false;
    asked.given_count = count + of_body;
    return asked_check(&asked, request->http->arena, &request->params, &request->problem);
}

static bool
check_params(struct request *request, const struct route_captures *captures)
{
    struct catalog *catalog = NULL;

    if (asked_needs_catalog(request->route)) {
        catalog = borrow_catalog(request);
        if (!catalog) {
            problem_set(&request->problem, 503, "catalog.unknown",
                        "The names of assets are not known yet",
                        "the database has not been reached since the start; try again");
            request->problem.retry_after_s = 1;
            return false;
        }
    }
    return check_given(request, captures, catalog);
}

static void
make_key(struct request *request)
{
    const char *name_space = request->thread->settings->cache_namespace;

    request->key =
        cache_key(request->thread->cache, request_key_text(request->route, &request->params,
                                                           name_space, request->http->arena));
}

/*
 * What no row is of: the whole server, and paths that there are not. A preflight is let through
 * there, because a page whose preflight fails never gets to see that the path is the mistake.
 */
static void
check_unknown(struct request *request)
{
    const struct http_request *http = request->http;

    if (http->target.path.data[0] == '*')
        options_answer(request, routes_methods());
    else if (options_is_preflight(http))
        options_answer(request, ROUTE_READ);
    else
        refuse_path(request);
}

/* A target means one thing to shortcuts, so what another form was negotiated for is no meaning. */
static bool
is_as_unnegotiated(const struct request *request)
{
    return !formats_by_accept(&request->params) || formats_of(&request->params) == FORMAT_JSON;
}

static void
check_all(struct request *request)
{
    const struct http_request *http = request->http;
    struct route_found found;
    struct shortcut shortcut;
    struct bytes path = dialect_plain_path(http->target.path, http->arena);

    if (!routes_find(path, http->method, &found)) {
        check_unknown(request);
        return;
    }
    request->route = found.route;
    request->methods = found.methods;
    if (!(request->route->methods & 1u << http->method)) {
        refuse_method(request);
        return;
    }
    if (http->method == HTTP_OPTIONS) {
        options_answer(request, request->methods);
        return;
    }
    if (!check_params(request, &found.captures)) {
        request_enter(request, REQUEST_REPLY);
        return;
    }
    if (request->route->reading) {
        make_key(request);
        shortcut = (struct shortcut){request->route, request->params, request->key,
                                     formats_by_accept(&request->params)};
        if (!params_are_passing(&request->params) && is_as_unnegotiated(request))
            shortcuts_add(request->thread->shortcuts, http->raw_target, &shortcut);
    }
    request_enter(request, REQUEST_LIMIT);
}

void
request_check(struct request *request)
{
    enum http_method method = request->http->method;
    const struct shortcut *known = NULL;

    if (method == HTTP_GET || method == HTTP_HEAD)
        known = shortcuts_find(request->thread->shortcuts, request->http->raw_target);
    if (!known ||
        (known->by_accept && !formats_would_be_json(&known->params, accept_of(request)))) {
        check_all(request);
        return;
    }
    /* Borrowed: request_wait() makes them its own. */
    request->route = known->route;
    request->params = known->params;
    request->key = known->key;
    request_enter(request, REQUEST_LIMIT);
}
