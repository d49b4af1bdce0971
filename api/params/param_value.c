#include "api/params/param_check.h"
#include "api/params/params_known.h"
#include "common/clock.h"
#include "common/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { JOB_TEXT_MAX = 340 /* 255 bytes in base64 */ };

static const char malformed_title[] = "The request has a parameter that cannot be used";

bool
param_refuse(const struct param_check *check, const struct param *param, const char *code,
             const char *detail)
{
    problem_set(check->problem, 400, code, malformed_title, "%s: %s", param->name, detail);
    check->problem->parameter = param->name;
    check->problem->allowed = param_allowed(param, check->catalog, check->arena);
    return false;
}

static bool
parse_integer(const char *text, int64_t *ret_integer)
{
    int64_t number = 0;

    if (*text == '\0' || strlen(text) > 15 || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (*text - '0');
    }
    *ret_integer = number;
    return true;
}

static bool
check_integer(const struct param_check *check, const struct param *param, char *text,
              struct param_value *value)
{
    if (param->kind == PARAM_DAYS && strcmp(text, "max") == 0) {
        value->text = text;
        return true;
    }
    if (!parse_integer(text, &value->integer))
        return param_refuse(check, param, "parameter.malformed", "not a whole number");
    if (value->integer < param->min || value->integer > param->max)
        return param_refuse(check, param, "parameter.range", "out of range");
    value->text = text;
    return true;
}

/* Digits alone are milliseconds. One spelling of a moment is as good as another for caches. */
static bool
check_moment(const struct param_check *check, const struct param *param, char *text,
             struct param_value *value)
{
    size_t size = strlen(text);
    char *zone = size > 19 ? strchr(text + 19, ' ') : NULL;

    if (zone) /* "+02:00", of which a query makes a space */
        *zone = '+';
    if (!parse_integer(text, &value->integer) && !clock_parse_ms(text, size, &value->integer))
        return param_refuse(check, param, "parameter.malformed", "not a moment");
    if (value->integer < param->min || value->integer > param->max)
        return param_refuse(check, param, "parameter.range", "out of range: seconds are not taken");
    value->text = arena_printf(check->arena, "%lld", (long long)value->integer);
    return true;
}

static bool
check_choice(const struct param_check *check, const struct param *param, char *text,
             struct param_value *value)
{
    const char *choice = param->choices;

    for (size_t size; *choice; choice += size + (choice[size] == '|')) {
        size = strcspn(choice, "|");
        if (strlen(text) == size && memcmp(choice, text, size) == 0) {
            value->text = text;
            return true;
        }
    }
    return param_refuse(check, param, "parameter.choice", "not one of the choices");
}

/* False if there is something in it that no ticker has. */
bool
param_take_symbol(char *text, bool to_upper)
{
    for (char *c = text; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c -= to_upper ? 'a' - 'A' : 0;
        else if (!(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && !strchr("._-", *c))
            return false;
    }
    return true;
}

/* "1.500" is "1.5", "2.0" is "2". */
static const char *
decimal_without_zeros(const char *number, struct arena *arena)
{
    size_t size = strlen(number);

    if (!strchr(number, '.'))
        return number;
    while (number[size - 1] == '0')
        size--;
    return arena_copy(arena, number, size - (number[size - 1] == '.'));
}

static bool
check_symbol(const struct param_check *check, const struct param *param, char *text,
             struct param_value *value)
{
    size_t size = strlen(text);

    if (size < (size_t)param->min || size > (size_t)param->max)
        return param_refuse(check, param, "parameter.range", "its length is out of range");
    value->text = text;
    return param_take_symbol(text, param->kind == PARAM_SYMBOL) ||
           param_refuse(check, param, "parameter.malformed", "has a character it cannot have");
}

/* By value: "1e3", "1000" and "1000.00" are asked for in one spelling. */
static bool
check_decimal(const struct param_check *check, const struct param *param, const char *text,
              struct param_value *value)
{
    const char *min = arena_printf(check->arena, "%lld", (long long)param->min);
    const char *max = arena_printf(check->arena, "%lld", (long long)param->max);
    const char *number;
    struct error err;

    if (!decimal_parse(text, strlen(text), check->arena, &number, &err))
        return param_refuse(check, param, "parameter.malformed", "not a number");
    if (decimal_compare(number, min) < 0 || decimal_compare(number, max) > 0)
        return param_refuse(check, param, "parameter.range", "out of range");
    value->text = decimal_without_zeros(number, check->arena);
    return true;
}

static bool
check_day(const struct param_check *check, const struct param *param, char *text,
          struct param_value *value)
{
    static const char form[] = "2026-11-21";
    size_t size = strlen(text);
    int64_t at_ms;

    if (size != sizeof form - 1 || !clock_parse_ms(text, size, &at_ms))
        return param_refuse(check, param, "parameter.malformed", "not a day of the calendar");
    value->text = text;
    return true;
}

/* "2026-11-21" or "2026-11-21T08:00", with or without seconds and a Z; the zone is UTC. */
static bool
parse_date(const struct param_check *check, const char *text, int64_t *ret_at_ms)
{
    size_t size = strlen(text);
    const char *rest = size == 16 ? ":00Z" : size == 19 ? "Z" : "";
    const char *whole = arena_printf(check->arena, "%s%s", text, rest);

    return size >= 10 && clock_parse_ms(whole, strlen(whole), ret_at_ms);
}

static bool
check_seconds(const struct param_check *check, const struct param *param, const char *text,
              struct param_value *value)
{
    bool is_negative = text[0] == '-';
    const char *digits = text + is_negative;
    size_t size = strspn(digits, "0123456789");
    int64_t at_ms = 0;

    if (size > 0 && (digits[size] == '\0' ||
                     (digits[size] == '.' &&
                      digits[size + 1 + strspn(digits + size + 1, "0123456789")] == '\0'))) {
        at_ms = size > 12 ? INT64_MAX : strtoll(digits, NULL, 10) * 1000;
        at_ms = is_negative ? -at_ms : at_ms;
    } else if (!parse_date(check, text, &at_ms)) {
        return param_refuse(check, param, "parameter.malformed", "not a moment");
    }
    value->integer = at_ms < param->min ? param->min : at_ms > param->max ? param->max : at_ms;
    value->text = arena_printf(check->arena, "%lld", (long long)(value->integer / 1000));
    return true;
}

static bool
check_text(const struct param_check *check, const struct param *param, const char *text,
           struct param_value *value)
{
    if (strlen(text) < (size_t)param->min || strlen(text) > (size_t)param->max)
        return param_refuse(check, param, "parameter.range", "its length is out of range");
    value->text = text;
    return true;
}

static bool
check_job(const struct param_check *check, const struct param *param, char *text,
          struct param_value *value)
{
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (text[strspn(text, known)] != '\0' || strlen(text) > JOB_TEXT_MAX)
        return param_refuse(check, param, "parameter.malformed", "not an id of a job");
    value->text = text;
    return true;
}

bool
param_check_value(const struct param_check *check, const struct param *param, char *text,
                  struct param_value *value)
{
    value->given = true;
    switch (param->kind) {
    case PARAM_INTEGER:
    case PARAM_DAYS:
        return check_integer(check, param, text, value);
    case PARAM_MOMENT:
        return check_moment(check, param, text, value);
    case PARAM_CHOICE:
    case PARAM_FORMAT:
        return check_choice(check, param, text, value);
    case PARAM_SYMBOL:
    case PARAM_NAME:
        return check_symbol(check, param, text, value);
    case PARAM_DAY:
        return check_day(check, param, text, value);
    case PARAM_ASSET:
        value->text = text;
        return param_check_name(check, param, CATALOG_ASSET, text);
    case PARAM_CURRENCY:
        value->text = text;
        return param_check_name(check, param, CATALOG_CURRENCY, text);
    case PARAM_SOURCE:
        value->text = text;
        return param_check_name(check, param, CATALOG_SOURCE, text);
    case PARAM_ASSET_OR_TICKER:
        return param_check_asset_or_ticker(check, param, text, value);
    case PARAM_ASSETS:
        return param_check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_ASSETS_OR_TICKERS:
        return param_check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_CURRENCIES:
        return param_check_names(check, param, CATALOG_CURRENCY, text, value);
    case PARAM_SOURCES:
        return param_check_names(check, param, CATALOG_SOURCE, text, value);
    case PARAM_SYMBOLS:
        return param_check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_DECIMAL:
        return check_decimal(check, param, text, value);
    case PARAM_MARKET:
        return param_check_market(check, param, text, value);
    case PARAM_MARKETS:
        return param_check_markets(check, param, text, value);
    case PARAM_JOB:
        return check_job(check, param, text, value);
    case PARAM_ASSET_SEARCH:
        return param_check_search(check, param, text, value);
    case PARAM_CURSOR:
        value->text = text;
        return true;
    case PARAM_SECONDS:
        return check_seconds(check, param, text, value);
    case PARAM_TEXT:
        return check_text(check, param, text, value);
    case PARAM_IDS:
    case PARAM_TICKERS:
    case PARAM_NAMES:
    case PARAM_KNOWN_CURRENCIES:
    case PARAM_KNOWN_SOURCES:
    case PARAM_KNOWN_CHOICES:
        return param_take_known(param, check->catalog, text, check->arena, value) ||
               param_refuse(check, param, "parameter.range", "too many");
    }
    assert(!"a kind without a check");
    return false;
}
