#include "api/dialects/dialect.h"

#include <string.h>

/*
 * The stock adapter reads the body whatever the status says, and takes a JSON object without "s"
 * for a symbol. What it calls a symbol that there is not has a name of its own.
 */
static void
tell(const struct problem *problem, const struct problem_context *context, struct text *ret_body)
{
    text_add_string(ret_body, "{\"s\":\"error\",\"errmsg\":");
    if (strcmp(problem->code, "symbol.unknown") == 0)
        text_add_string(ret_body, "\"unknown_symbol\"");
    else if (*problem->detail)
        text_add_json_string(
            ret_body, arena_printf(ret_body->arena, "%s: %s", problem->title, problem->detail));
    else
        text_add_json_string(ret_body, problem->title);
    text_add_string(ret_body, "}\n");
}

const struct dialect_manner udf_manner = {
    .is_lenient = true,
    .tags_all = true,
    .content_type = "application/json; charset=utf-8",
    .problem_content_type = "application/json; charset=utf-8",
    .tell = tell,
};
