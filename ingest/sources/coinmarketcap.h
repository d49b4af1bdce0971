#ifndef TIDEMARK_INGEST_SOURCES_COINMARKETCAP_H
#define TIDEMARK_INGEST_SOURCES_COINMARKETCAP_H

#include "ingest/sources/args.h"
#include "ingest/sources/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Part of ingest/sources/coinmarketcap.c, which asks: what its answers say is read in
 * coinmarketcap_answer.c.
 */
enum {
    CMC_PAGE_MAX = 1000,  /* of a listing; larger ones are not documented for certain */
    CMC_QUOTES_MAX = 100, /* one credit */
    CMC_MAP_MAX = 5000,
    CMC_POINTS_MAX = 1000, /* of a history; ten credits */
};

/* CoinMarketCap's words for an interval of ours, and how far back it can be had. */
struct cmc_span {
    const char *interval, *points, *candles; /* NULL: there are none */
    int64_t reach_ms;
};

/* What a history job asks for. */
struct cmc_wish {
    const char *id, *currency;
    const struct cmc_span *span;
    struct history_args args;
    bool candles; /* its own, instead of price points */
    int64_t step_ms;
};

/* Errors: reject "job.args". */
MUST_CHECK bool coinmarketcap_read_wish(const struct job *job, struct arena *arena,
                                        struct cmc_wish *ret_wish, struct error *err);

/* Of struct source_kind. */
bool coinmarketcap_read_quote(const struct answer *answer, struct records *records,
                              struct error *err);
bool coinmarketcap_read_page(const struct answer *answer, struct records *records,
                             struct error *err);
bool coinmarketcap_read_history(const struct answer *answer, struct records *records,
                                struct error *err);
void coinmarketcap_go_on(const struct answer *answer, struct batch *batch);
extern const struct reference_list coinmarketcap_map;

#endif
