#ifndef TIDEMARK_API_HANDLERS_COINGECKO_FIELDS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_FIELDS_H

#include "common/text.h"

#include <stdint.h>

/* Members of the objects that CoinGecko's routes answer with, each with a comma in front. */
void field_string(struct text *text, const char *name, const char *value); /* NULL: null */
void field_json(struct text *text, const char *name,
                const char *json); /* a number, too; NULL: null */
void field_moment(struct text *text, const char *name, int64_t at_ms); /* 0: null */

/* A ticker as CoinGecko spells it. */
const char *field_lower_case(const char *text, struct arena *arena);

#endif
