#ifndef TIDEMARK_API_ORDERS_ORDER_CLAIMS_H
#define TIDEMARK_API_ORDERS_ORDER_CLAIMS_H

#include "api/orders/order_book.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What replicas tell each other in Redis about the jobs they order. All of it may be lost, or not
 * be there at all: then each replica orders for itself. Belongs to one thread, which may wait a
 * little.
 */
struct order_claims;

/* Both strings must outlive it. Errors: fatal "redis.url". */
MUST_CHECK struct order_claims *order_claims_create(const char *redis_url, const char *name_space,
                                                    struct error *err);
void order_claims_destroy(struct order_claims *claims); /* NULL is fine */

/*
 * Claims the names of a job for it. Those that another job has already are dropped from it, and
 * `ret_others` says by which, NULL = ours; one for each line, in `arena`. Without Redis all are
 * ours.
 */
void order_claims_take(struct order_claims *claims, struct order_job *job, struct arena *arena,
                       const char ***ret_others);

/* Nothing came of the job: the names may be ordered again by anyone. */
void order_claims_release(struct order_claims *claims, const char *job_id, const char *const *names,
                          size_t count, struct arena *arena);

/* The job was published: who asks for it by its id is told so for a day. */
void order_claims_record(struct order_claims *claims, const struct order_job *job, int64_t now_ms,
                         int64_t useful_until_ms, struct arena *arena);

#endif
