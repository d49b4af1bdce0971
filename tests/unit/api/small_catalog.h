#ifndef TIDEMARK_TESTS_UNIT_API_SMALL_CATALOG_H
#define TIDEMARK_TESTS_UNIT_API_SMALL_CATALOG_H

#include "api/names/catalog.h"
#include "common/attributes.h"

/*
 * These assets, and a few names for tests of parameters: a ticker of one asset, one of two of which
 * one ranks, one of two that both do, and one that is another asset's name.
 */
static inline struct catalog *
small_catalog(const char *const *assets, size_t asset_count)
{
    static const char *const currencies[] = {"usd", "eur", "btc"};
    static const char *const sources[] = {"binance", "coinbase"};
    static const struct catalog_ticker tickers[] = {
        {"BTC",    "bitcoin",       true,  0, "Bitcoin"      },
        {"BTC",    "bitcoin-token", false, 0, "Bitcoin Token"},
        {"ETH",    "ethereum",      true,  0, "Ethereum"     },
        {"META",   "metadium",      true,  0, "Metadium"     },
        {"META",   "meta",          true,  0, "Meta"         },
        {"OLD",    "solana",        false, 0, "Solana"       },
        {"SOLANA", "ethereum",      true,  0, "Ethereum"     },
    };
    const struct catalog_names names = {
        .names = {assets,      currencies,           sources          },
        .counts = {asset_count, COUNT_OF(currencies), COUNT_OF(sources)},
        .tickers = tickers,
        .ticker_count = COUNT_OF(tickers),
    };

    return catalog_create(&names);
}

#endif
