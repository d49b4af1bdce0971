#ifndef TIDEMARK_COMMON_FAULT_H
#define TIDEMARK_COMMON_FAULT_H

/*
 * Places where a test may kill the process. Compiled in by -Dfaults=true only; otherwise nothing.
 *
 * TIDEMARK_FAULT=after:<name> makes fault_point("after:<name>") SIGKILL its own process. With
 * TIDEMARK_FAULT_ONCE=<path> only the first process that manages to create that file dies, so that
 * the redelivered job gets through.
 */
#ifdef TIDEMARK_FAULTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
