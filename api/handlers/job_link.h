#ifndef TIDEMARK_API_HANDLERS_JOB_LINK_H
#define TIDEMARK_API_HANDLERS_JOB_LINK_H

#include "common/arena.h"

#include <stdbool.h>

/*
 * How a job is named in URLs. Its own id has slashes and the symbols of providers in it
 * ("coingecko/live/bitcoin/usd/1763712001"), so clients get its base64url instead, which they need
 * not look into.
 */
const char *job_link_id(const char *job_id, struct arena *arena);
/* "/api/v1/jobs/..." */
const char *job_link_path(const char *job_id, struct arena *arena);
/* False for text that is no such id. */
MUST_CHECK bool job_link_read(const char *text, struct arena *arena, const char **ret_job_id);

#endif
