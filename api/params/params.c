#include "api/params/params.h"

#include "api/params/param_check.h"
#include "api/params/params_known.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

static const char malformed_title[] = "The request has a parameter that cannot be used";

/* ---------------------------------------------------------------------------------- checking */

static bool
refuse_undeclared(const struct param_check *check, struct bytes name)
{
    const char *named = arena_copy(check->arena, name.data, name.size > 64 ? 64 : name.size);
    const struct param *declared = check->params->declared;
    struct text allowed;

    text_init(&allowed, check->arena, 128);
    text_add_char(&allowed, '[');
    for (size_t i = 0; declared[i].name; i++) {
        if (i > 0)
            text_add_char(&allowed, ',');
        text_add_json_string(&allowed, declared[i].name);
    }
    text_add_char(&allowed, ']');
    problem_set(check->problem, 400, "parameter.undeclared", malformed_title,
                "%s: there is no such parameter here", named);
    check->problem->parameter = named;
    check->problem->allowed = text_finish(&allowed).data;
    return false;
}

/*
 * But for names every value we take is printable ASCII, so anything else never gets as far as a
 * cache key. What comes from a query has no control characters.
 */
static bool
is_printable(const struct param *param, struct bytes value)
{
    if (param_is_known_list(param->kind) || param->kind == PARAM_TEXT ||
        param->kind == PARAM_ASSET_SEARCH)
        return true; /* what does not exist is left out, however it is spelled */
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e)
            return false;
    }
    return true;
}

static bool
check_given(const struct param_check *check, const struct http_param *given)
{
    const struct param *declared = check->params->declared;
    struct param_value *value;
    size_t i = 0;

    while (declared[i].name && (strlen(declared[i].name) != given->name.size ||
                                memcmp(declared[i].name, given->name.data, given->name.size) != 0))
        i++;
    if (!declared[i].name)
        return refuse_undeclared(check, given->name);
    value = &check->params->values[i];
    if (value->given)
        return param_refuse(check, &declared[i], "parameter.doubled", "given more than once");
    if (given->value.size == 0)
        return param_refuse(check, &declared[i], "parameter.empty", "has no value");
    if (given->value.size >
        (size_t)(param_is_known_list(declared[i].kind) ? PARAM_LIST_MAX : PARAM_VALUE_MAX))
        return param_refuse(check, &declared[i], "parameter.too_long", "its value is too long");
    if (!is_printable(&declared[i], given->value))
        return param_refuse(check, &declared[i], "parameter.malformed",
                            "has a character it cannot have");
    return param_check_value(check, &declared[i],
                             arena_copy(check->arena, given->value.data, given->value.size), value);
}

static bool
check_missing(const struct param_check *check)
{
    const struct param *declared = check->params->declared;

    for (size_t i = 0; declared[i].name; i++) {
        struct param_value *value = &check->params->values[i];

        if (value->given)
            continue;
        if (declared[i].required)
            return param_refuse(check, &declared[i], "parameter.missing", "is required");
        if (declared[i].fallback &&
            !param_check_value(check, &declared[i],
                               arena_string(check->arena, declared[i].fallback), value))
            return false;
    }
    return true;
}

bool
params_check(const struct param *declared, const struct http_param *given, size_t given_count,
             const struct catalog *catalog, struct arena *arena, struct params *ret_params,
             struct problem *ret_problem)
{
    struct param_check check = {catalog, arena, ret_params, ret_problem};

    *ret_params = (struct params){.declared = declared};
    for (size_t i = 0; i < given_count; i++) {
        if (!check_given(&check, &given[i]))
            return false;
    }
    return check_missing(&check);
}

void
params_copy(const struct params *params, struct arena *arena, struct params *ret_copy)
{
    *ret_copy = *params;
    for (size_t i = 0; params->declared[i].name; i++) {
        struct param_value *value = &ret_copy->values[i];
        const char **items = value->items;

        if (value->text)
            value->text = arena_string(arena, value->text);
        if (!items)
            continue;
        value->items = arena_alloc_array(arena, value->item_count, sizeof *items);
        for (size_t k = 0; k < value->item_count; k++)
            value->items[k] = items[k] ? arena_string(arena, items[k]) : NULL;
    }
    if (params->cursor_key)
        ret_copy->cursor_key = arena_string(arena, params->cursor_key);
}

bool
params_need_catalog(const struct param *declared)
{
    for (; declared->name; declared++) {
        switch (declared->kind) {
        case PARAM_ASSET:
        case PARAM_ASSETS:
        case PARAM_CURRENCY:
        case PARAM_CURRENCIES:
        case PARAM_SOURCE:
        case PARAM_SOURCES:
        case PARAM_ASSET_OR_TICKER:
        case PARAM_ASSETS_OR_TICKERS:
        case PARAM_CURSOR: /* what it is sealed with is kept there */
        case PARAM_MARKET:
        case PARAM_MARKETS:
        case PARAM_ASSET_SEARCH:
        case PARAM_IDS:
        case PARAM_TICKERS:
        case PARAM_NAMES:
        case PARAM_KNOWN_CURRENCIES:
        case PARAM_KNOWN_SOURCES:
            return true;
        case PARAM_INTEGER:
        case PARAM_MOMENT:
        case PARAM_DAYS:
        case PARAM_CHOICE:
        case PARAM_SYMBOL:
        case PARAM_NAME:
        case PARAM_SYMBOLS:
        case PARAM_DECIMAL:
        case PARAM_DAY:
        case PARAM_JOB:
        case PARAM_FORMAT:
        case PARAM_SECONDS:
        case PARAM_TEXT:
        case PARAM_KNOWN_CHOICES:
            break;
        }
    }
    return false;
}

bool
params_are_passing(const struct params *params)
{
    for (size_t i = 0; params->declared[i].name; i++) {
        if (params->values[i].is_passing)
            return true;
    }
    return false;
}

const struct param_value *
params_get(const struct params *params, const char *name)
{
    size_t i = 0;

    while (params->declared[i].name && strcmp(params->declared[i].name, name) != 0)
        i++;
    assert(params->declared[i].name);
    return &params->values[i];
}

/* Pages may be of another size, or told in another form, than the one before. */
static bool
is_of_page(const struct param *param)
{
    static const char *const names[] = {"limit", "format", "numbers"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(param->name, names[i]) == 0)
            return true;
    }
    return param->kind == PARAM_CURSOR;
}

static const char *
canonical(const struct params *params, bool of_list, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 128);
    for (size_t i = 0; params->declared[i].name; i++) {
        const char *value = params->values[i].text;

        if (!value || (of_list && is_of_page(&params->declared[i])))
            continue;
        text_add_string(&text, params->declared[i].name);
        text_add_char(&text, '=');
        text_add_int(&text, (int64_t)strlen(value));
        text_add_char(&text, ':');
        text_add_string(&text, value);
        text_add_char(&text, ';');
    }
    return text_finish(&text).data;
}

void
params_settle(struct params *params, const char *name, const char *text, int64_t integer)
{
    size_t i = 0;

    while (strcmp(params->declared[i].name, name) != 0)
        i++;
    params->values[i] = (struct param_value){
        .given = text != NULL, .is_passing = true, .integer = integer, .text = text};
}

const char *
params_canonical(const struct params *params, struct arena *arena)
{
    return canonical(params, false, arena);
}

const char *
params_canonical_list(const struct params *params, struct arena *arena)
{
    return canonical(params, true, arena);
}
