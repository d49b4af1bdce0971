#include "api/openapi/postman.h"

#include "common/json.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

enum { COLLECTION_BYTES = 128 * 1024 };

static const char advice[] =
    "All of it at once is more than a minute's usual limit: a run wants a second between requests.";
static const char opening[] =
    ",\"schema\":\"https://schema.getpostman.com/json/collection/v2.1.0/collection.json\"},"
    "\"variable\":[{\"key\":\"baseUrl\",\"value\":\"http://127.0.0.1:8080\"},"
    "{\"key\":\"apiKey\",\"value\":\"\"}],\"item\":[";

static void
add_member(struct text *text, const char *name, const char *value)
{
    text_add_format(text, ",\"%s\":", name);
    text_add_json_string(text, value ? value : "");
}

/* As it stands in a path or a query. */
static const char *
spell(const struct json *example, struct arena *arena)
{
    struct text text;

    if (json_is_string(example))
        return json_string(example);
    if (!json_is_array(example)) {
        text_init(&text, arena, 32);
        json_print(example, &text);
        return text_finish(&text).data;
    }
    text_init(&text, arena, 64);
    for (const struct json *item = json_first(example); item; item = json_next(item)) {
        if (text.size > 0)
            text_add_char(&text, ',');
        text_add_string(&text, spell(item, arena));
    }
    return text_finish(&text).data;
}

/* ------------------------------------------------------------------------------- the address */

static bool
stands_in(const struct json *parameter, const char *place)
{
    const char *in = json_string(json_get(parameter, "in")); /* a header's are references */

    return in && strcmp(in, place) == 0;
}

/* {"key":...,"value":...} of each parameter of the path or the query. */
static void
add_values(struct text *text, const struct json *parameters, const char *place)
{
    bool any = false;

    for (const struct json *one = json_first(parameters); one; one = json_next(one)) {
        const struct json *example = json_get(one, "example");

        if (!stands_in(one, place))
            continue;
        text_add_string(text, any ? ",{\"key\":" : "{\"key\":");
        text_add_json_string(text, json_string(json_get(one, "name")));
        add_member(text, "value", example ? spell(example, text->arena) : NULL);
        add_member(text, "description", json_string(json_get(one, "description")));
        if (!example)
            text_add_string(text, ",\"disabled\":true");
        text_add_char(text, '}');
        any = true;
    }
}

/* "/a/{b}" as ["a",":b"]. */
static void
add_segments(struct text *text, const char *path)
{
    for (size_t size; *path == '/'; path += size) {
        bool is_captured = *++path == '{';

        size = strcspn(path, "/");
        text_add_string(text, is_captured ? "\":" : "\"");
        text_add(text, path + is_captured, size - 2 * is_captured);
        text_add_string(text, path[size] ? "\"," : "\"");
    }
}

/* "{{baseUrl}}/a/:b?c=d" */
static const char *
raw_address(const char *path, const struct json *parameters, struct arena *arena)
{
    char separator = '?';
    struct text text;

    text_init(&text, arena, 128);
    text_add_string(&text, "{{baseUrl}}");
    for (; *path; path++) {
        if (*path == '{')
            text_add_char(&text, ':');
        else if (*path != '}')
            text_add_char(&text, *path);
    }
    for (const struct json *one = json_first(parameters); one; one = json_next(one)) {
        const struct json *example = json_get(one, "example");

        if (!example || !stands_in(one, "query"))
            continue;
        text_add_format(&text, "%c%s=%s", separator, json_string(json_get(one, "name")),
                        spell(example, arena));
        separator = '&';
    }
    return text_finish(&text).data;
}

static void
add_address(struct text *text, const char *path, const struct json *parameters)
{
    text_add_string(text, ",\"url\":{\"raw\":");
    text_add_json_string(text, raw_address(path, parameters, text->arena));
    text_add_string(text, ",\"host\":[\"{{baseUrl}}\"],\"path\":[");
    add_segments(text, path);
    text_add_string(text, "],\"variable\":[");
    add_values(text, parameters, "path");
    text_add_string(text, "],\"query\":[");
    add_values(text, parameters, "query");
    text_add_string(text, "]}");
}

/* ------------------------------------------------------------------------------ the requests */

static void
add_method(struct text *text, const char *method)
{
    text_add_string(text, "{\"method\":\"");
    for (; *method; method++)
        text_add_char(text, (char)(*method & ~0x20));
    text_add_char(text, '"');
}

static void
add_key(struct text *text, const struct json *operation)
{
    if (json_first(json_get(operation, "security")))
        text_add_string(text, ",\"auth\":{\"type\":\"apikey\",\"apikey\":["
                              "{\"key\":\"key\",\"value\":\"X-API-Key\",\"type\":\"string\"},"
                              "{\"key\":\"value\",\"value\":\"{{apiKey}}\",\"type\":\"string\"},"
                              "{\"key\":\"in\",\"value\":\"header\",\"type\":\"string\"}]}");
    else
        text_add_string(text, ",\"auth\":{\"type\":\"noauth\"}");
}

/* A body is JSON. */
static void
add_body(struct text *text, const struct json *operation)
{
    const struct json *content = json_get(json_get(operation, "requestBody"), "content");
    const struct json *example = json_get(json_get(content, "application/json"), "example");
    struct text body;

    if (!example) {
        text_add_string(text, ",\"header\":[]");
        return;
    }
    text_init(&body, text->arena, 128);
    json_print(example, &body);
    text_add_string(text, ",\"header\":[{\"key\":\"Content-Type\",\"value\":\"application/json\"}],"
                          "\"body\":{\"mode\":\"raw\",\"raw\":");
    text_add_json_string(text, text_finish(&body).data);
    text_add_string(text, ",\"options\":{\"raw\":{\"language\":\"json\"}}}");
}

static const char *
success_of(const struct json *operation)
{
    const struct json *response = json_first(json_get(operation, "responses"));

    while (response && json_key(response)[0] != '2')
        response = json_next(response);
    return response ? json_key(response) : "200";
}

/* The first way in has no key where a request may do without one. */
static bool
wants_key(const struct json *operation)
{
    const struct json *ways = json_get(operation, "security");

    return json_first(ways) && json_first(json_first(ways));
}

/*
 * In a fresh system there is no report yet, and never was the job of the example. A collection that
 * was not told the key is refused where it takes one, and that is right.
 */
static void
add_test(struct text *text, const struct json *operation)
{
    bool may_not_exist = json_is_true(json_get(operation, "x-may-not-exist"));

    text_add_format(text,
                    ",\"event\":[{\"listen\":\"test\",\"script\":{\"type\":\"text/javascript\","
                    "\"exec\":[\"pm.test('it is answered', () => "
                    "pm.expect(pm.response.code).to.be.oneOf([%s%s]%s));\"]}}]",
                    success_of(operation), may_not_exist ? ", 404" : "",
                    wants_key(operation) ? ".concat(pm.variables.get('apiKey') ? [] : [401])" : "");
}

static void
add_request(struct text *text, const char *path, const struct json *operation)
{
    text_add_string(text, "{\"name\":");
    text_add_json_string(text, json_string(json_get(operation, "summary")));
    text_add_string(text, ",\"request\":");
    add_method(text, json_key(operation));
    add_member(text, "description", json_string(json_get(operation, "description")));
    add_key(text, operation);
    add_body(text, operation);
    add_address(text, path, json_get(operation, "parameters"));
    text_add_char(text, '}');
    add_test(text, operation);
    text_add_string(text, ",\"response\":[]}");
}

static bool
has_tag(const struct json *operation, const char *tag)
{
    return strcmp(json_string(json_first(json_get(operation, "tags"))), tag) == 0;
}

/* False, and nothing added, if no operation has the tag. */
static bool
add_requests_of(struct text *text, const struct json *paths, const char *tag)
{
    bool any = false;

    for (const struct json *path = json_first(paths); path; path = json_next(path)) {
        for (const struct json *one = json_first(path); one; one = json_next(one)) {
            if (!has_tag(one, tag))
                continue;
            if (any)
                text_add_char(text, ',');
            add_request(text, json_key(path), one);
            any = true;
        }
    }
    return any;
}

/* ---------------------------------------------------------------------------------- the whole */

static void
add_folders(struct text *text, const struct json *document)
{
    bool any = false;

    for (const struct json *tag = json_first(json_get(document, "tags")); tag;
         tag = json_next(tag)) {
        const char *name = json_string(json_get(tag, "name"));
        struct text requests;

        text_init(&requests, text->arena, 16 * 1024);
        if (!add_requests_of(&requests, json_get(document, "paths"), name))
            continue;
        text_add_string(text, any ? ",{\"name\":" : "{\"name\":");
        text_add_json_string(text, name);
        add_member(text, "description", json_string(json_get(tag, "description")));
        text_add_string(text, ",\"item\":[");
        text_add(text, requests.data, requests.size);
        text_add_string(text, "]}");
        any = true;
    }
}

/* The document is our own, so it can be read. */
struct bytes
postman_collection(struct bytes openapi, struct arena *arena)
{
    const struct json *document = NULL;
    struct error err = {0};
    bool is_read = json_parse(arena, openapi, &json_limits_payload, &document, &err);
    struct text text;

    assert(is_read);
    (void)is_read;
    text_init(&text, arena, COLLECTION_BYTES);
    text_add_string(&text, "{\"info\":{\"name\":");
    text_add_json_string(&text, json_string(json_get(json_get(document, "info"), "title")));
    add_member(&text, "description",
               arena_printf(arena, "%s. %s",
                            json_string(json_get(json_get(document, "info"), "summary")), advice));
    text_add_string(&text, opening);
    add_folders(&text, document);
    text_add_string(&text, "]}\n");
    return text_finish(&text);
}
