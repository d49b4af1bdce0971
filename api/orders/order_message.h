#ifndef TIDEMARK_API_ORDERS_ORDER_MESSAGE_H
#define TIDEMARK_API_ORDERS_ORDER_MESSAGE_H

#include "api/orders/order_book.h"
#include "common/arena.h"

#include <stdint.h>

/*
 * Jobs of the book as messages of common/job.h. Pure.
 *
 * A job's id tells what it is for: "coingecko/live/bitcoin/usd/1763712001" of one symbol,
 * "coingecko/live/usd/<hash of the symbols>/1763712001" of several,
 * "coingecko/live/listing/usd/250/1/1763712001" of a market page. The slot is the second that
 * begins next, so two replicas that are asked the same at once mean the same job, and a price whose
 * provider does not say when it was is not older than the order.
 */

/* Names the job by its lines, which are sorted by this, for an order at this moment. */
void order_message_name(struct order_job *job, int64_t now_ms, struct arena *arena);
/* `traceparent` NULL = none. */
struct bytes order_message_encode(const struct order_job *job, const char *traceparent,
                                  struct arena *arena);

/* Up to when the job can be of use, unix milliseconds, and from when it may be: its slot. */
int64_t order_message_useful_until_ms(const struct order_job *job);
/* The slot of a job's id, unix milliseconds; 0 if it has none. */
int64_t order_message_slot_ms(const char *job_id);

#endif
