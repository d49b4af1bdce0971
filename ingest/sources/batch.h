#ifndef TIDEMARK_INGEST_SOURCES_BATCH_H
#define TIDEMARK_INGEST_SOURCES_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Normalised records of one payload. All text lives in the job's arena. Decimals are canonical
 * text (common/decimal.h); NULL = the provider did not say. Times are UTC milliseconds.
 *
 * `symbol` is the provider's own name of a market, as in instruments.symbol: "bitcoin/usd" for an
 * aggregator (its coin id, a slash, the quote currency), "BTCUSDT" or "BTC-USD" for an exchange.
 * The store turns it into an asset and a quote; what is not mapped is counted and left out.
 */

/* A price at a moment. */
struct tick {
    const char *symbol;
    int64_t observed_at_ms;
    const char *price;      /* > 0 */
    const char *volume_24h; /* in the quote currency, rolling */
    const char *market_cap; /* in the quote currency */
    const char *change_24h_percent;
};

/* Where a candle's numbers come from. */
enum candle_origin {
    CANDLE_PROVIDER, /* the provider's own candle */
    CANDLE_POINTS,   /* made from the provider's price points: `inputs` says how many */
};

struct candle {
    int64_t
        open_time_ms; /* a multiple of the interval; the candle covers [open, open + interval) */
    const char *open, *high, *low, *close;
    const char *volume;       /* base currency traded in the interval */
    const char *quote_volume; /* quote currency traded in the interval */
    const char *volume_24h;   /* quote currency, rolling 24 h at the close; aggregators give this */
    const char *market_cap;   /* quote currency, at the close */
    int64_t trades;           /* -1 = unknown */
    int32_t inputs;           /* 1 for CANDLE_PROVIDER */
};

/* The market row of a coin, as an aggregator lists it. Values in the quote currency of `symbol`. */
struct listing {
    const char *symbol; /* "bitcoin/usd" */
    const char *asset;  /* "bitcoin": becomes an asset of its own if nobody has it yet; NULL where
                           the provider's ids are not our slugs: ticker and name say what it is */
    const char *ticker; /* "btc", as the provider spells it */
    const char *name;
    int64_t rank; /* 0 = unranked */
    int64_t observed_at_ms;
    const char *price, *market_cap, *fully_diluted_valuation, *volume_24h;
    const char *high_24h, *low_24h, *change_24h, *change_24h_percent;
    const char *circulating_supply, *total_supply, *max_supply;
    const char *ath, *atl;
    int64_t ath_at_ms, atl_at_ms; /* 0 = unknown */
};

/* An entry of a provider's own list of coins or markets. */
struct reference {
    const char *symbol; /* aggregator: its id of the coin, "bitcoin", "1"; exchange: "BTCUSDT" */
    const char *ticker; /* of the asset, as traders write it: "BTC" */
    const char *quote;  /* exchange: the quote currency's code, lower case; aggregator: NULL */
    const char *name;   /* "Bitcoin"; NULL = the provider does not say */
    const char *asset;  /* the slug that the asset has here, where the provider's id is that */
    int64_t rank;       /* 0 = unranked or unknown */
    bool active;
};

/* A record that was not taken. */
struct reject {
    const char *where;   /* "[17].current_price", "line 4" */
    const char *reason;  /* a code of records.h: "price.not_positive", "time.future" */
    const char *excerpt; /* what stood there, at most 120 bytes */
};

struct batch {
    const struct tick *ticks;
    size_t tick_count;

    /* All candles of a batch are of one market and one interval. */
    const struct candle *candles; /* ascending, unique open times, closed ones only */
    size_t candle_count;
    const char *candle_symbol;
    int32_t candle_interval_s; /* 300, 3600, 86400 ... */
    enum candle_origin candle_origin;

    const struct listing *listings;
    size_t listing_count;

    const struct reference *references; /* by symbol, each once */
    size_t reference_count;
    bool references_whole; /* the source says so: these are all there are, others are gone */

    const struct reject *rejects; /* at most BATCH_REJECTS_MAX are kept, */
    size_t reject_count;
    size_t rejected; /* but all are counted */

    const char *position; /* where the next request goes on; NULL = it stays */
    bool more;            /* there is more to fetch now */
};

enum { BATCH_REJECTS_MAX = 100 };

#endif
