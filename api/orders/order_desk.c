#include "api/orders/order_desk.h"

#include <stdlib.h>

struct order_desk {
    struct orders *orders;
    struct mailbox *mailbox;
    struct order_waiter *first;
    size_t count;
    uint64_t last_ticket, round;
};

struct order_desk *
order_desk_create(struct orders *orders, struct mailbox *mailbox)
{
    struct order_desk *desk = calloc(1, sizeof *desk);

    if (!desk)
        abort();
    desk->orders = orders;
    desk->mailbox = mailbox;
    return desk;
}

void
order_desk_destroy(struct order_desk *desk)
{
    struct letter *stop = letter_create(LETTER_STOP);

    while (desk && desk->first) {
        struct order_waiter *waiter = desk->first;

        order_waiter_leave(waiter);
        waiter->take(waiter, stop); /* it may be gone after that */
    }
    letter_release(stop);
    free(desk);
}

struct orders *
order_desk_orders(const struct order_desk *desk)
{
    return desk->orders;
}

bool
order_desk_is_open(const struct order_desk *desk)
{
    return desk->orders && orders_broker(desk->orders) == PART_CONNECTED &&
           !order_desk_is_crowded(desk);
}

bool
order_desk_is_crowded(const struct order_desk *desk)
{
    return desk->count >= ORDER_WAITERS_MAX;
}

bool
order_desk_ask(struct order_desk *desk, struct order_ask *ask, struct order_waiter *waiter)
{
    if (!order_desk_is_open(desk)) {
        arena_destroy(ask->arena);
        return false;
    }
    ask->mailbox = desk->mailbox;
    ask->ticket = waiter->ticket = ++desk->last_ticket;
    if (!orders_post(desk->orders, ask))
        return false;
    if (waiter->desk)
        return true; /* it asks once more */
    waiter->desk = desk;
    waiter->round = desk->round;
    waiter->next = desk->first;
    desk->first = waiter;
    desk->count++;
    return true;
}

void
order_waiter_leave(struct order_waiter *waiter)
{
    struct order_desk *desk = waiter->desk;
    struct order_waiter **place;

    if (!desk)
        return;
    for (place = &desk->first; *place != waiter; place = &(*place)->next)
        ;
    *place = waiter->next;
    waiter->desk = NULL;
    desk->count--;
}

static bool
is_for(const struct order_waiter *waiter, const struct letter *letter)
{
    return letter->kind == LETTER_ORDERED ? waiter->ticket == letter->ticket : waiter->hears_ends;
}

/* Each waiter once, although whoever is called may take any of them off the list. */
void
order_desk_take(struct order_desk *desk, const struct letter *letter)
{
    struct order_waiter *waiter = desk->first;

    desk->round++;
    while (waiter) {
        if (waiter->round == desk->round || !is_for(waiter, letter)) {
            waiter = waiter->next;
            continue;
        }
        waiter->round = desk->round;
        waiter->take(waiter, letter);
        waiter = desk->first;
    }
}
