#ifndef TIDEMARK_API_EVENTS_H
#define TIDEMARK_API_EVENTS_H

#include "api/board.h"
#include "api/orders/orders.h"
#include "api/thread.h"

#include <stddef.h>

/*
 * The thread that listens to what workers commit and posts it to every loop. It may wait, the
 * loops may not. While the stream is away the loops are told to trust nothing for longer than a
 * second; once it is back, to forget what they had, because events were missed.
 */
struct events;

struct events_settings {
    const char *rabbitmq_url;
    struct thread *const *threads;
    size_t thread_count;
    struct board *board;
    struct orders *orders; /* hear first which jobs have ended; NULL = nobody orders */
};

struct events *events_start(const struct events_settings *settings);
void events_stop(struct events *events); /* waits for it, at most a few seconds; NULL is fine */

#endif
