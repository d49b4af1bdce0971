#include "api/openapi/refusals.h"

#include "api/dialects/dialect.h"
#include "common/attributes.h"

#include <string.h>

static bool
always(const struct route *route)
{
    return true;
}

static bool
takes(const struct route *route, enum param_kind kind)
{
    for (const struct param *param = route->params; param->name; param++) {
        if (param->kind == kind)
            return true;
    }
    return false;
}

static bool
takes_tickers(const struct route *route)
{
    return takes(route, PARAM_ASSET_OR_TICKER) || takes(route, PARAM_ASSETS_OR_TICKERS);
}

static bool
names_an_asset(const struct route *route)
{
    return takes(route, PARAM_ASSET) || takes(route, PARAM_ASSETS) || takes(route, PARAM_MARKET) ||
           takes_tickers(route);
}

static bool
has_formats(const struct route *route)
{
    return takes(route, PARAM_FORMAT);
}

static bool
wants_a_key(const struct route *route)
{
    return route->access != ACCESS_ANYONE;
}

static bool
takes_a_body(const struct route *route)
{
    return route->methods & 1u << HTTP_POST;
}

static bool
is_limited(const struct route *route)
{
    return route->cost > 0;
}

static bool
is_read(const struct route *route)
{
    return route->reading != NULL;
}

/* CoinGecko has a status of its own for what is missing. */
static bool
may_lack_something(const struct route *route)
{
    const struct param *param = route->params;

    if (dialect_of((struct bytes){route->path, strlen(route->path)}) != DIALECT_COINGECKO)
        return false;
    while (param->name && !param->required)
        param++;
    return param->name != NULL;
}

/* The names of components.json, behind the prefix of the dialect. */
static const struct {
    int status;
    const char *name;
    bool (*applies)(const struct route *route);
} refusals[] = {
    {400, "BadRequest",           always            },
    {401, "Unauthorized",         wants_a_key       },
    {403, "Forbidden",            wants_a_key       },
    {404, "NotFound",             names_an_asset    },
    {405, "MethodNotAllowed",     always            },
    {406, "NotAcceptable",        has_formats       },
    {409, "Conflict",             takes_tickers     },
    {413, "ContentTooLarge",      takes_a_body      },
    {415, "UnsupportedMedia",     takes_a_body      },
    {422, "UnprocessableContent", may_lack_something},
    {429, "TooManyRequests",      is_limited        },
    {500, "InternalError",        is_read           },
    {503, "Unavailable",          is_read           },
    {504, "GatewayTimeout",       is_read           },
};

static const char *
dialect_prefix(const struct route *route)
{
    static const char *const prefixes[] = {
        [DIALECT_NATIVE] = "",
        [DIALECT_COINGECKO] = "CoinGecko",
        [DIALECT_UDF] = "Udf",
    };

    return prefixes[dialect_of((struct bytes){route->path, strlen(route->path)})];
}

static bool
is_described(const struct openapi_operation *operation, int status)
{
    for (const struct openapi_response *each = operation->responses; each->status; each++) {
        if (each->status == status)
            return true;
    }
    return false;
}

static bool
is_said(const struct openapi_operation *operation, int status)
{
    for (const int *each = operation->problems; *each; each++) {
        if (*each == status)
            return true;
    }
    return false;
}

bool
refusals_may_not_exist(const struct openapi_operation *operation)
{
    return is_said(operation, 404) || is_described(operation, 404);
}

void
refusals_add(struct text *text, const struct route *route,
             const struct openapi_operation *operation)
{
    const char *prefix = dialect_prefix(route);

    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        int status = refusals[i].status;

        if (is_described(operation, status))
            continue;
        if (!refusals[i].applies(route) && !is_said(operation, status))
            continue;
        text_add_format(text, ",\"%d\":{\"$ref\":\"#/components/responses/%s%s\"}", status, prefix,
                        refusals[i].name);
    }
    text_add_format(text, ",\"default\":{\"$ref\":\"#/components/responses/%sRefused\"}", prefix);
}
