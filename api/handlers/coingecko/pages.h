#ifndef TIDEMARK_API_HANDLERS_COINGECKO_PAGES_H
#define TIDEMARK_API_HANDLERS_COINGECKO_PAGES_H

#include "api/cache/flight.h"

#include <stdint.h>

/*
 * Numbered pages, as CoinGecko has them. Adds to the answer's head what is around the page that the
 * parameter `page` says: `Link` with rel first, prev, next and last, `total` (rows of all pages)
 * and `per-page`.
 */
void pages_add_links(struct flight *flight, int64_t per_page, int64_t total);

#endif
