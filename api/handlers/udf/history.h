#ifndef TIDEMARK_API_HANDLERS_UDF_HISTORY_H
#define TIDEMARK_API_HANDLERS_UDF_HISTORY_H

#include "api/flight.h"

/* More are never answered at once. */
enum { HISTORY_BARS_MAX = 5000 };

/* GET /udf/history */
extern const struct reading udf_history_reading;

#endif
