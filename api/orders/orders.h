#ifndef TIDEMARK_API_ORDERS_ORDERS_H
#define TIDEMARK_API_ORDERS_ORDERS_H

#include "api/board.h"
#include "api/mailbox.h"
#include "api/orders/order_book.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How the API has jobs done: it never calls a provider, it publishes a job to the lane of its
 * source that is kept for those who wait (jobs.<source>.live) and hears of its end as everybody
 * does.
 *
 * One thread with the process's own connection to the broker; the loops speak to it by a bounded
 * queue and never wait for it. What several want at once is one job: within the process by the
 * book (order_book.h), across replicas by a claim in Redis, without Redis by a job for each
 * replica. Each job is confirmed by the broker before it is answered for. The connection comes back
 * by itself; while it is away orders are refused at once.
 *
 * Redis: "<namespace>.order:<name>" holds the id of the job that was ordered for a name,
 * "<namespace>.job:<job id>" for a day when a job was ordered and until when it is of use.
 */
struct orders;

enum {
    ORDERS_QUEUE_MAX = 256,         /* asks that nobody has taken up yet */
    ORDERS_ITEMS_MAX = 1000,        /* of one ask: 50 assets in 20 currencies */
    ORDERS_KNOWN_S = 24 * 3600,     /* how long an order that nobody ran is known */
    ORDERS_JOB_USEFUL_S = 60,       /* a job that a client waits for */
    ORDERS_PREFETCH_USEFUL_S = 600, /* one that somebody ordered */
    ORDERS_LISTING_USEFUL_S = 3600,
};

struct orders_settings {
    const char *rabbitmq_url, *redis_url, *name_space;
    int64_t wait_ms;         /* how long a job is waited for */
    int64_t jobs_per_minute; /* of one source, by this process; 0 = none at all */
    struct board *board;     /* what is known of the sources */
};

/* Errors: fatal "redis.url". All of `settings` must outlive it. Does not start the thread. */
MUST_CHECK struct orders *orders_create(const struct orders_settings *settings, struct error *err);
void orders_start(struct orders *orders);
void orders_stop(struct orders *orders);    /* waits for the thread; NULL or not started is fine */
void orders_destroy(struct orders *orders); /* NULL is fine */

/* The rest may be called by any thread, and waits for nothing but a short lock. */

/* What the broker is for those who order. */
enum part_state orders_broker(struct orders *orders);
/* Jobs that the broker has confirmed. */
uint64_t orders_published(struct orders *orders);

/* As order_book_look(). */
bool orders_look(struct orders *orders, const char *name, struct arena *arena,
                 struct order_answer *ret_answer);
/* Whether a job with this id was ordered by this process a short while ago. */
bool orders_know(struct orders *orders, const char *job_id);

/*
 * An order of several things at once. It lives in its own arena, with all it points to; posting
 * gives both away. The answer is a LETTER_ORDERED with the ticket, and an answer for each item.
 */
struct order_ask {
    struct order_ask *next;
    struct arena *arena;
    struct mailbox *mailbox; /* of the loop that asks; must outlive the thread */
    uint64_t ticket;
    const struct order_item *items;
    size_t item_count;
};
struct order_ask *order_ask_create(void);

/* False: the broker is away, or too much is waiting already; the ask is destroyed. */
MUST_CHECK bool orders_post(struct orders *orders, struct order_ask *ask);

/* A worker has said how a job ended. Before the loops hear of it. */
void orders_heard(struct orders *orders, const struct order_ended *ended);

#endif
