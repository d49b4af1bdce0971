#ifndef TIDEMARK_API_HANDLERS_CHARTS_H
#define TIDEMARK_API_HANDLERS_CHARTS_H

#include "api/cache/flight.h"

/* GET /market_chart */
extern const struct reading charts_reading;

#endif
