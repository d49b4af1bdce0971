#include "api/handlers/lineage_parts.h"

#include "api/params/as_of.h"
#include "common/clock.h"

bool
lineage_is_given(const struct params *params, const char *name)
{
    return params_get(params, name)->given;
}

bool
lineage_is_of_the_past(const struct params *params)
{
    return lineage_is_given(params, "at") || as_of_given(params);
}

static bool
refuse(struct problem *problem, const char *parameter, const char *detail)
{
    problem_set(problem, 400, "parameter.combination",
                "The request has a parameter that cannot be used", "%s: %s", parameter, detail);
    problem->parameter = parameter;
    problem->allowed =
        "\"asset and currency, with source, at, interval, field and as_of; or run_id "
        "and payload_id\"";
    return false;
}

const struct field *
lineage_field(const struct params *params)
{
    return field_find(params_get(params, "field")->text);
}

static bool
check_number(const struct params *params, struct problem *problem)
{
    const struct field *field = lineage_field(params);
    bool candle = lineage_is_given(params, "interval");

    if (!lineage_is_given(params, "currency"))
        return refuse(problem, "currency", "is required with asset");
    if (candle && field->candle < 0)
        return refuse(problem, "field", "no candle has it");
    if (!candle && field->tick < 0 && field->listing < 0)
        return refuse(problem, "field", "only a candle has it: say its interval");
    if (lineage_is_of_the_past(params) && field->tick < 0 && field->candle < 0)
        return refuse(problem, "field", "only its latest value is kept: leave at and as_of out");
    return true;
}

/* Either a number that was served, or the ids that /data gives. */
bool
lineage_check(const struct params *params, int64_t now_ms, struct problem *problem)
{
    static const char *const of_numbers[] = {"currency", "source", "at", "interval", "as_of"};
    bool by_id = lineage_is_given(params, "run_id") || lineage_is_given(params, "payload_id");

    if (!as_of_check(params, now_ms, problem))
        return false;
    if (lineage_is_given(params, "asset") && by_id)
        return refuse(problem, "asset", "goes without run_id and payload_id");
    if (lineage_is_given(params, "asset"))
        return check_number(params, problem);
    if (!by_id)
        return refuse(problem, "asset", "say an asset and a currency, or a run_id or payload_id");
    for (size_t i = 0; i < COUNT_OF(of_numbers); i++) {
        if (lineage_is_given(params, of_numbers[i]))
            return refuse(problem, of_numbers[i], "goes with an asset only");
    }
    return true;
}

void
lineage_tag(const struct params *params, struct tag_list *tags)
{
    const char *asset = params_get(params, "asset")->text;

    if (!asset || as_of_is_settled(params, clock_now_ms()))
        return;
    tag_list_add(tags, arena_printf(tags->arena, "price:%s", asset));
    tag_list_add(tags, arena_printf(tags->arena, "chart:%s/%s", asset,
                                    params_get(params, "currency")->text));
}

int64_t
lineage_known_by_ms(const struct params *params)
{
    return as_of_given(params) ? as_of_now_ms(params) : MOMENT_MAX;
}

int64_t
lineage_moment_ms(const struct params *params)
{
    const struct param_value *at = params_get(params, "at");
    int64_t now_ms = as_of_now_ms(params);

    return at->given && at->integer < now_ms ? at->integer : now_ms;
}
