#ifndef TIDEMARK_API_HANDLERS_UDF_SEARCH_H
#define TIDEMARK_API_HANDLERS_UDF_SEARCH_H

#include "api/cache/flight.h"

/* GET /udf/search */
extern const struct reading udf_search_reading;

/* GET /udf/symbol_info: the same as a table, for charts that ask for whole groups. */
extern const struct reading udf_symbol_info_reading;

#endif
