#ifndef TIDEMARK_API_HANDLERS_UDF_SYMBOLS_H
#define TIDEMARK_API_HANDLERS_UDF_SYMBOLS_H

#include "api/cache/flight.h"

/* GET /udf/symbols */
extern const struct reading udf_symbols_reading;

#endif
