#ifndef TIDEMARK_API_ORDERS_ORDER_DESK_H
#define TIDEMARK_API_ORDERS_ORDER_DESK_H

#include "api/mailbox.h"
#include "api/orders/orders.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where those of one event loop wait who have ordered something: for what became of the order, and
 * for the jobs to end. Belongs to the loop.
 */
struct order_desk;

enum { ORDER_WAITERS_MAX = 512 };

/* Lives in its owner, who leaves before it goes. */
struct order_waiter {
    struct order_waiter *next;
    struct order_desk *desk; /* NULL = waits for nothing */
    uint64_t ticket;
    uint64_t round; /* the desk's own */
    /*
     * Called for the LETTER_ORDERED of its ticket and, if it said so, for each LETTER_CHANGED and
     * LETTER_JOB_ENDED. May leave, and free itself.
     */
    void (*take)(struct order_waiter *waiter, const struct letter *letter);
    bool hears_ends;
};

/* `orders` NULL = nothing can be ordered. */
struct order_desk *order_desk_create(struct orders *orders, struct mailbox *mailbox);
/* Whoever still waits gets a LETTER_STOP. NULL is fine. */
void order_desk_destroy(struct order_desk *desk);

struct orders *order_desk_orders(const struct order_desk *desk);
/* The broker can be asked, as far as is known. */
bool order_desk_is_open(const struct order_desk *desk);

/* So many wait that nobody else can. */
bool order_desk_is_crowded(const struct order_desk *desk);

/* Posts the ask, which is gone after it. False: not possible now; a waiter that has asked before
 * waits for the ends of those jobs until it leaves. */
MUST_CHECK bool order_desk_ask(struct order_desk *desk, struct order_ask *ask,
                               struct order_waiter *waiter);
void order_waiter_leave(struct order_waiter *waiter); /* not waiting is fine */

/* A letter has come. */
void order_desk_take(struct order_desk *desk, const struct letter *letter);

#endif
