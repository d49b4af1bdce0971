#ifndef TIDEMARK_API_HANDLERS_DATA_H
#define TIDEMARK_API_HANDLERS_DATA_H

#include "api/cache/flight.h"

/* GET /data */
extern const struct reading data_reading;

#endif
