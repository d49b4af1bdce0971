#include "api/dialects/dialect.h"

#include "common/attributes.h"
#include "common/clock.h"

#include <inttypes.h>
#include <string.h>

/*
 * CoinGecko has three shapes of errors, and clients look for all of them:
 *   A  {"error":"coin not found"}                                            what a client asked
 *   B  {"status":{"error_code":429,"error_message":"..."}}                   limits and our
 * failures C  {"error":{"status":{"timestamp":"...","error_code":10002,"error_message":"..."}}}
 * keys, plans
 */

/* What has a number of its own there, and so shape C. */
static const struct {
    const char *code;
    int32_t error_code;
} numbered[] = {
    {"access.no_key",    10002},
    {"access.forbidden", 10005}, /* a key that may not do this: "not in your plan" */
    {"access.wrong_key", 10010},
    {"range.retention",  10012},
};

static int32_t
error_code_of(const struct problem *problem)
{
    for (size_t i = 0; i < COUNT_OF(numbered); i++) {
        if (strcmp(problem->code, numbered[i].code) == 0)
            return numbered[i].error_code;
    }
    return 0;
}

static bool
is_of(const struct problem *problem, const char *parameter)
{
    return problem->parameter && strcmp(problem->parameter, parameter) == 0;
}

/* A name that nothing has, or can have. */
static bool
names_nothing(const struct problem *problem, const char *parameter)
{
    return is_of(problem, parameter) && (strcmp(problem->code, "parameter.unknown") == 0 ||
                                         strcmp(problem->code, "parameter.malformed") == 0);
}

/* 422 for what is missing, and 401 for a time that the plan, which is our retention, does not have.
 */
static int32_t
status(const struct problem *problem)
{
    if (names_nothing(problem, "id"))
        return 404;
    if (strcmp(problem->code, "parameter.missing") == 0)
        return 422;
    return error_code_of(problem) == 10012 ? 401 : problem->status;
}

/* The official SDK sends anything again that failed, unless it is told not to. */
static const char *
head(const struct problem *problem)
{
    switch (status(problem)) {
    case 401:
    case 403:
    case 404:
    case 422:
        return "x-should-retry: false\r\n";
    default:
        return strcmp(problem->code, "limit.month") == 0 ? "x-should-retry: false\r\n" : NULL;
    }
}

static void
tell_plainly(const struct problem *problem, struct text *text)
{
    text_add_string(text, "{\"error\":");
    if (strcmp(problem->code, "parameter.missing") == 0)
        text_add_json_string(text,
                             arena_printf(text->arena, "Missing parameter %s", problem->parameter));
    else if (names_nothing(problem, "vs_currency"))
        text_add_string(text, "\"invalid vs_currency\"");
    else if (names_nothing(problem, "id"))
        text_add_string(text, "\"coin not found\"");
    else if (strcmp(problem->code, "route.unknown") == 0)
        text_add_string(text, "\"Incorrect path. GET / lists what there is\"");
    else
        text_add_json_string(text, problem->detail);
    text_add_string(text, "}\n");
}

static void
tell_status(const struct problem *problem, int32_t error_code, struct text *text)
{
    text_add_format(text, "\"error_code\":%" PRId32 ",\"error_message\":", error_code);
    if (problem->status == 429)
        text_add_json_string(
            text, arena_printf(text->arena, "You've exceeded the Rate Limit: %s", problem->detail));
    else
        text_add_json_string(text,
                             arena_printf(text->arena, "%s: %s", problem->title, problem->detail));
    text_add_char(text, '}');
}

static void
tell(const struct problem *problem, const struct problem_context *context, struct text *ret_body)
{
    int32_t error_code = error_code_of(problem);
    char at[CLOCK_TEXT_SIZE];

    if (error_code) {
        text_add_format(ret_body, "{\"error\":{\"status\":{\"timestamp\":\"%s\",",
                        clock_format_ms(context->now_ms, at));
        tell_status(problem, error_code, ret_body);
        text_add_string(ret_body, "}}\n");
    } else if (problem->status == 429 || problem->status >= 500) {
        text_add_string(ret_body, "{\"status\":{");
        tell_status(problem, problem->status, ret_body);
        text_add_string(ret_body, "}\n");
    } else {
        tell_plainly(problem, ret_body);
    }
}

const struct dialect_manner coingecko_manner = {
    .is_lenient = true,
    .tags_all = true,
    .content_type = "application/json; charset=utf-8",
    .problem_content_type = "application/json; charset=utf-8",
    .status = status,
    .head = head,
    .tell = tell,
};
