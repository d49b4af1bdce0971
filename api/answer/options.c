#include "api/answer/options.h"

#include "api/routes.h"
#include "api/thread.h"

bool
options_is_preflight(const struct http_request *http)
{
    struct bytes value;

    return http->method == HTTP_OPTIONS && http_request_header(http, "Origin", &value) &&
           http_request_header(http, "Access-Control-Request-Method", &value);
}

/* Whether this page may read what is here. */
static bool
may_read(const struct request *request)
{
    struct bytes origin = {NULL, 0};

    http_request_header(request->http, "Origin", &origin);
    return cors_lines(request->thread->cors, origin).size > 0;
}

void
options_answer(struct request *request, unsigned methods)
{
    struct bytes requested = {"", 0};
    char names[ROUTE_METHODS_SIZE];
    struct text head;

    route_methods_text(methods, names);
    text_init(&head, request->http->arena, 256);
    http_header_add(&head, "Allow", names);
    if (options_is_preflight(request->http) && may_read(request)) {
        http_request_header(request->http, "Access-Control-Request-Headers", &requested);
        cors_add_preflight(&head, names, requested);
    }
    request->head = text_finish(&head).data;
    request_answer(request, 204, NULL, (struct bytes){"", 0});
}
