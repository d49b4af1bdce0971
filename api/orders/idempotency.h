#ifndef TIDEMARK_API_ORDERS_IDEMPOTENCY_H
#define TIDEMARK_API_ORDERS_IDEMPOTENCY_H

#include "api/http/request.h"
#include "api/orders/errand.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The header Idempotency-Key, as draft-ietf-httpapi-idempotency-key-header-07 has it: who does not
 * know whether a request has arrived sends it again with the same key, and gets the answer of the
 * first one.
 *
 *     no key                              the request is carried out
 *     a new key                           it is carried out, and its answer kept for a day
 *     the key of an equal request         the same answer again, with "Idempotency-Replayed: true"
 *     ... that is under way               409 "idempotency.under_way"
 *     the key of another request          422 "idempotency.reused"
 *     a malformed one, or several         400 "idempotency.malformed"
 *     Redis is away                       503 "idempotency.unknown": the promise cannot be kept
 *
 * Equal is what has the same route and the same canonical parameters, wherever they stood. Only
 * answers of success are kept; a request that was refused may be sent again. A key belongs to the
 * client's address, so nobody gets another one's answer. In Redis under
 * "<namespace>.idem:<hash of address and key>".
 */
enum {
    IDEMPOTENCY_KEPT_S = 24 * 3600,
    IDEMPOTENCY_UNDER_WAY_S = 30, /* a replica that died does not hold it for longer */
    IDEMPOTENCY_KEY_MAX = 255,
};

/*
 * The key of a request: an RFC 8941 string ("8e03978e-40d5-43e8-bc93-6894a57f9324" in quotes), or,
 * as most clients send it, the same without quotes. `*ret_key` NULL = it has none. Pure.
 */
MUST_CHECK bool idempotency_read(const struct http_request *http, const char **ret_key,
                                 struct problem *ret_problem);

/* The same of the header's value. NULL for one that is malformed. Lives in `arena`. */
const char *idempotency_parse(struct bytes value, struct arena *arena);

/* Goes on with `then` if the request is to be carried out, else answers it. */
void idempotency_begin(struct errand *errand, void (*then)(struct errand *errand));

/* For errand.c: how it ended. */
void idempotency_keep(struct errand *errand, int32_t status, const char *head, struct bytes json);
void idempotency_give_up(struct errand *errand);

#endif
