#ifndef TIDEMARK_API_HANDLERS_UDF_HISTORY_H
#define TIDEMARK_API_HANDLERS_UDF_HISTORY_H

#include "api/cache/flight.h"

/* GET /udf/history */
extern const struct reading udf_history_reading;

#endif
