#include "api/params/params.h"
#include "common/text.h"

#include <assert.h>
#include <string.h>

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
