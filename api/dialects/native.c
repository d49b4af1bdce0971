#include "api/dialects/dialect.h"

#include <inttypes.h>

/* RFC 9457, with the members that our clients find helpful. */
static void
tell(const struct problem *problem, const struct problem_context *context, struct text *ret_body)
{
    text_add_string(ret_body, "{\"type\":\"about:blank\",\"title\":");
    text_add_json_string(ret_body, problem->title);
    text_add_format(ret_body, ",\"status\":%" PRId32 ",\"detail\":", problem->status);
    text_add_json_string(ret_body, problem->detail);
    text_add_string(ret_body, ",\"instance\":");
    text_add_json_bytes(ret_body, context->target.data, context->target.size);
    text_add_string(ret_body, ",\"request_id\":");
    text_add_json_string(ret_body, context->request_id);
    text_add_string(ret_body, ",\"code\":");
    text_add_json_string(ret_body, problem->code);
    if (problem->parameter) {
        text_add_string(ret_body, ",\"parameter\":");
        text_add_json_string(ret_body, problem->parameter);
    }
    if (problem->allowed) {
        text_add_string(ret_body, ",\"allowed\":");
        text_add_json_raw(ret_body, problem->allowed);
    }
    text_add_string(ret_body, "}\n");
}

const struct dialect_manner native_manner = {
    .content_type = "application/json",
    .problem_content_type = "application/problem+json",
    .tell = tell,
};
