#ifndef TIDEMARK_TESTS_FUZZ_SOURCE_PROPERTIES_H
#define TIDEMARK_TESTS_FUZZ_SOURCE_PROPERTIES_H

#include "unit/ingest/sources/feed.h"

/* Ends the program, saying why, unless the outcome is what source.h, batch.h and records.h promise.
 */
void source_properties_hold(const struct fed *fed);

/*
 * Feeds `data` to one of `feeds` and holds the outcome to that. The first byte of `data` chooses
 * the feed (by its low bits) and the HTTP status (by its high bit: an error); the rest is the body.
 */
void source_properties_check(const struct feed *feeds, size_t count, const uint8_t *data,
                             size_t size);

#endif
