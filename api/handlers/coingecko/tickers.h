#ifndef TIDEMARK_API_HANDLERS_COINGECKO_TICKERS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_TICKERS_H

#include "api/cache/flight.h"
#include "api/handlers/coingecko/valuation.h"
#include "common/text.h"

/*
 * GET /api/v3/coins/{id}/tickers: what each source says of the coin, in each currency that it
 * quotes; not used for the price are those that are stale or anomalous.
 */
extern const struct reading coingecko_tickers_reading;

struct ticker_coin {
    const char *slug, *symbol; /* the latter in upper case */
    const char *const *codes;  /* currencies that were asked for with the valuation */
    size_t code_count;
};

/*
 * Adds tickers from `skip` on, at most `limit`, to an array; says how many there are in all.
 * `sources` NULL = of all. `sort` "volume_desc" or "volume_asc" = by what was traded in 24 hours,
 * in usd; else by currency and then preferred sources first.
 */
size_t tickers_add(struct text *text, struct flight *flight, struct valuation *valuation,
                   const struct ticker_coin *coin, const struct param_value *sources,
                   const char *sort, size_t skip, size_t limit);

#endif
