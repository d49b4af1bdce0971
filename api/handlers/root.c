#include "api/handlers/root.h"

#include "api/request.h"
#include "api/routes.h"
#include "api/thread.h"
#include "common/text.h"

/* What it is asked with: HEAD and OPTIONS go without saying. */
static const char *
main_method(const struct route *route)
{
    enum http_method method = HTTP_GET;

    while (!(route->methods & 1u << method))
        method++;
    return http_method_name(method);
}

static void
add_link(struct text *text, const struct route *route)
{
    text_add_string(text, "{\"href\":");
    text_add_json_string(text, route->path);
    text_add_string(text, ",\"method\":");
    text_add_json_string(text, main_method(route));
    text_add_string(text, ",\"about\":");
    text_add_json_string(text, route->about);
    text_add_string(text, ",\"parameters\":[");
    for (const struct param *param = route->params; param->name; param++) {
        if (param != route->params)
            text_add_char(text, ',');
        text_add_json_string(text, param->name);
    }
    text_add_string(text, "]}");
}

void
root_answer(struct request *request)
{
    struct text text;

    text_init(&text, request->http->arena, 1024);
    text_add_string(&text, "{\"name\":\"Tidemark\",\"version\":\"" TIDEMARK_VERSION
                           "\",\"description\":\"Crypto market data\",\"data_mode\":");
    text_add_json_string(&text, request->thread->settings->data_mode);
    text_add_string(&text, ",\"links\":[");
    for (size_t i = 0; i < routes_count(); i++) {
        if (!routes_at(i)->about)
            continue;
        if (i > 0)
            text_add_char(&text, ',');
        add_link(&text, routes_at(i));
    }
    text_add_string(&text, "]}\n");
    request_answer(request, 200, "application/json", text_finish(&text));
}
