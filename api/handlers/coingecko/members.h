#ifndef TIDEMARK_API_HANDLERS_COINGECKO_MEMBERS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_MEMBERS_H

#include "common/text.h"

#include <stdint.h>

/* Members of the objects that CoinGecko's routes answer with, each with a comma in front. */
void add_string(struct text *text, const char *name, const char *value); /* NULL: null */
void add_json(struct text *text, const char *name,
              const char *json);                                     /* a number, too; NULL: null */
void add_moment(struct text *text, const char *name, int64_t at_ms); /* 0: null */

/* A ticker as CoinGecko spells it. */
const char *lower_case(const char *text, struct arena *arena);

#endif
