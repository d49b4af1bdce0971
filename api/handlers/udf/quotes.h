#ifndef TIDEMARK_API_HANDLERS_UDF_QUOTES_H
#define TIDEMARK_API_HANDLERS_UDF_QUOTES_H

#include "api/cache/flight.h"

/* GET /udf/quotes */
extern const struct reading udf_quotes_reading;

#endif
