#ifndef TIDEMARK_API_PARAMS_PARAMS_H
#define TIDEMARK_API_PARAMS_PARAMS_H

#include "api/answer/problem.h"
#include "api/http/target.h"
#include "api/names/catalog.h"
#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What stands in the path and the query of a request, checked against the parameters of its route.
 * Pure: no cache, no database, no clock; what exists comes from the catalogue in memory.
 */
enum param_kind {
    PARAM_INTEGER,    /* min..max */
    PARAM_MOMENT,     /* min..max, in milliseconds since 1970 or as 2026-11-21T08:00:00Z */
    PARAM_DAYS,       /* min..max, or "max" (integer 0) */
    PARAM_CHOICE,     /* one of `choices`, "hourly|daily" */
    PARAM_ASSET,      /* a known asset */
    PARAM_ASSETS,     /* min..max of them with commas */
    PARAM_CURRENCY,   /* a known currency, in any case */
    PARAM_CURRENCIES, /* min..max of them with commas */
    PARAM_SOURCE,     /* a known source */
    PARAM_SOURCES,    /* min..max of them with commas */
    PARAM_SYMBOL,     /* a ticker such as BTC, in any case: letters, digits, . _ - */
    PARAM_NAME,       /* of something that never changes its name: letters, digits, . _ - */
    PARAM_SYMBOLS, /* min..max of them with commas, known or not, of PARAM_SYMBOL_MAX letters each
                    */
    PARAM_DECIMAL, /* min..max, exact: `text` has no zeros that say nothing, nor an exponent */
    PARAM_DAY,     /* a day in UTC, 2026-11-21, from 1970 on */
    /*
     * A known asset, by its slug (bitcoin) or else by a ticker (BTC, in any case) that means one
     * asset alone. One place for all routes that take either: `text` is the slug. A ticker of
     * several assets is a 409 "symbol.ambiguous" that lists them.
     */
    PARAM_ASSET_OR_TICKER,
    PARAM_ASSETS_OR_TICKERS, /* min..max of them with commas */
    /*
     * Where the page before ended. `items` are the values of its last row, NULL for those it has
     * not; what this kind means is checked by paging_open().
     */
    PARAM_CURSOR,
    PARAM_JOB,    /* what names a job in URLs: letters, digits, - and _ */
    PARAM_FORMAT, /* one of `choices`, or what Accept says: see api/answer/formats.h */
    /*
     * A market as charts name it, "AGG:BTCUSD", that may exist: else a 404 "symbol.unknown". `text`
     * is its canonical name, `items` the one packed name (api/names/market_name.h).
     */
    PARAM_MARKET,
    PARAM_MARKETS, /* min..max of them with commas, in the order asked, those unknown as well */
    /*
     * What a person types to find an asset or a market, at most `max` bytes, perhaps with an
     * exchange and a colon before it. `text` is upper case, NULL for nothing typed; `items` are
     * slugs, best first (api/names/asset_search.h).
     */
    PARAM_ASSET_SEARCH,
    /*
     * Seconds since 1970, of which a fraction is cut, or 2026-11-21, or 2026-11-21T08:00 in UTC.
     * What is out of min..max (in milliseconds) becomes the bound. `integer` is in milliseconds.
     */
    PARAM_SECONDS,
    PARAM_TEXT, /* min..max bytes of UTF-8 without control characters */
    /*
     * Lists of at most `max`, with commas, of which what does not exist is left out, see
     * api/params/params_known.h. The first three give assets: by slug, ticker or name.
     */
    PARAM_IDS,
    PARAM_TICKERS,
    PARAM_NAMES,
    PARAM_KNOWN_CURRENCIES,
    PARAM_KNOWN_SOURCES,
    PARAM_KNOWN_CHOICES, /* of `choices` */
};

struct param {
    const char *name; /* NULL ends a list of parameters */
    enum param_kind kind;
    int64_t min, max;
    const char *choices;
    const char *fallback; /* text used when it is not given; NULL = none */
    bool required;
    const char *about; /* one sentence for the documentation */
};

enum {
    PARAMS_MAX = 16,        /* declared parameters of one route */
    PARAM_VALUE_MAX = 4096, /* bytes of one value, decoded */
    PARAM_LIST_MAX = 12288, /* the same of a list of which some is left out */
    PARAM_SYMBOL_MAX = 100,
};

struct param_value {
    bool given;         /* by the client or by the fallback */
    bool is_passing;    /* what it means may change: a ticker may come to mean another asset */
    int64_t integer;    /* INTEGER, DAYS; MOMENT: milliseconds */
    const char *text;   /* canonical: lower case names, upper case symbols; NULL if not given */
    const char **items; /* ASSETS, CURRENCIES ...: sorted, without doubles; CURSOR: see there */
    size_t item_count;
};

/* Values in the order of the route's parameters. Everything lives in the request's arena. */
struct params {
    const struct param *declared;
    struct param_value values[PARAMS_MAX];
    /* What cursors of this list belong to, besides the values: see paging_open(). */
    const char *path; /* of the route; NULL = none was named */
    const char *cursor_key;
};

/*
 * Checks what the client gave. Unknown, doubled, empty, malformed and missing
 * parameters, values out of range and names that do not exist are a problem that names the
 * parameter and what it takes: 404 for an asset that does not exist, 409 for a ticker that several
 * assets have, 400 for the rest.
 */
MUST_CHECK bool params_check(const struct param *declared, const struct http_param *given,
                             size_t given_count, const struct catalog *catalog, struct arena *arena,
                             struct params *ret_params, struct problem *ret_problem);

/* A copy that lives in another arena. */
void params_copy(const struct params *params, struct arena *arena, struct params *ret_copy);

/*
 * Whether they name assets, currencies or sources, or go on from a page, so that the catalogue is
 * needed to check them.
 */
bool params_need_catalog(const struct param *declared);

/* Whether the same words may mean something else later. */
bool params_are_passing(const struct params *params);

/* By name; it must be declared. */
const struct param_value *params_get(const struct params *params, const char *name);

/*
 * Puts another value in its place, or none (NULL), because it comes to that now: it is passing, so
 * that the same words are looked at anew. `text` lives as long as the parameters.
 */
void params_settle(struct params *params, const char *name, const char *text, int64_t integer);

/*
 * The form that is equal exactly when two requests ask the same: each declared parameter in the
 * order of the table as "name=bytes:value;". For cache keys.
 */
const char *params_canonical(const struct params *params, struct arena *arena);

/* The same without what may differ from page to page: the cursor, and how rows are told. */
const char *params_canonical_list(const struct params *params, struct arena *arena);

/* What a parameter takes, as JSON text, for problems and documentation. */
const char *param_allowed(const struct param *param, const struct catalog *catalog,
                          struct arena *arena);

#endif
