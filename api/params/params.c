#include "api/params/params.h"

#include "api/names/asset_search.h"
#include "api/names/market_name.h"
#include "api/params/params_known.h"
#include "common/attributes.h"
#include "common/clock.h"
#include "common/decimal.h"
#include "common/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOB_TEXT_MAX = 340 /* 255 bytes in base64 */,
    CANDIDATES_MAX = 20
}; /* of an ambiguous ticker that are named */

static const char malformed_title[] = "The request has a parameter that cannot be used";
static const char ambiguous_title[] = "The request names something that could be several things";
static const char unknown_title[] = "The request names something that does not exist";

/* ----------------------------------------------------------------------------- what is taken */

static const char *
choices_allowed(const char *choices, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, strlen(choices) + 32);
    text_add_string(&text, "[\"");
    for (const char *c = choices; *c; c++) {
        if (*c == '|')
            text_add_string(&text, "\",\"");
        else
            text_add_char(&text, *c);
    }
    text_add_string(&text, "\"]");
    return text_finish(&text).data;
}

const char *
param_allowed(const struct param *param, const struct catalog *catalog, struct arena *arena)
{
    long long min = param->min, max = param->max;

    switch (param->kind) {
    case PARAM_INTEGER:
        return arena_printf(arena, "\"an integer from %lld to %lld\"", min, max);
    case PARAM_MOMENT:
        return "\"a moment in milliseconds since 1970, or such as 2026-11-21T08:00:00Z\"";
    case PARAM_DAYS:
        return arena_printf(arena, "\"an integer from %lld to %lld, or max\"", min, max);
    case PARAM_CHOICE:
    case PARAM_FORMAT:
        return choices_allowed(param->choices, arena);
    case PARAM_SYMBOL:
    case PARAM_NAME:
        return arena_printf(arena, "\"%lld to %lld letters, digits, '.', '_' or '-'\"", min, max);
    case PARAM_SYMBOLS:
        return arena_printf(arena, "\"%lld to %lld tickers or ids, with commas between them\"", min,
                            max);
    case PARAM_DECIMAL:
        return arena_printf(arena, "\"a number from %lld to %lld\"", min, max);
    case PARAM_DAY:
        return "\"a day such as 2026-11-21\"";
    case PARAM_ASSET:
    case PARAM_ASSETS:
    case PARAM_ASSET_OR_TICKER:
    case PARAM_ASSETS_OR_TICKERS:
        return catalog ? catalog_allowed(catalog, CATALOG_ASSET) : "\"known asset ids\"";
    case PARAM_CURRENCY:
    case PARAM_CURRENCIES:
        return catalog ? catalog_allowed(catalog, CATALOG_CURRENCY) : "\"known currency codes\"";
    case PARAM_SOURCE:
    case PARAM_SOURCES:
        return catalog ? catalog_allowed(catalog, CATALOG_SOURCE) : "\"known sources\"";
    case PARAM_MARKET:
        return "\"a market such as AGG:BTCUSD or BINANCE:BTCUSDT; see /udf/search\"";
    case PARAM_MARKETS:
        return arena_printf(arena, "\"%lld to %lld markets such as AGG:BTCUSD, with commas\"", min,
                            max);
    case PARAM_JOB:
        return "\"the job_id that an order was answered with\"";
    case PARAM_ASSET_SEARCH:
        return arena_printf(arena, "\"at most %lld bytes of a ticker, a pair, a name or an id\"",
                            max);
    case PARAM_CURSOR:
        return "\"the next_cursor of the page before, with the same other parameters\"";
    case PARAM_SECONDS:
        return "\"seconds since 1970, or such as 2026-11-21 or 2026-11-21T08:00\"";
    case PARAM_TEXT:
        return arena_printf(arena, "\"%lld to %lld bytes of text\"", min, max);
    case PARAM_IDS:
    case PARAM_TICKERS:
    case PARAM_NAMES:
    case PARAM_KNOWN_CURRENCIES:
    case PARAM_KNOWN_SOURCES:
        return arena_printf(arena, "\"at most %lld that exist, with commas\"", max);
    case PARAM_KNOWN_CHOICES:
        return choices_allowed(param->choices, arena);
    }
    assert(!"a kind without a description");
    return NULL;
}

/* ---------------------------------------------------------------------------------- checking */

struct check {
    const struct catalog *catalog;
    struct arena *arena;
    struct params *params;
    struct problem *problem;
};

static bool
refuse(const struct check *check, const struct param *param, const char *code, const char *detail)
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
check_integer(const struct check *check, const struct param *param, char *text,
              struct param_value *value)
{
    if (param->kind == PARAM_DAYS && strcmp(text, "max") == 0) {
        value->text = text;
        return true;
    }
    if (!parse_integer(text, &value->integer))
        return refuse(check, param, "parameter.malformed", "not a whole number");
    if (value->integer < param->min || value->integer > param->max)
        return refuse(check, param, "parameter.range", "out of range");
    value->text = text;
    return true;
}

/* Digits alone are milliseconds. One spelling of a moment is as good as another for caches. */
static bool
check_moment(const struct check *check, const struct param *param, char *text,
             struct param_value *value)
{
    size_t size = strlen(text);
    char *zone = size > 19 ? strchr(text + 19, ' ') : NULL;

    if (zone) /* "+02:00", of which a query makes a space */
        *zone = '+';
    if (!parse_integer(text, &value->integer) && !clock_parse_ms(text, size, &value->integer))
        return refuse(check, param, "parameter.malformed", "not a moment");
    if (value->integer < param->min || value->integer > param->max)
        return refuse(check, param, "parameter.range", "out of range: seconds are not taken");
    value->text = arena_printf(check->arena, "%lld", (long long)value->integer);
    return true;
}

static bool
check_choice(const struct check *check, const struct param *param, char *text,
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
    return refuse(check, param, "parameter.choice", "not one of the choices");
}

/* False if there is something in it that no ticker has. */
static bool
take_symbol(char *text, bool to_upper)
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
check_symbol(const struct check *check, const struct param *param, char *text,
             struct param_value *value)
{
    size_t size = strlen(text);

    if (size < (size_t)param->min || size > (size_t)param->max)
        return refuse(check, param, "parameter.range", "its length is out of range");
    value->text = text;
    return take_symbol(text, param->kind == PARAM_SYMBOL) ||
           refuse(check, param, "parameter.malformed", "has a character it cannot have");
}

/* By value: "1e3", "1000" and "1000.00" are asked for in one spelling. */
static bool
check_decimal(const struct check *check, const struct param *param, const char *text,
              struct param_value *value)
{
    const char *min = arena_printf(check->arena, "%lld", (long long)param->min);
    const char *max = arena_printf(check->arena, "%lld", (long long)param->max);
    const char *number;
    struct error err;

    if (!decimal_parse(text, strlen(text), check->arena, &number, &err))
        return refuse(check, param, "parameter.malformed", "not a number");
    if (decimal_compare(number, min) < 0 || decimal_compare(number, max) > 0)
        return refuse(check, param, "parameter.range", "out of range");
    value->text = decimal_without_zeros(number, check->arena);
    return true;
}

static bool
check_day(const struct check *check, const struct param *param, char *text,
          struct param_value *value)
{
    static const char form[] = "2026-11-21";
    size_t size = strlen(text);
    int64_t at_ms;

    if (size != sizeof form - 1 || !clock_parse_ms(text, size, &at_ms))
        return refuse(check, param, "parameter.malformed", "not a day of the calendar");
    value->text = text;
    return true;
}

/* "2026-11-21" or "2026-11-21T08:00", with or without seconds and a Z; the zone is UTC. */
static bool
parse_date(const struct check *check, const char *text, int64_t *ret_at_ms)
{
    size_t size = strlen(text);
    const char *rest = size == 16 ? ":00Z" : size == 19 ? "Z" : "";
    const char *whole = arena_printf(check->arena, "%s%s", text, rest);

    return size >= 10 && clock_parse_ms(whole, strlen(whole), ret_at_ms);
}

static bool
check_seconds(const struct check *check, const struct param *param, const char *text,
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
        return refuse(check, param, "parameter.malformed", "not a moment");
    }
    value->integer = at_ms < param->min ? param->min : at_ms > param->max ? param->max : at_ms;
    value->text = arena_printf(check->arena, "%lld", (long long)(value->integer / 1000));
    return true;
}

static bool
check_text(const struct check *check, const struct param *param, const char *text,
           struct param_value *value)
{
    if (strlen(text) < (size_t)param->min || strlen(text) > (size_t)param->max)
        return refuse(check, param, "parameter.range", "its length is out of range");
    value->text = text;
    return true;
}

static bool
check_job(const struct check *check, const struct param *param, char *text,
          struct param_value *value)
{
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (text[strspn(text, known)] != '\0' || strlen(text) > JOB_TEXT_MAX)
        return refuse(check, param, "parameter.malformed", "not an id of a job");
    value->text = text;
    return true;
}

static void
make_lower(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
    }
}

static bool
refuse_name(const struct check *check, const struct param *param, enum catalog_kind kind,
            const char *text)
{
    problem_set(check->problem, kind == CATALOG_ASSET ? 404 : 400, "parameter.unknown",
                unknown_title, "%s: no %s is called \"%.64s\"", param->name,
                kind == CATALOG_ASSET      ? "asset"
                : kind == CATALOG_CURRENCY ? "currency"
                                           : "source",
                text);
    check->problem->parameter = param->name;
    check->problem->allowed = catalog_allowed(check->catalog, kind);
    return false;
}

/* A name that exists. Names are lower case in the tables; a client may write them as it likes. */
static bool
check_name(const struct check *check, const struct param *param, enum catalog_kind kind, char *text)
{
    make_lower(text);
    if (*text == '\0')
        return refuse(check, param, "parameter.empty", "a name is missing");
    return catalog_has(check->catalog, kind, text) || refuse_name(check, param, kind, text);
}

static bool
refuse_ambiguous(const struct check *check, const struct param *param, const char *ticker,
                 const struct catalog_ticker *assets, size_t count)
{
    struct text allowed;

    text_init(&allowed, check->arena, 128);
    text_add_char(&allowed, '[');
    for (size_t i = 0; i < count && i < CANDIDATES_MAX; i++) {
        if (i > 0)
            text_add_char(&allowed, ',');
        text_add_json_string(&allowed, assets[i].slug);
    }
    text_add_char(&allowed, ']');
    problem_set(check->problem, 409, "symbol.ambiguous", ambiguous_title,
                "%s: %zu assets have the ticker \"%.64s\"; name one of them by its id", param->name,
                count, ticker);
    check->problem->parameter = param->name;
    check->problem->allowed = text_finish(&allowed).data;
    return false;
}

/* An id is nobody else's, so it goes before a ticker that is spelled the same. */
static bool
check_asset_or_ticker(const struct check *check, const struct param *param, char *text,
                      struct param_value *value)
{
    char *ticker = arena_string(check->arena, text);
    const struct catalog_ticker *assets;
    size_t count;

    make_lower(text);
    value->text = text;
    if (catalog_has(check->catalog, CATALOG_ASSET, text))
        return true;
    for (char *c = ticker; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c -= 'a' - 'A';
    }
    count = catalog_assets_of(check->catalog, ticker, &assets);
    if (count == 0)
        return refuse_name(check, param, CATALOG_ASSET, text);
    if (count > 1)
        return refuse_ambiguous(check, param, ticker, assets, count);
    value->text = arena_string(check->arena, assets->slug);
    value->is_passing = true;
    return true;
}

static int
compare_items(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *
join(const struct param_value *value, struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 16 * value->item_count + 1);
    for (size_t i = 0; i < value->item_count; i++) {
        if (i > 0)
            text_add_char(&text, ',');
        text_add_string(&text, value->items[i]);
    }
    return text_finish(&text).data;
}

/* A ticker in a list; it need not be anybody's. */
static bool
check_listed_symbol(const struct check *check, const struct param *param, char *item)
{
    size_t size = strlen(item);

    if (size == 0 || size > PARAM_SYMBOL_MAX)
        return refuse(check, param, "parameter.range", "the length of one is out of range");
    return take_symbol(item, true) ||
           refuse(check, param, "parameter.malformed", "one has a character it cannot have");
}

/* One name of a list; for a moment it is the value's `text`. */
static bool
check_item(const struct check *check, const struct param *param, enum catalog_kind kind, char *item,
           struct param_value *value)
{
    value->text = item;
    if (param->kind == PARAM_SYMBOLS)
        return check_listed_symbol(check, param, item);
    return param->kind == PARAM_ASSETS_OR_TICKERS && *item
               ? check_asset_or_ticker(check, param, item, value)
               : check_name(check, param, kind, item);
}

static bool
check_names(const struct check *check, const struct param *param, enum catalog_kind kind,
            char *text, struct param_value *value)
{
    size_t count = 1, unique = 0;
    char *rest = text, *item;

    for (const char *c = text; *c; c++)
        count += *c == ',';
    if ((int64_t)count < param->min || (int64_t)count > param->max) {
        refuse(check, param, "parameter.range", "wrong number of names");
        check->problem->allowed =
            arena_printf(check->arena, "\"%lld to %lld names, with commas between them\"",
                         (long long)param->min, (long long)param->max);
        return false;
    }
    value->items = arena_alloc_array(check->arena, count, sizeof *value->items);
    for (size_t i = 0; i < count; i++) {
        item = strsep(&rest, ",");
        if (!check_item(check, param, kind, item, value))
            return false;
        value->items[i] = value->text;
    }
    qsort(value->items, count, sizeof *value->items, compare_items);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || strcmp(value->items[unique - 1], value->items[i]) != 0)
            value->items[unique++] = value->items[i];
    }
    value->item_count = unique;
    value->text = join(value, check->arena);
    return true;
}

static bool
check_market(const struct check *check, const struct param *param, const char *text,
             struct param_value *value)
{
    struct market_name *name = arena_alloc(check->arena, sizeof *name);

    market_name_read(text, check->catalog, check->arena, name);
    if (name->candidate_count == 0) {
        problem_set(check->problem, 404, "symbol.unknown", unknown_title,
                    "%s: no market is called \"%.64s\"", param->name, text);
        check->problem->parameter = param->name;
        check->problem->allowed = param_allowed(param, check->catalog, check->arena);
        return false;
    }
    value->items = arena_alloc_array(check->arena, 1, sizeof *value->items);
    value->items[0] = market_name_pack(name, check->arena);
    value->item_count = 1;
    value->text = name->text;
    value->is_passing = true;
    return true;
}

static bool
check_markets(const struct check *check, const struct param *param, char *text,
              struct param_value *value)
{
    struct market_name *name = arena_alloc(check->arena, sizeof *name);
    struct text names;
    char *item;

    value->items = arena_alloc_array(check->arena, (size_t)param->max + 1, sizeof *value->items);
    text_init(&names, check->arena, 128);
    while ((item = strsep(&text, ","))) {
        if (*item == '\0')
            continue;
        if (value->item_count == (size_t)param->max)
            return refuse(check, param, "parameter.range", "too many markets");
        market_name_read(item, check->catalog, check->arena, name);
        if (value->item_count > 0)
            text_add_char(&names, ',');
        text_add_string(&names, name->text);
        value->items[value->item_count++] = market_name_pack(name, check->arena);
    }
    if (value->item_count < (size_t)param->min)
        return refuse(check, param, "parameter.range", "too few markets");
    value->text = text_finish(&names).data;
    value->is_passing = true;
    return true;
}

static bool
check_search(const struct check *check, const struct param *param, char *text,
             struct param_value *value)
{
    const char *colon = strchr(text, ':');

    if (strlen(text) > (size_t)param->max)
        return refuse(check, param, "parameter.range", "it is too long");
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    value->items = arena_alloc_array(check->arena, ASSET_SEARCH_MAX, sizeof *value->items);
    value->item_count =
        asset_search(check->catalog, colon ? colon + 1 : text, check->arena, value->items);
    value->text = *text ? text : NULL;
    value->is_passing = true;
    return true;
}

static bool
check_value(const struct check *check, const struct param *param, char *text,
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
        return check_name(check, param, CATALOG_ASSET, text);
    case PARAM_CURRENCY:
        value->text = text;
        return check_name(check, param, CATALOG_CURRENCY, text);
    case PARAM_SOURCE:
        value->text = text;
        return check_name(check, param, CATALOG_SOURCE, text);
    case PARAM_ASSET_OR_TICKER:
        return check_asset_or_ticker(check, param, text, value);
    case PARAM_ASSETS:
        return check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_ASSETS_OR_TICKERS:
        return check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_CURRENCIES:
        return check_names(check, param, CATALOG_CURRENCY, text, value);
    case PARAM_SOURCES:
        return check_names(check, param, CATALOG_SOURCE, text, value);
    case PARAM_SYMBOLS:
        return check_names(check, param, CATALOG_ASSET, text, value);
    case PARAM_DECIMAL:
        return check_decimal(check, param, text, value);
    case PARAM_MARKET:
        return check_market(check, param, text, value);
    case PARAM_MARKETS:
        return check_markets(check, param, text, value);
    case PARAM_JOB:
        return check_job(check, param, text, value);
    case PARAM_ASSET_SEARCH:
        return check_search(check, param, text, value);
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
               refuse(check, param, "parameter.range", "too many");
    }
    assert(!"a kind without a check");
    return false;
}

/* --------------------------------------------------------------------------------- the query */

static bool
refuse_undeclared(const struct check *check, struct bytes name)
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
    if (param->kind == PARAM_NAMES || param->kind == PARAM_TEXT ||
        param->kind == PARAM_ASSET_SEARCH)
        return true;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7e)
            return false;
    }
    return true;
}

static bool
check_given(const struct check *check, const struct http_param *given)
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
        return refuse(check, &declared[i], "parameter.doubled", "given more than once");
    if (given->value.size == 0)
        return refuse(check, &declared[i], "parameter.empty", "has no value");
    if (given->value.size >
        (size_t)(param_is_known_list(declared[i].kind) ? PARAM_LIST_MAX : PARAM_VALUE_MAX))
        return refuse(check, &declared[i], "parameter.too_long", "its value is too long");
    if (!is_printable(&declared[i], given->value))
        return refuse(check, &declared[i], "parameter.malformed", "has a character it cannot have");
    return check_value(check, &declared[i],
                       arena_copy(check->arena, given->value.data, given->value.size), value);
}

static bool
check_missing(const struct check *check)
{
    const struct param *declared = check->params->declared;

    for (size_t i = 0; declared[i].name; i++) {
        struct param_value *value = &check->params->values[i];

        if (value->given)
            continue;
        if (declared[i].required)
            return refuse(check, &declared[i], "parameter.missing", "is required");
        if (declared[i].fallback &&
            !check_value(check, &declared[i], arena_string(check->arena, declared[i].fallback),
                         value))
            return false;
    }
    return true;
}

bool
params_check(const struct param *declared, const struct http_param *given, size_t given_count,
             const struct catalog *catalog, struct arena *arena, struct params *ret_params,
             struct problem *ret_problem)
{
    struct check check = {catalog, arena, ret_params, ret_problem};

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
