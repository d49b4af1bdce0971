#include "api/board.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { DATABASE_SILENCE_MS = 3000 };

struct board {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct catalog *catalog;
    struct loads *loads;
    struct report *report;
    enum part_state database, broker;
    int64_t database_at_ms;
    bool catalog_wanted, woken;
};

struct report *
report_create(void)
{
    struct arena *arena = arena_create(4096);
    struct report *report = arena_alloc_array(arena, 1, sizeof *report);

    atomic_init(&report->references, 1);
    report->arena = arena;
    return report;
}

void
report_release(struct report *report)
{
    if (report && atomic_fetch_sub(&report->references, 1) == 1)
        arena_destroy(report->arena);
}

const char *
part_state_name(enum part_state state)
{
    static const char *const names[] = {"connecting", "connected", "disconnected"};

    return names[state];
}

struct board *
board_create(void)
{
    struct board *board = calloc(1, sizeof *board);
    pthread_condattr_t attributes;

    if (!board)
        abort();
    pthread_mutex_init(&board->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&board->wanted, &attributes);
    pthread_condattr_destroy(&attributes);
    return board;
}

void
board_destroy(struct board *board)
{
    if (!board)
        return;
    catalog_release(board->catalog);
    loads_release(board->loads);
    report_release(board->report);
    pthread_cond_destroy(&board->wanted);
    pthread_mutex_destroy(&board->lock);
    free(board);
}

struct catalog *
board_catalog(struct board *board)
{
    struct catalog *catalog;

    pthread_mutex_lock(&board->lock);
    catalog = board->catalog ? catalog_hold(board->catalog) : NULL;
    pthread_mutex_unlock(&board->lock);
    return catalog;
}

struct loads *
board_loads(struct board *board)
{
    struct loads *loads;

    pthread_mutex_lock(&board->lock);
    loads = board->loads ? loads_hold(board->loads) : NULL;
    pthread_mutex_unlock(&board->lock);
    return loads;
}

struct report *
board_report(struct board *board)
{
    struct report *report;

    pthread_mutex_lock(&board->lock);
    report = board->report;
    if (report)
        atomic_fetch_add(&report->references, 1);
    pthread_mutex_unlock(&board->lock);
    return report;
}

void
board_post_catalog(struct board *board, struct catalog *catalog)
{
    struct catalog *old;

    pthread_mutex_lock(&board->lock);
    old = board->catalog;
    board->catalog = catalog;
    pthread_mutex_unlock(&board->lock);
    catalog_release(old);
}

void
board_post_loads(struct board *board, struct loads *loads)
{
    struct loads *old;

    pthread_mutex_lock(&board->lock);
    old = board->loads;
    board->loads = loads;
    pthread_mutex_unlock(&board->lock);
    loads_release(old);
}

void
board_post_report(struct board *board, struct report *report)
{
    struct report *old;

    pthread_mutex_lock(&board->lock);
    old = board->report;
    board->report = report;
    pthread_mutex_unlock(&board->lock);
    report_release(old);
}

void
board_post_database(struct board *board, enum part_state state, int64_t now_ms)
{
    pthread_mutex_lock(&board->lock);
    board->database = state;
    board->database_at_ms = now_ms;
    pthread_mutex_unlock(&board->lock);
}

enum part_state
board_database(struct board *board, int64_t now_ms)
{
    enum part_state state;

    pthread_mutex_lock(&board->lock);
    state = board->database;
    if (state != PART_CONNECTING && now_ms - board->database_at_ms > DATABASE_SILENCE_MS)
        state = PART_AWAY;
    pthread_mutex_unlock(&board->lock);
    return state;
}

void
board_post_broker(struct board *board, enum part_state state)
{
    pthread_mutex_lock(&board->lock);
    board->broker = state;
    pthread_mutex_unlock(&board->lock);
}

enum part_state
board_broker(struct board *board)
{
    enum part_state state;

    pthread_mutex_lock(&board->lock);
    state = board->broker;
    pthread_mutex_unlock(&board->lock);
    return state;
}

void
board_want_catalog(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    board->catalog_wanted = true;
    pthread_cond_signal(&board->wanted);
    pthread_mutex_unlock(&board->lock);
}

bool
board_wait_wanted(struct board *board, int64_t timeout_ms)
{
    struct timespec until;
    bool wanted;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&board->lock);
    while (!board->catalog_wanted && !board->woken &&
           pthread_cond_timedwait(&board->wanted, &board->lock, &until) == 0)
        ;
    wanted = board->catalog_wanted;
    board->catalog_wanted = board->woken = false;
    pthread_mutex_unlock(&board->lock);
    return wanted;
}

void
board_wake(struct board *board)
{
    pthread_mutex_lock(&board->lock);
    board->woken = true;
    pthread_cond_signal(&board->wanted);
    pthread_mutex_unlock(&board->lock);
}
