#include "api/dialect.h"

/*
 * The stock adapter reads the body whatever the status says, and takes a JSON object without "s"
 * for a symbol.
 */
static void
tell(const struct problem *problem, const struct problem_context *context, struct text *ret_body)
{
    text_add_string(ret_body, "{\"s\":\"error\",\"errmsg\":");
    text_add_json_string(ret_body, *problem->detail ? problem->detail : problem->title);
    text_add_string(ret_body, "}\n");
}

const struct dialect_manner udf_manner = {
    .is_lenient = true,
    .tags_all = true,
    .content_type = "application/json; charset=utf-8",
    .problem_content_type = "application/json; charset=utf-8",
    .tell = tell,
};
