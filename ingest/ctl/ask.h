#ifndef TIDEMARK_INGEST_CTL_ASK_H
#define TIDEMARK_INGEST_CTL_ASK_H

#include "ingest/ctl/command.h"

/*
 * Asks on the terminal whether to go on; --yes answers for scripts. Reject "not_confirmed" for any
 * answer but yes, and where there is no terminal to ask on.
 */
MUST_CHECK bool ask_whether(const struct call *call, const char *question, struct error *err);

#endif
