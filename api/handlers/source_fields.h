#ifndef TIDEMARK_API_HANDLERS_SOURCE_FIELDS_H
#define TIDEMARK_API_HANDLERS_SOURCE_FIELDS_H

#include "api/board.h"
#include "common/text.h"

/*
 * Adds what /health and /stats both say of a source, as members of a JSON object, without braces.
 * "upstream" is what the workers share of it: null while Redis is away, and when nobody has asked
 * the provider in the last day.
 */
void source_fields_add(struct text *text, const struct source_state *source);

/*
 * How its last run stands: "success", "failure", "running", "waiting", "never_run", "no_key" or
 * "skipped".
 */
const char *source_fields_status(const struct source_state *source);

/* Adds `"name":"2026-11-21T08:41:05.000Z"`, or null for 0, which is never. */
void source_fields_add_moment(struct text *text, const char *name, int64_t at_ms);

#endif
