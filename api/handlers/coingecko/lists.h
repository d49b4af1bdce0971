#ifndef TIDEMARK_API_HANDLERS_COINGECKO_LISTS_H
#define TIDEMARK_API_HANDLERS_COINGECKO_LISTS_H

#include "api/cache/flight.h"

struct request;

/* GET /api/v3/coins/list: id, symbol and name of every coin. */
extern const struct reading coingecko_list_reading;

/* GET /api/v3/exchanges/list: our sources. */
extern const struct reading coingecko_exchanges_reading;

/* GET /api/v3/exchanges: the same page by page, with all the members that an exchange has there. */
extern const struct reading coingecko_exchange_page_reading;

/* GET /api/v3/search: coins whose id, symbol or name begins with the query. */
extern const struct reading coingecko_search_reading;

/* GET /api/v3/asset_platforms, /coins/categories and /coins/categories/list: there are none. */
void coingecko_nothing_answer(struct request *request);
/* GET /api/v3/search/trending: nobody counts what people search for. */
void coingecko_trending_answer(struct request *request);
/* GET /api/v3/key: what the caller may do. */
void coingecko_key_answer(struct request *request);

#endif
