#include "ingest/sources/verdict.h"

#include "ingest/sources/excerpt.h"

#include <string.h>
#include <strings.h>

enum verdict
verdict_set(const struct payload *payload, enum verdict verdict, const char *code,
            const char *detail, struct error *err)
{
    error_set(err, verdict == VERDICT_PERMANENT ? ERROR_REJECT : ERROR_RETRY, code, "status %d%s%s",
              (int)payload->status, detail ? ": " : "", detail ? detail : "");
    if (verdict == VERDICT_LIMITED)
        err->retry_after_ms = payload->retry_after_ms;
    return verdict;
}

/* The first byte that is no white space; NUL if there is none. */
static char
first_byte(struct bytes body)
{
    for (size_t i = 0; i < body.size; i++) {
        if (!strchr(" \t\r\n", body.data[i]))
            return body.data[i];
    }
    return '\0';
}

static bool
is_html(const struct payload *payload)
{
    return strncasecmp(payload->content_type, "text/html", 9) == 0 ||
           first_byte(payload->body) == '<';
}

/* The row of a status that means something of its own; others go by their class. */
static const struct {
    int32_t status;
    enum verdict verdict;
    const char *code;
} statuses[] = {
    {401, VERDICT_PERMANENT, "provider.unauthorized"},
    {402, VERDICT_PERMANENT, "provider.plan"        },
    {403, VERDICT_PERMANENT, "provider.forbidden"   },
    {404, VERDICT_PERMANENT, "provider.not_found"   },
    {408, VERDICT_TRANSIENT, "provider.timeout"     },
    {410, VERDICT_PERMANENT, "provider.not_found"   },
    {418, VERDICT_LIMITED,   "provider.banned"      },
    {425, VERDICT_TRANSIENT, "provider.timeout"     },
    {429, VERDICT_LIMITED,   "provider.limited"     },
    {451, VERDICT_PERMANENT, "provider.blocked"     },
};

enum verdict
verdict_by_status(const struct payload *payload, const char *detail, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (payload->status == statuses[i].status)
            return verdict_set(payload, statuses[i].verdict, statuses[i].code, detail, err);
    }
    if (payload->status >= 500)
        return verdict_set(payload, VERDICT_TRANSIENT, "provider.server_error", detail, err);
    if (payload->status >= 400)
        return verdict_set(payload, VERDICT_PERMANENT, "provider.refused", detail, err);
    if (payload->status >= 300)
        return verdict_set(payload, VERDICT_PERMANENT, "provider.redirect", detail, err);
    if (payload->status != 200)
        return verdict_set(payload, VERDICT_TRANSIENT, "provider.empty", detail, err);
    if (is_html(payload))
        return verdict_set(payload, VERDICT_TRANSIENT, "provider.html", NULL, err);
    if (first_byte(payload->body) == '\0')
        return verdict_set(payload, VERDICT_TRANSIENT, "provider.empty", NULL, err);
    return VERDICT_OK;
}

const struct json *
verdict_error_body(const struct payload *payload, struct arena *arena)
{
    const size_t longest = 16 * 1024;
    const struct json *tree;
    struct error unreadable = {0}; /* what is no JSON is judged by its status */

    if (payload->body.size > longest || first_byte(payload->body) != '{')
        return NULL;
    if (!json_parse(arena, payload->body, &json_limits_message, &tree, &unreadable))
        return NULL;
    return tree;
}

const char *
verdict_detail(const struct json *value, struct arena *arena)
{
    const char *text = json_string(value);

    return text ? excerpt_make(text, strlen(text), arena) : NULL;
}
