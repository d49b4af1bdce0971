#include "api/params/as_of.h"

#include "common/clock.h"

#include <string.h>

enum { SETTLED_CLIENT_S = 7 * 86400, UNSETTLED_CLIENT_S = 30 };

static const struct param_value *
value_of(const struct params *params)
{
    static const struct param_value not_given = {.given = false};

    for (size_t i = 0; params->declared[i].name; i++) {
        if (strcmp(params->declared[i].name, "as_of") == 0)
            return &params->values[i];
    }
    return &not_given;
}

bool
as_of_given(const struct params *params)
{
    return value_of(params)->given;
}

int64_t
as_of_now_ms(const struct params *params)
{
    return as_of_given(params) ? value_of(params)->integer : clock_now_ms();
}

bool
as_of_is_settled(const struct params *params, int64_t now_ms)
{
    return as_of_given(params) && value_of(params)->integer <= now_ms - AS_OF_SETTLED_S * 1000LL;
}

bool
as_of_check(const struct params *params, int64_t now_ms, struct problem *ret_problem)
{
    if (!as_of_given(params) || value_of(params)->integer <= now_ms)
        return true;
    problem_set(ret_problem, 400, "parameter.range",
                "The request has a parameter that cannot be used",
                "as_of: nobody knows yet what will be known then");
    ret_problem->parameter = "as_of";
    ret_problem->allowed = "\"a moment that is not in the future\"";
    return false;
}

int32_t
as_of_client_s(const struct params *params, int64_t now_ms, int32_t policy_s)
{
    if (as_of_is_settled(params, now_ms))
        return SETTLED_CLIENT_S;
    return as_of_given(params) && policy_s > UNSETTLED_CLIENT_S ? UNSETTLED_CLIENT_S : policy_s;
}

void
as_of_add(struct text *text, const struct params *params)
{
    char at[CLOCK_TEXT_SIZE];

    if (as_of_given(params))
        text_add_format(text, "\"as_of\":\"%s\",", clock_format_ms(value_of(params)->integer, at));
}
