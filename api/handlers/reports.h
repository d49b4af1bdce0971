#ifndef TIDEMARK_API_HANDLERS_REPORTS_H
#define TIDEMARK_API_HANDLERS_REPORTS_H

#include "api/cache/flight.h"

/* Which daily reports there are, newest first. */
extern const struct reading reports_list_reading;

/*
 * One report: what it says in sum, how it was made, and a page of its rows. Of a day that has none
 * (because it is not over, or nothing is known of it) a 404 that names the newest there is.
 */
extern const struct reading report_reading;

#endif
