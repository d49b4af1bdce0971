#ifndef TIDEMARK_API_PARAMS_PARAM_CHECK_H
#define TIDEMARK_API_PARAMS_PARAM_CHECK_H

#include "api/names/catalog.h"
#include "api/params/params.h"
#include "common/attributes.h"

#include <stdbool.h>

/*
 * For params.c: how the value of one parameter is checked, by its kind. Values that stand for
 * themselves are checked by param_value.c, names of what there is by param_names.c, lists of which
 * what is unknown is left out by params_known.c. All functions are false with a problem that names
 * the parameter and what it takes; `text` is the checker's to change, and lives in the arena.
 */
struct param_check {
    const struct catalog *catalog;
    struct arena *arena;
    struct params *params;
    struct problem *problem;
};

/* The value of any kind. */
MUST_CHECK bool param_check_value(const struct param_check *check, const struct param *param,
                                  char *text, struct param_value *value);

/* 400 with this code. Always false. */
bool param_refuse(const struct param_check *check, const struct param *param, const char *code,
                  const char *detail);

/* A ticker's letters, upper case if wished; false if there is something in it that none has. */
MUST_CHECK bool param_take_symbol(char *text, bool to_upper);

/* A name that exists. Names are lower case in the tables; a client may write them as it likes. */
MUST_CHECK bool param_check_name(const struct param_check *check, const struct param *param,
                                 enum catalog_kind kind, char *text);
/* An id is nobody else's, so it goes before a ticker that is spelled the same. */
MUST_CHECK bool param_check_asset_or_ticker(const struct param_check *check,
                                            const struct param *param, char *text,
                                            struct param_value *value);
/* A list of either, or of tickers: sorted, each once. */
MUST_CHECK bool param_check_names(const struct param_check *check, const struct param *param,
                                  enum catalog_kind kind, char *text, struct param_value *value);
/* Of charts: one that may exist, several in the order asked, and what a person types. */
MUST_CHECK bool param_check_market(const struct param_check *check, const struct param *param,
                                   const char *text, struct param_value *value);
MUST_CHECK bool param_check_markets(const struct param_check *check, const struct param *param,
                                    char *text, struct param_value *value);
MUST_CHECK bool param_check_search(const struct param_check *check, const struct param *param,
                                   char *text, struct param_value *value);

#endif
