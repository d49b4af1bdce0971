#include "api/openapi/document.h"

#include "api/answer/formats.h"
#include "api/dialects/dialect.h"
#include "api/openapi/parameters.h"
#include "api/openapi/refusals.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

enum { DOCUMENT_BYTES = 512 * 1024 };

/* The method that the document shows: HEAD and OPTIONS are told of in its introduction. */
static enum http_method
shown_method(const struct route *route)
{
    enum http_method method = HTTP_GET;

    while (method < HTTP_OPTIONS && (method == HTTP_HEAD || !(route->methods & 1u << method)))
        method++;
    return method;
}

const struct openapi_operation *
openapi_operation_of(const struct route *route)
{
    const char *method = http_method_name(shown_method(route));
    size_t size = strlen(method);

    for (size_t i = 0; openapi_operations[i]; i++) {
        const char *wanted = openapi_operations[i]->route;

        if (strncmp(wanted, method, size) == 0 && strcmp(wanted + size + 1, route->path) == 0)
            return openapi_operations[i];
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ answers */

/* What is read has a tag, and in some dialects what comes from memory, too. */
static bool
is_tagged_by_table(const struct route *route)
{
    struct bytes path = {route->path, strlen(route->path)};

    return route->reading || dialect_manner(dialect_of(path))->tags_all;
}

static bool
is_tagged(const struct route *route, const struct openapi_operation *operation)
{
    return is_tagged_by_table(route) || strstr(operation->responses->headers, "\"ETag\":");
}

static bool
is_paged(const struct route *route)
{
    const struct param *param = route->params;

    while (param->name && param->kind != PARAM_CURSOR)
        param++;
    return param->name != NULL;
}

/* What the table says of the headers of a success. */
static void
add_headers(struct text *text, const struct route *route, const struct openapi_response *response)
{
    text_add_string(text,
                    ",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/RequestId\"},"
                    "\"Cache-Control\":{\"$ref\":\"#/components/headers/CacheControl\"}");
    if (is_tagged_by_table(route) && response->status == 200)
        text_add_string(text, ",\"ETag\":{\"$ref\":\"#/components/headers/ETag\"}");
    if (route->reading && response->status == 200)
        text_add_string(text, ",\"Age\":{\"$ref\":\"#/components/headers/Age\"}");
    if (is_paged(route) && response->status == 200)
        text_add_string(text, ",\"Link\":{\"$ref\":\"#/components/headers/Link\"}");
    if (route->cost > 0)
        text_add_string(text,
                        ",\"RateLimit\":{\"$ref\":\"#/components/headers/RateLimit\"},"
                        "\"RateLimit-Policy\":{\"$ref\":\"#/components/headers/RateLimitPolicy\"}");
    if (*response->headers)
        text_add_char(text, ',');
    text_add_string(text, response->headers);
    text_add_char(text, '}');
}

static const struct param *
format_param(const struct route *route)
{
    const struct param *param = route->params;

    while (param->name && param->kind != PARAM_FORMAT)
        param++;
    return param->name ? param : NULL;
}

/* Of a success also the formats that the table has and nobody wrote about. */
static void
add_content(struct text *text, const struct route *route, const struct openapi_response *response)
{
    const struct param *formats = response->status == 200 ? format_param(route) : NULL;
    const char *choices = formats ? formats->choices : "";

    if (!*response->content)
        return;
    text_add_string(text, ",\"content\":{");
    text_add_string(text, response->content);
    for (size_t size; *choices; choices += size + (choices[size] == '|')) {
        const char *media_type;

        size = strcspn(choices, "|");
        media_type = formats_media_type((struct bytes){choices, size});
        if (media_type && !strstr(response->content, media_type))
            text_add_format(text, ",\"%s\":{\"schema\":{\"type\":\"string\"}}", media_type);
    }
    text_add_char(text, '}');
}

static void
add_responses(struct text *text, const struct route *route,
              const struct openapi_operation *operation)
{
    const struct openapi_response *response = operation->responses;

    text_add_string(text, "\"responses\":{");
    for (; response->status; response++) {
        if (response != operation->responses)
            text_add_char(text, ',');
        text_add_format(text, "\"%d\":{", response->status);
        text_add_string(text, response->members);
        add_content(text, route, response);
        add_headers(text, route, response);
        text_add_char(text, '}');
    }
    if (is_tagged(route, operation))
        text_add_string(text, ",\"304\":{\"$ref\":\"#/components/responses/NotModified\"}");
    refusals_add(text, route, operation);
    text_add_char(text, '}');
}

/* --------------------------------------------------------------------------------- operations */

static void
add_description(struct text *text, const struct route *route, const char *notes,
                struct arena *arena)
{
    struct text whole;

    text_init(&whole, arena, 512);
    text_add_string(&whole, route->about);
    if (*notes)
        text_add_format(&whole, "\n\n%s", notes);
    if (route->cost > 1)
        text_add_format(&whole, "\n\nCosts %" PRId32 " requests of the client's limit.",
                        route->cost);
    text_add_string(text, ",\"description\":");
    text_add_json_string(text, text_finish(&whole).data);
}

static void
add_security(struct text *text, const struct route *route)
{
    if (route->access == ACCESS_ANYONE)
        text_add_string(text, ",\"security\":[]");
    else if (route->access == ACCESS_ORDER) /* {}: it may do without, where the operator lets it */
        text_add_string(text, ",\"security\":[{},{\"apiKey\":[]},{\"bearer\":[]}]");
    else
        text_add_string(text, ",\"security\":[{\"apiKey\":[]},{\"bearer\":[]}]");
}

/* Those of the table, of the head, and what caches say. */
static void
add_parameters(struct text *text, const struct route *route,
               const struct openapi_operation *operation)
{
    bool any;

    text_add_string(text, ",\"parameters\":[");
    any = openapi_add_parameters(text, route, operation);
    if (*operation->headers) {
        text_add_string(text, any ? "," : "");
        text_add_string(text, operation->headers);
        any = true;
    }
    if (is_tagged(route, operation)) {
        text_add_string(text, any ? "," : "");
        text_add_string(text, "{\"$ref\":\"#/components/parameters/IfNoneMatch\"}");
    }
    text_add_string(text, "],");
}

static void
add_operation(struct text *text, const struct route *route,
              const struct openapi_operation *operation, struct arena *arena)
{
    text_add_string(text, operation->opening);
    add_description(text, route, operation->notes, arena);
    add_security(text, route);
    if (refusals_may_not_exist(operation))
        text_add_string(text, ",\"x-may-not-exist\":true");
    add_parameters(text, route, operation);
    if (operation->body) {
        text_add_string(text, "\"requestBody\":");
        text_add_string(text, operation->body);
        text_add_char(text, ',');
    }
    add_responses(text, route, operation);
}

/* ------------------------------------------------------------------------------------- paths */

static bool
is_first_of_its_path(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(routes_at(i)->path, routes_at(index)->path) == 0)
            return false;
    }
    return true;
}

static void
add_lower(struct text *text, const char *word)
{
    for (; *word; word++)
        text_add_char(text, (char)(*word | 0x20));
}

/* Rows of one path are one path item. */
static void
add_path(struct text *text, size_t first, struct arena *arena)
{
    const char *path = routes_at(first)->path;
    bool any = false;

    text_add_json_string(text, path);
    text_add_string(text, ":{");
    for (size_t i = first; i < routes_count(); i++) {
        const struct route *route = routes_at(i);
        const struct openapi_operation *operation = openapi_operation_of(route);

        if (strcmp(route->path, path) != 0 || !operation)
            continue;
        text_add_string(text, any ? ",\"" : "\"");
        add_lower(text, http_method_name(shown_method(route)));
        text_add_string(text, "\":{");
        add_operation(text, route, operation, arena);
        text_add_char(text, '}');
        any = true;
    }
    text_add_char(text, '}');
}

static void
add_paths(struct text *text, struct arena *arena)
{
    bool any = false;

    text_add_string(text, ",\"paths\":{");
    for (size_t i = 0; i < routes_count(); i++) {
        if (!is_first_of_its_path(i) || !openapi_operation_of(routes_at(i)))
            continue;
        if (any)
            text_add_char(text, ',');
        add_path(text, i, arena);
        any = true;
    }
    text_add_char(text, '}');
}

/* Whether anything so far refers to it. How keys are given stands in no reference. */
static bool
is_used(const struct text *text, const struct openapi_component *component)
{
    const char *wanted =
        arena_printf(text->arena, "\"#/components/%s/%s\"", component->section, component->name);

    return strcmp(component->section, "securitySchemes") == 0 ||
           memmem(text->data, text->size, wanted, strlen(wanted));
}

/* From `first` to the end of its section, whose end is returned. */
static const struct openapi_component *
add_section(struct text *text, const struct openapi_component *first)
{
    const struct openapi_component *component = first;
    bool any = false;

    text_add_json_string(text, first->section);
    text_add_string(text, ":{");
    for (; component->section && strcmp(component->section, first->section) == 0; component++) {
        if (!is_used(text, component))
            continue;
        if (any)
            text_add_char(text, ',');
        text_add_json_string(text, component->name);
        text_add_char(text, ':');
        text_add_string(text, component->json);
        any = true;
    }
    text_add_string(text, "},");
    return component;
}

static void
add_components(struct text *text)
{
    text_add_string(text, ",\"components\":{");
    for (const struct openapi_component *first = openapi_components; first->section;)
        first = add_section(text, first);
    text_add_string(text, "\"schemas\":{");
    for (size_t i = 0; openapi_schemas[i].name; i++) {
        if (i > 0)
            text_add_char(text, ',');
        text_add_json_string(text, openapi_schemas[i].name);
        text_add_char(text, ':');
        text_add_string(text, openapi_schemas[i].json);
    }
    text_add_string(text, "}}");
}

struct bytes
openapi_document(struct arena *arena)
{
    struct text text;

    text_init(&text, arena, DOCUMENT_BYTES);
    text_add_string(&text, "{\"openapi\":\"3.1.0\",");
    text_add_string(&text, openapi_opening);
    add_paths(&text, arena);
    add_components(&text);
    text_add_string(&text, "}\n");
    return text_finish(&text);
}
