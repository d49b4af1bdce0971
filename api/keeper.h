#ifndef TIDEMARK_API_KEEPER_H
#define TIDEMARK_API_KEEPER_H

#include "api/board.h"

/*
 * The thread that asks the database what every loop must know without asking: whether it is there
 * (each second), which names exist, how the sources and their runs are doing. It may wait; what it
 * finds goes to the board.
 */
struct keeper;

struct keeper *keeper_start(const char *database_url, struct board *board);
void keeper_stop(struct keeper *keeper); /* waits for it; NULL is fine */

#endif
