#include "api/orders/errand.h"

#include "api/orders/idempotency.h"
#include "api/request.h"
#include "api/routes.h"
#include "api/thread.h"

#include <string.h>

struct errand *
errand_begin(struct request *request)
{
    struct arena *arena = arena_create(4096);
    struct errand *errand = arena_alloc_array(arena, 1, sizeof *errand);

    errand->request = request;
    errand->thread = request->thread;
    errand->arena = arena;
    errand->path = request->route->path;
    request_wait(request);
    request->errand = errand;
    return errand;
}

void
errand_leave(struct errand *errand)
{
    if (errand)
        errand->request = NULL;
}

/* ------------------------------------------------------------------------------------ asking */

static void
on_rows(void *context, const struct rows *rows, const struct error *err)
{
    struct errand *errand = context;

    errand->then_rows(errand, rows, err);
}

void
errand_query(struct errand *errand, const struct query *query, const struct database_value *values,
             size_t value_count,
             void (*then)(struct errand *, const struct rows *, const struct error *))
{
    struct database_value *kept = arena_alloc_array(errand->arena, value_count + 1, sizeof *kept);

    for (size_t i = 0; i < value_count; i++) {
        kept[i] = values[i];
        if (kept[i].text)
            kept[i].text = arena_string(errand->arena, kept[i].text);
    }
    errand->then_rows = then;
    pool_query(errand->thread->pool, POOL_BEGINS, query, kept, value_count, errand->arena, on_rows,
               errand);
}

static void
on_reply(void *context, const struct redis_reply *reply)
{
    struct errand *errand = context;

    errand->then_reply(errand, reply);
}

void
errand_redis(struct errand *errand, const struct bytes *command, size_t count,
             void (*then)(struct errand *, const struct redis_reply *))
{
    struct thread *thread = errand->thread;

    errand->then_reply = then;
    if (thread->ending || !redis_send(thread->redis, command, count, on_reply, errand))
        then(errand, NULL);
}

static void
on_letter(struct order_waiter *waiter, const struct letter *letter)
{
    struct errand *errand =
        (struct errand *)(void *)((char *)waiter - offsetof(struct errand, waiter));

    order_waiter_leave(waiter);
    errand->then_ordered(errand, letter->kind == LETTER_ORDERED ? letter : NULL);
}

void
errand_order(struct errand *errand, struct order_ask *ask,
             void (*then)(struct errand *, const struct letter *))
{
    errand->waiter.take = on_letter;
    errand->then_ordered = then;
    if (!order_desk_ask(errand->thread->desk, ask, &errand->waiter))
        then(errand, NULL);
}

/* ------------------------------------------------------------------------------------ ending */

void
errand_answer(struct errand *errand, int32_t status, const char *head, struct bytes json)
{
    struct request *request = errand->request;

    idempotency_keep(errand, status, head, json);
    if (request) {
        request->errand = NULL;
        request->head = arena_string(request->http->arena, head);
        json.data = arena_copy(request->http->arena, json.data, json.size);
        request_answer(request, status, "application/json", json);
    }
    arena_destroy(errand->arena);
}

void
errand_refuse(struct errand *errand, const struct problem *problem)
{
    struct request *request = errand->request;

    idempotency_give_up(errand);
    if (request) {
        request->errand = NULL;
        request_refuse(request, problem);
    }
    arena_destroy(errand->arena);
}
