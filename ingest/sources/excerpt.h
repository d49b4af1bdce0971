#ifndef TIDEMARK_INGEST_SOURCES_EXCERPT_H
#define TIDEMARK_INGEST_SOURCES_EXCERPT_H

#include "common/arena.h"

#include <stddef.h>

/*
 * A short piece of foreign text that is safe to store, log and show: at most EXCERPT_MAX bytes,
 * whole UTF-8 characters, a space for each control character, '?' for each byte that is no UTF-8.
 */
enum { EXCERPT_MAX = 120 };

const char *excerpt_make(const char *data, size_t size, struct arena *arena);

#endif
