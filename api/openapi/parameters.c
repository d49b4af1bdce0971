#include "api/openapi/parameters.h"

#include <inttypes.h>
#include <string.h>

static bool
is_in_path(const struct route_captures *captures, const char *name)
{
    for (size_t i = 0; i < captures->count; i++) {
        struct bytes captured = captures->params[i].name;

        if (captured.size == strlen(name) && memcmp(captured.data, name, captured.size) == 0)
            return true;
    }
    return false;
}

static void
add_choices(struct text *text, const char *choices)
{
    text_add_string(text, "{\"type\":\"string\",\"enum\":[");
    for (size_t size; *choices; choices += size + (choices[size] == '|')) {
        size = strcspn(choices, "|");
        text_add_json_bytes(text, choices, size);
        if (choices[size] == '|')
            text_add_char(text, ',');
    }
    text_add_char(text, ']');
}

static void
add_integer(struct text *text, const struct param *param)
{
    text_add_format(text, "{\"type\":\"integer\",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64,
                    param->min, param->max);
}

static void
add_names(struct text *text, const struct param *param)
{
    text_add_format(text,
                    "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1},"
                    "\"minItems\":%" PRId64 ",\"maxItems\":%" PRId64,
                    param->min, param->max);
}

/* All but the default and the closing brace. */
static void
add_schema(struct text *text, const struct param *param)
{
    switch (param->kind) {
    case PARAM_INTEGER:
        add_integer(text, param);
        return;
    case PARAM_DAYS:
        text_add_string(text, "{\"anyOf\":[");
        add_integer(text, param);
        text_add_string(text, "},{\"type\":\"string\",\"enum\":[\"max\"]}]");
        return;
    case PARAM_MOMENT:
        text_add_string(text, "{\"anyOf\":[{\"type\":\"string\",\"format\":\"date-time\"},");
        add_integer(text, param);
        text_add_string(text, "}]");
        return;
    case PARAM_DAY:
        text_add_string(text, "{\"type\":\"string\",\"format\":\"date\"");
        return;
    case PARAM_MARKET:
        text_add_string(text, "{\"type\":\"string\",\"maxLength\":200");
        return;
    case PARAM_ASSET_SEARCH:
        text_add_string(text, "{\"type\":\"string\"");
        return;
    case PARAM_JOB:
    case PARAM_CURSOR:
        text_add_string(text, "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9_-]+$\"");
        return;
    case PARAM_CHOICE:
    case PARAM_FORMAT:
        add_choices(text, param->choices);
        return;
    case PARAM_SYMBOL:
    case PARAM_NAME:
        text_add_format(
            text,
            "{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9._-]+$\",\"minLength\":%" PRId64
            ",\"maxLength\":%" PRId64,
            param->min, param->max);
        return;
    case PARAM_DECIMAL:
        text_add_format(text, "{\"type\":\"number\",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64,
                        param->min, param->max);
        return;
    case PARAM_ASSETS:
    case PARAM_MARKETS:
    case PARAM_CURRENCIES:
    case PARAM_SOURCES:
    case PARAM_ASSETS_OR_TICKERS:
    case PARAM_SYMBOLS:
        add_names(text, param);
        return;
    case PARAM_ASSET:
    case PARAM_CURRENCY:
    case PARAM_SOURCE:
    case PARAM_ASSET_OR_TICKER:
        text_add_string(text, "{\"type\":\"string\",\"minLength\":1");
        return;
    case PARAM_SECONDS:
        text_add_string(text, "{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"string\",\"pattern\":"
                              "\"^\\\\d{4}-\\\\d{2}-\\\\d{2}(T\\\\d{2}:\\\\d{2})?\"}]");
        return;
    case PARAM_IDS:
    case PARAM_TICKERS:
    case PARAM_NAMES:
    case PARAM_KNOWN_CURRENCIES:
    case PARAM_KNOWN_SOURCES:
    case PARAM_KNOWN_CHOICES:
    case PARAM_TEXT:
        text_add_string(text, "{\"type\":\"string\",\"minLength\":1");
        return;
    }
}

static bool
is_list(const struct param *param)
{
    return param->kind == PARAM_ASSETS || param->kind == PARAM_CURRENCIES ||
           param->kind == PARAM_SOURCES || param->kind == PARAM_ASSETS_OR_TICKERS ||
           param->kind == PARAM_SYMBOLS || param->kind == PARAM_MARKETS;
}

static void
add_default(struct text *text, const struct param *param)
{
    if (!param->fallback)
        return;
    text_add_string(text, ",\"default\":");
    if (is_list(param))
        text_add_char(text, '[');
    if (param->kind == PARAM_INTEGER)
        text_add_string(text, param->fallback);
    else
        text_add_json_string(text, param->fallback);
    if (is_list(param))
        text_add_char(text, ']');
}

static const char *
find_example(const struct openapi_operation *operation, const char *name)
{
    for (size_t i = 0; operation && operation->examples[i].name; i++) {
        if (strcmp(operation->examples[i].name, name) == 0)
            return operation->examples[i].json;
    }
    return NULL;
}

static void
add_parameter(struct text *text, const struct param *param, bool in_path, const char *example)
{
    text_add_string(text, "{\"name\":");
    text_add_json_string(text, param->name);
    text_add_string(text, in_path ? ",\"in\":\"path\"" : ",\"in\":\"query\"");
    if (param->required)
        text_add_string(text, ",\"required\":true");
    if (is_list(param))
        text_add_string(text, ",\"style\":\"form\",\"explode\":false");
    text_add_string(text, ",\"description\":");
    text_add_json_string(text, param->about);
    text_add_string(text, ",\"schema\":");
    add_schema(text, param);
    add_default(text, param);
    text_add_char(text, '}');
    if (example) {
        text_add_string(text, ",\"example\":");
        text_add_string(text, example);
    }
    text_add_char(text, '}');
}

bool
openapi_add_parameters(struct text *text, const struct route *route,
                       const struct openapi_operation *operation)
{
    struct route_captures captures;
    struct bytes path = {route->path, strlen(route->path)};

    if (!route_path_fits(route->path, path, &captures)) /* it is its own path */
        captures.count = 0;
    for (const struct param *param = route->params; param->name; param++) {
        if (param != route->params)
            text_add_char(text, ',');
        add_parameter(text, param, is_in_path(&captures, param->name),
                      find_example(operation, param->name));
    }
    return route->params->name != NULL;
}
