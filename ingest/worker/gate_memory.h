#ifndef TIDEMARK_INGEST_WORKER_GATE_MEMORY_H
#define TIDEMARK_INGEST_WORKER_GATE_MEMORY_H

#include "ingest/worker/gate_state.h"

#include <stddef.h>

/*
 * One gate_state a source in memory that the supervisor makes and all its children map, so that
 * they share it with or without Redis. Its lock outlives a child that is killed while it holds it.
 */
struct gate_memory;

/* For `count` sources, all at rest, as a descriptor that children inherit. */
int gate_memory_create(size_t count);
/* The one at `index`, as long as the process lives. Takes the descriptor. */
struct gate_memory *gate_memory_map(int fd, size_t index);

/*
 * The state, for this caller alone until it gives it back. NULL when somebody who was stopped in
 * between keeps it for longer than 50 ms: then nothing can be decided now.
 */
struct gate_state *gate_memory_lock(struct gate_memory *memory);
void gate_memory_unlock(struct gate_memory *memory);

#endif
