#include "ingest/sources/registry.h"

#include <string.h>

const struct source *const sources[] = {
    &coingecko_source, &coinmarketcap_source, &coinpaprika_source,
    &binance_source,   &coinbase_source,      &kraken_source,
    &csv_source,       &tidemark_source,      NULL,
};

const struct source *
source_find(const char *name)
{
    for (size_t i = 0; sources[i]; i++) {
        if (strcmp(sources[i]->name, name) == 0)
            return sources[i];
    }
    return NULL;
}
