#ifndef TIDEMARK_API_HANDLERS_UDF_MARKS_H
#define TIDEMARK_API_HANDLERS_UDF_MARKS_H

#include "api/cache/flight.h"

/* GET /udf/marks, /udf/timescale_marks */
extern const struct reading udf_marks_reading, udf_timescale_marks_reading;

#endif
