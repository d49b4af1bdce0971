#ifndef TIDEMARK_API_CATALOG_H
#define TIDEMARK_API_CATALOG_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The names that exist: assets, currencies and sources as the database had them when they were
 * read. Held in memory so that a request for a name that does not exist is refused before any
 * cache or database is asked. Immutable; any thread may read it; counted, because a request may
 * still look at the old one when a newer one takes its place.
 */
struct catalog;

enum catalog_kind { CATALOG_ASSET, CATALOG_CURRENCY, CATALOG_SOURCE, CATALOG_KINDS };

/* The names need not be sorted nor unique; they are copied. One reference belongs to the caller. */
struct catalog *catalog_create(const char *const *names[CATALOG_KINDS],
                               const size_t counts[CATALOG_KINDS]);
struct catalog *catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* NULL is fine; the last one frees it */

bool catalog_has(const struct catalog *catalog, enum catalog_kind kind, const char *name);
size_t catalog_count(const struct catalog *catalog, enum catalog_kind kind);

/*
 * What a parameter of this kind takes, as JSON: the array of all names, or a sentence when there
 * are too many to list. Lives as long as the catalogue.
 */
const char *catalog_allowed(const struct catalog *catalog, enum catalog_kind kind);

bool catalog_equal(const struct catalog *a, const struct catalog *b);

#endif
