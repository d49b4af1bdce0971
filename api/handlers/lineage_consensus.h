#ifndef TIDEMARK_API_HANDLERS_LINEAGE_CONSENSUS_H
#define TIDEMARK_API_HANDLERS_LINEAGE_CONSENSUS_H

#include "api/handlers/price_inputs.h"
#include "api/params/params.h"

/* The one source whose price the consensus is; NULL if it is of several, or of none. */
const char *lineage_consensus_source(const struct price_inputs *read);

/* The answer for a price that several sources made: each of them, to be followed by its name. */
struct bytes lineage_consensus_render(const struct price_inputs *read, const struct params *params,
                                      struct arena *arena);

#endif
