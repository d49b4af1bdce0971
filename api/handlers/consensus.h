#ifndef TIDEMARK_API_HANDLERS_CONSENSUS_H
#define TIDEMARK_API_HANDLERS_CONSENSUS_H

#include "api/cache/flight.h"

/* GET /api/v1/consensus/{symbol} */
extern const struct reading consensus_reading;

#endif
