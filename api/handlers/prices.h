#ifndef TIDEMARK_API_HANDLERS_PRICES_H
#define TIDEMARK_API_HANDLERS_PRICES_H

#include "api/cache/flight.h"

/* GET /simple_price */
extern const struct reading prices_reading;

#endif
