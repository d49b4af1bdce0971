#ifndef TIDEMARK_API_HANDLERS_ORDERS_H
#define TIDEMARK_API_HANDLERS_ORDERS_H

struct request;

/*
 * What clients order: 202 with the jobs that do it and where to ask how they stand, once the broker
 * has confirmed them. The same order within a minute (a price: ten seconds) is the same job. Takes
 * Idempotency-Key (api/orders/idempotency.h).
 */
void orders_sync_answer(struct request *request);     /* market pages of aggregators */
void orders_prefetch_answer(struct request *request); /* the price of an asset */

enum {
    ORDERS_SYNC_HOLD_MS = 60 * 1000,
    ORDERS_PREFETCH_HOLD_MS = 10 * 1000,
    ORDERS_PAGES_MAX = 4,
    ORDERS_PAGE_ROWS = 250, /* what every aggregator gives in one page */
};

#endif
