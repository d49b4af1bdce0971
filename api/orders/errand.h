#ifndef TIDEMARK_API_ORDERS_ERRAND_H
#define TIDEMARK_API_ORDERS_ERRAND_H

#include "api/answer/problem.h"
#include "api/orders/order_desk.h"
#include "common/database.h"
#include "common/redis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idempotency;
struct request;
struct thread;

/*
 * What a request has begun and what goes on to its end when the client is gone: no order is half
 * placed, and who asks again with the same Idempotency-Key gets what came of it. It asks for one
 * thing at a time; what it asked for may call back at once. Belongs to the loop.
 */
struct errand {
    struct request *request; /* NULL = the client is gone, or has had the deadline's answer */
    struct thread *thread;
    struct arena *arena; /* lives as long as the errand, which lies in it */
    const char *path;    /* of the route */
    void *context;       /* the handler's */

    /* errand.c's own */
    struct idempotency *idempotency;
    struct order_waiter waiter;
    void (*then_rows)(struct errand *errand, const struct rows *rows, const struct error *err);
    void (*then_reply)(struct errand *errand, const struct redis_reply *reply);
    void (*then_ordered)(struct errand *errand, const struct letter *letter);
};

/* For a handler: the request waits for it from here on. */
struct errand *errand_begin(struct request *request);
/* The request ends. NULL is fine. */
void errand_leave(struct errand *errand);

/* `rows` NULL = it failed, and `err` says why. Values are copied, texts included. */
void errand_query(struct errand *errand, const struct query *query,
                  const struct database_value *values, size_t value_count,
                  void (*then)(struct errand *errand, const struct rows *rows,
                               const struct error *err));
/* `reply` NULL = Redis is away. */
void errand_redis(struct errand *errand, const struct bytes *command, size_t count,
                  void (*then)(struct errand *errand, const struct redis_reply *reply));
/* `letter` NULL = the broker is away. The ask is gone after it. */
void errand_order(struct errand *errand, struct order_ask *ask,
                  void (*then)(struct errand *errand, const struct letter *letter));

/* The end of it; the errand is gone. `head`: more header lines, each with its CRLF, or "". */
void errand_answer(struct errand *errand, int32_t status, const char *head, struct bytes json);
void errand_refuse(struct errand *errand, const struct problem *problem);

#endif
