#ifndef TIDEMARK_API_HANDLERS_COMPLETENESS_H
#define TIDEMARK_API_HANDLERS_COMPLETENESS_H

#include "api/cache/flight.h"

/* GET /api/v1/completeness: what ought to be stored, what of it is, and what is missing and why. */
extern const struct reading completeness_reading;

/* Values of its parameters. */
#define COMPLETENESS_INTERVALS "5m|1h|1d"
#define COMPLETENESS_CAUSES "source_down|limited|no_trade|not_yet_due|expired|lost_upstream|unknown"
#define COMPLETENESS_STATES "open|planned|filled|given_up"

#endif
