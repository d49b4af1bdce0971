#ifndef TIDEMARK_INGEST_SOURCES_REGISTRY_H
#define TIDEMARK_INGEST_SOURCES_REGISTRY_H

#include "ingest/sources/source.h"

/* One line a provider; registry.c has the list. Others find a source by name: source_find(). */
extern const struct source coingecko_source;
extern const struct source coinmarketcap_source;
extern const struct source coinpaprika_source;
extern const struct source binance_source;
extern const struct source coinbase_source;
extern const struct source kraken_source;
extern const struct source csv_source;
extern const struct source tidemark_source;

#endif
