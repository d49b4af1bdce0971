#ifndef TIDEMARK_API_KEEPER_H
#define TIDEMARK_API_KEEPER_H

#include "api/board.h"

/*
 * The thread that asks the database what every loop must know without asking: whether it is there
 * (each second), which names exist, how the sources and their runs are doing; and Redis, what
 * the workers share of each provider. It may wait; what it
 * finds goes to the board.
 */
struct keeper;

/* Errors: fatal "redis.url". */
MUST_CHECK struct keeper *keeper_start(const char *database_url, const char *redis_url,
                                       struct board *board, struct error *err);
void keeper_stop(struct keeper *keeper); /* waits for it; NULL is fine */

#endif
