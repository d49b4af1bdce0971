#include "api/server.h"

#include "api/documents.h"
#include "api/events.h"
#include "api/keeper.h"
#include "api/orders/orders.h"
#include "api/thread.h"

#include <stdlib.h>
#include <string.h>

struct server {
    const struct api_settings *settings;
    struct arena *arena;
    struct trusted_proxies proxies;
    struct cors cors;
    struct documents *documents;
    struct board *board;
    struct rate_bank *bank;
    struct metrics **metrics; /* one a loop, and a NULL */
    struct thread **threads;
    size_t thread_count;
    size_t running;
    struct keeper *keeper;
    struct events *events;
    struct orders_settings order_settings;
    struct orders *orders; /* NULL = nothing is fetched on demand */
    atomic_int draining;
};

/* While Redis is away each replica grants its share. */
static struct rate_policy
local_policy(const struct api_settings *settings)
{
    double share = 1.0 / (double)settings->replicas_expected;
    int64_t burst =
        settings->rate_limit_burst ? settings->rate_limit_burst : settings->rate_limit_per_minute;
    struct rate_policy policy = {
        .per_ms = (double)settings->rate_limit_per_minute / 60000 * share,
        .burst = (double)burst * share,
        .sharers = (int32_t)settings->threads,
    };

    if (policy.burst < 1)
        policy.burst = 1;
    return policy;
}

static bool
is_plain_name(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == size;
}

/* Each replica may cause its share. */
static bool
create_orders(struct server *server, struct error *err)
{
    const struct api_settings *settings = server->settings;
    int64_t share = settings->orders_per_minute / settings->replicas_expected;

    if (settings->orders_per_minute == 0)
        return true;
    server->order_settings = (struct orders_settings){
        .rabbitmq_url = settings->rabbitmq_url,
        .redis_url = settings->redis_url,
        .name_space = settings->cache_namespace,
        .wait_ms = settings->order_wait_ms,
        .jobs_per_minute = share > 0 ? share : 1,
        .board = server->board,
    };
    server->orders = orders_create(&server->order_settings, err);
    return server->orders;
}

static bool
create_threads(struct server *server, struct error *err)
{
    struct thread_plan plan = {
        .settings = server->settings,
        .board = server->board,
        .bank = server->bank,
        .orders = server->orders,
        .all_metrics = server->metrics,
        .proxies = &server->proxies,
        .cors = &server->cors,
        .documents = server->documents,
        .draining = &server->draining,
    };

    for (size_t i = 0; i < server->thread_count; i++)
        server->metrics[i] = metrics_create();
    for (size_t i = 0; i < server->thread_count; i++) {
        plan.index = (int32_t)i;
        plan.metrics = server->metrics[i];
        server->threads[i] = thread_create(&plan, err);
        if (!server->threads[i])
            return false;
    }
    return true;
}

static bool
start_threads(struct server *server, struct error *err)
{
    const struct events_settings events = {server->settings->rabbitmq_url, server->threads,
                                           server->thread_count, server->board, server->orders};
    const struct api_settings *settings = server->settings;

    server->keeper = keeper_start(*settings->database_read_url ? settings->database_read_url
                                                               : settings->database_url,
                                  settings->redis_url, server->board, err);
    if (!server->keeper)
        return false;
    server->events = events_start(&events);
    if (server->orders)
        orders_start(server->orders);
    for (size_t i = 0; i < server->thread_count; i++)
        thread_start(server->threads[i]);
    server->running = server->thread_count;
    return true;
}

struct server *
server_start(const struct api_settings *settings, struct error *err)
{
    struct arena *arena = arena_create(1024);
    struct server *server = arena_alloc_array(arena, 1, sizeof *server);
    struct rate_policy policy = local_policy(settings);

    server->arena = arena;
    server->settings = settings;
    server->thread_count = (size_t)settings->threads;
    server->metrics = arena_alloc_array(arena, server->thread_count + 1, sizeof *server->metrics);
    server->threads = arena_alloc_array(arena, server->thread_count + 1, sizeof *server->threads);
    server->documents = documents_create(arena);
    server->board = board_create();
    server->bank = rate_bank_create(&policy);
    if (!is_plain_name(settings->cache_namespace)) {
        error_set(err, ERROR_FATAL, "settings.invalid",
                  "CACHE_NAMESPACE takes 1 to 64 letters, digits, '_' or '-'");
        server_destroy(server);
        return NULL;
    }
    if (!trusted_proxies_parse(settings->trusted_proxies, arena, &server->proxies, err) ||
        !cors_parse(settings->cors_origins, arena, &server->cors, err) ||
        !create_orders(server, err) || !create_threads(server, err) ||
        !start_threads(server, err)) {
        server_destroy(server);
        return NULL;
    }
    return server;
}

void
server_announce_stop(struct server *server)
{
    atomic_store(&server->draining, 1);
}

static void
post(struct server *server, enum letter_kind kind)
{
    struct letter *letter = letter_create(kind);

    for (size_t i = 0; i < server->thread_count; i++)
        mailbox_post(server->threads[i]->mailbox, letter);
    letter_release(letter);
}

void
server_drain(struct server *server)
{
    post(server, LETTER_DRAIN);
}

bool
server_is_drained(struct server *server)
{
    while (server->running > 0 &&
           pthread_tryjoin_np(server->threads[server->running - 1]->pthread, NULL) == 0)
        server->running--;
    return server->running == 0;
}

void
server_destroy(struct server *server)
{
    if (!server)
        return;
    if (server->running > 0) {
        post(server, LETTER_STOP);
        while (server->running > 0)
            thread_join(server->threads[--server->running]);
    }
    /* Those that post to the loops end before the loops are taken away. */
    events_stop(server->events);
    orders_stop(server->orders);
    keeper_stop(server->keeper);
    for (size_t i = 0; i < server->thread_count; i++)
        thread_destroy(server->threads[i]);
    orders_destroy(server->orders);
    for (size_t i = 0; i < server->thread_count; i++)
        metrics_destroy(server->metrics[i]);
    rate_bank_destroy(server->bank);
    board_destroy(server->board);
    arena_destroy(server->arena);
}
