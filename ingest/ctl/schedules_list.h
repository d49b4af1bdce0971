#ifndef TIDEMARK_INGEST_CTL_SCHEDULES_LIST_H
#define TIDEMARK_INGEST_CTL_SCHEDULES_LIST_H

#include "ingest/ctl/command.h"

/*
 * tidemarkctl schedules list: what is fetched, when it was due last and when it is next, as the
 * leading scheduler reckons it.
 */
bool schedules_list(const struct call *call, struct error *err);

#endif
