#ifndef TIDEMARK_API_PARAMS_PARAMS_KNOWN_H
#define TIDEMARK_API_PARAMS_PARAMS_KNOWN_H

#include "api/names/catalog.h"
#include "api/params/params.h"
#include "common/arena.h"

#include <stdbool.h>

/*
 * Lists of which what does not exist is left out, not refused: what CoinGecko's clients are used
 * to. Spaces around an item and empty items do not count. Pure.
 */
bool param_is_known_list(enum param_kind kind);

/*
 * Fills `value` with what exists of the list; false if that are more than param->max. If nothing
 * does, the list is given and empty, and its canonical text is ",".
 */
MUST_CHECK bool param_take_known(const struct param *param, const struct catalog *catalog,
                                 const char *text, struct arena *arena, struct param_value *value);

/* An item of PARAM_IDS, PARAM_TICKERS or PARAM_NAMES is "slug=what was asked": its two halves. */
const char *param_asset_slug(const char *item, struct arena *arena);
const char *param_asset_asked(const char *item);

#endif
