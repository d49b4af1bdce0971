#ifndef TIDEMARK_API_ORDERS_ORDER_SOURCES_H
#define TIDEMARK_API_ORDERS_ORDER_SOURCES_H

#include "api/board.h"
#include "api/orders/order_book.h"

/*
 * Which sources may be asked at this moment, by what the keeper has found out: not those that are
 * switched off or lack their key, and those with an open breaker, a cooldown or a spent budget only
 * when that is over. Pure. `report` NULL = nothing is known, and nothing held against anybody. All
 * of the answer lives in `arena`, longer than the report.
 */
size_t order_sources(const struct report *report, int64_t now_ms, struct arena *arena,
                     const struct order_source **ret_sources);

#endif
