#ifndef TIDEMARK_API_NAMES_CATALOG_H
#define TIDEMARK_API_NAMES_CATALOG_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The names that exist: assets, currencies and sources as the database had them when they were
 * read. Held in memory so that a request for a name that does not exist, or for a ticker that could
 * mean several assets, is refused before any cache or database is asked. Immutable; any thread may
 * read it; counted, because a request may still look at the old one when a newer one takes its
 * place.
 */
struct catalog;

enum catalog_kind { CATALOG_ASSET, CATALOG_CURRENCY, CATALOG_SOURCE, CATALOG_KINDS };

/* What an asset is traded as. Many share one: of 12,794 coins of CoinGecko 3,726 did. */
struct catalog_ticker {
    const char *ticker; /* upper case: "BTC" */
    const char *slug;
    bool priced;      /* there is a price of this asset */
    int32_t rank;     /* its best one by market cap, from 1; 0 = none */
    const char *name; /* "Bitcoin"; NULL = has none */
};

/* Names and tickers need not be sorted nor unique; they are copied. */
struct catalog_names {
    const char *const *names[CATALOG_KINDS];
    size_t counts[CATALOG_KINDS];
    const struct catalog_ticker *tickers;
    size_t ticker_count;
    const char *cursor_key; /* what cursors are sealed with; NULL = "", for tests */
};

/* One reference belongs to the caller. */
struct catalog *catalog_create(const struct catalog_names *names);
struct catalog *catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* NULL is fine; the last one frees it */

bool catalog_has(const struct catalog *catalog, enum catalog_kind kind, const char *name);

/*
 * The assets that an upper case ticker may mean, by rank, then by slug: of those that share it the
 * ones with a price, or all if none has one. Says how many; `ret_first` lives as long as the
 * catalogue.
 */
size_t catalog_assets_of(const struct catalog *catalog, const char *ticker,
                         const struct catalog_ticker **ret_first);
/* The same by name, in any case of its letters. */
size_t catalog_assets_named(const struct catalog *catalog, const char *name,
                            const struct catalog_ticker **ret_first);
/* All of them, by ticker. */
size_t catalog_tickers(const struct catalog *catalog, const struct catalog_ticker **ret_first);
size_t catalog_count(const struct catalog *catalog, enum catalog_kind kind);
/* In the order of the alphabet; `index` < catalog_count(). Lives as long as the catalogue. */
const char *catalog_name(const struct catalog *catalog, enum catalog_kind kind, size_t index);

/*
 * What a parameter of this kind takes, as JSON: the array of all names, or a sentence when there
 * are too many to list. Lives as long as the catalogue.
 */
const char *catalog_allowed(const struct catalog *catalog, enum catalog_kind kind);

/* What cursors are sealed with, equal on all replicas. Lives as long as the catalogue. */
const char *catalog_cursor_key(const struct catalog *catalog);

bool catalog_equal(const struct catalog *a, const struct catalog *b);

#endif
