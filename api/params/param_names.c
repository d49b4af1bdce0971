#include "api/names/asset_search.h"
#include "api/names/market_name.h"
#include "api/params/param_check.h"
#include "common/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 20 }; /* of an ambiguous ticker that are named */

static const char ambiguous_title[] = "The request names something that could be several things";
static const char unknown_title[] = "The request names something that does not exist";

static void
make_lower(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
    }
}

static bool
refuse_name(const struct param_check *check, const struct param *param, enum catalog_kind kind,
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
bool
param_check_name(const struct param_check *check, const struct param *param, enum catalog_kind kind,
                 char *text)
{
    make_lower(text);
    if (*text == '\0')
        return param_refuse(check, param, "parameter.empty", "a name is missing");
    return catalog_has(check->catalog, kind, text) || refuse_name(check, param, kind, text);
}

static bool
refuse_ambiguous(const struct param_check *check, const struct param *param, const char *ticker,
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
bool
param_check_asset_or_ticker(const struct param_check *check, const struct param *param, char *text,
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
check_listed_symbol(const struct param_check *check, const struct param *param, char *item)
{
    size_t size = strlen(item);

    if (size == 0 || size > PARAM_SYMBOL_MAX)
        return param_refuse(check, param, "parameter.range", "the length of one is out of range");
    return param_take_symbol(item, true) ||
           param_refuse(check, param, "parameter.malformed", "one has a character it cannot have");
}

/* One name of a list; for a moment it is the value's `text`. */
static bool
check_item(const struct param_check *check, const struct param *param, enum catalog_kind kind,
           char *item, struct param_value *value)
{
    value->text = item;
    if (param->kind == PARAM_SYMBOLS)
        return check_listed_symbol(check, param, item);
    return param->kind == PARAM_ASSETS_OR_TICKERS && *item
               ? param_check_asset_or_ticker(check, param, item, value)
               : param_check_name(check, param, kind, item);
}

bool
param_check_names(const struct param_check *check, const struct param *param,
                  enum catalog_kind kind, char *text, struct param_value *value)
{
    size_t count = 1, unique = 0;
    char *rest = text, *item;

    for (const char *c = text; *c; c++)
        count += *c == ',';
    if ((int64_t)count < param->min || (int64_t)count > param->max) {
        param_refuse(check, param, "parameter.range", "wrong number of names");
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

bool
param_check_market(const struct param_check *check, const struct param *param, const char *text,
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

bool
param_check_markets(const struct param_check *check, const struct param *param, char *text,
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
            return param_refuse(check, param, "parameter.range", "too many markets");
        market_name_read(item, check->catalog, check->arena, name);
        if (value->item_count > 0)
            text_add_char(&names, ',');
        text_add_string(&names, name->text);
        value->items[value->item_count++] = market_name_pack(name, check->arena);
    }
    if (value->item_count < (size_t)param->min)
        return param_refuse(check, param, "parameter.range", "too few markets");
    value->text = text_finish(&names).data;
    value->is_passing = true;
    return true;
}

bool
param_check_search(const struct param_check *check, const struct param *param, char *text,
                   struct param_value *value)
{
    const char *colon = strchr(text, ':');

    if (strlen(text) > (size_t)param->max)
        return param_refuse(check, param, "parameter.range", "it is too long");
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    value->items = arena_alloc_array(check->arena, ASSET_SEARCH_MAX, sizeof *value->items);
    value->item_count =
        asset_search(check->catalog, colon ? colon + 1 : text, check->arena, value->items);
    value->text = *text ? text : NULL;
    value->is_passing = true;
    return true;
}
