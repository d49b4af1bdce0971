#ifndef TIDEMARK_API_HANDLERS_COINGECKO_RETENTION_H
#define TIDEMARK_API_HANDLERS_COINGECKO_RETENTION_H

#include "api/cache/flight.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * CoinGecko's plans end some time back, and its clients are told so (401, error_code 10012). Here
 * it is retention that does. Asked only where nothing was found: what was dropped is not unknown.
 */
void retention_ask(struct flight *flight,
                   void (*then)(struct flight *flight, const struct rows *rows));

/*
 * For `then`: true, and the flight has failed, if everything up to this moment was dropped.
 * `parameter` says which one asked for it; a constant.
 */
bool retention_refuses(struct flight *flight, const struct rows *rows, int64_t to_ms,
                       const char *parameter);

#endif
