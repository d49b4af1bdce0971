#include "api/params/body_params.h"

#include "common/json.h"

#include <string.h>
#include <strings.h>

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct bytes
trim(struct bytes text)
{
    for (; text.size > 0 && is_blank(*text.data); text.data++)
        text.size--;
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool
equals(struct bytes text, const char *wanted)
{
    return text.size == strlen(wanted) && strncasecmp(text.data, wanted, text.size) == 0;
}

/* What stands before the next ';'; `*rest` is what stands behind it. */
static struct bytes
take_part(struct bytes *rest)
{
    const char *end = memchr(rest->data, ';', rest->size);
    struct bytes part = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    size_t taken = part.size + (end != NULL);

    rest->data += taken;
    rest->size -= taken;
    return trim(part);
}

/* JSON is UTF-8 and has no charset (RFC 8259); many send one all the same. */
bool
body_params_takes(struct bytes media_type)
{
    static const char suffix[] = "+json";
    struct bytes type = take_part(&media_type), part;
    bool is_suffixed =
        type.size > sizeof suffix - 1 &&
        strncasecmp(type.data + type.size - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0;

    if (!equals(type, "application/json") && !is_suffixed)
        return false;
    while (media_type.size > 0) {
        part = take_part(&media_type);
        if (part.size > 8 && strncasecmp(part.data, "charset=", 8) == 0 &&
            !equals(part, "charset=utf-8") && !equals(part, "charset=\"utf-8\""))
            return false;
    }
    return true;
}

static bool
refuse_body(struct problem *problem, const char *detail)
{
    return problem_set(problem, 400, "body.malformed", "The body cannot be used", "%.200s", detail);
}

/* False if it is a list or an object. `*ret_text` NULL = null. */
static bool
text_of(const struct json *value, const char **ret_text)
{
    *ret_text = NULL;
    if (json_is_string(value))
        *ret_text = json_string(value);
    else if (json_is_number(value))
        *ret_text = json_number(value);
    else if (json_is_bool(value))
        *ret_text = json_is_true(value) ? "true" : "false";
    return *ret_text || json_is_null(value);
}

static bool
take_members(const struct json *tree, struct http_param *params, size_t *ret_count,
             struct problem *problem)
{
    size_t count = 0;

    for (const struct json *member = json_first(tree); member; member = json_next(member)) {
        const char *name = json_key(member), *text;

        if (!text_of(member, &text)) {
            refuse_body(problem, "its members must be texts, numbers, true or false");
            return false;
        }
        if (!text)
            continue;
        if (count == HTTP_PARAMS_MAX || *name == '\0')
            return refuse_body(problem, "it has too many members, or one without a name");
        params[count++] = (struct http_param){
            {name, strlen(name)},
            {text, strlen(text)}
        };
    }
    *ret_count = count;
    return true;
}

bool
body_params_parse(struct bytes body, struct arena *arena, struct http_param *ret_params,
                  size_t *ret_count, struct problem *ret_problem)
{
    const struct json *tree;
    struct error err;

    if (!json_parse(arena, body, &json_limits_message, &tree, &err))
        return refuse_body(ret_problem, err.message);
    if (!json_is_object(tree))
        return refuse_body(ret_problem, "it must be an object: {\"name\": value}");
    return take_members(tree, ret_params, ret_count, ret_problem);
}

bool
body_params_read(const struct http_request *http, struct http_param *ret_params, size_t *ret_count,
                 struct problem *ret_problem)
{
    struct bytes media_type = {"", 0};

    *ret_count = 0;
    if (http->body.size == 0)
        return true;
    http_request_header(http, "Content-Type", &media_type);
    if (body_params_takes(media_type))
        return body_params_parse(http->body, http->arena, ret_params, ret_count, ret_problem);
    problem_set(ret_problem, 415, "body.media_type", "The body is of a type that is not taken",
                "it must be application/json; without a body nothing need be said");
    ret_problem->allowed = "[\"application/json\"]";
    return false;
}
