#ifndef TIDEMARK_COMMON_FAULT_H
#define TIDEMARK_COMMON_FAULT_H

/*
 * Places where a test may kill or pause the process. Compiled in by -Dfaults=true only; otherwise
 * nothing.
 *
 * TIDEMARK_FAULT=after:<name> makes fault_point("after:<name>") SIGKILL its own process. With
 * TIDEMARK_FAULT_ONCE=<path> only the first process that manages to create that file dies, so that
 * the redelivered job gets through. TIDEMARK_FAULT_SIGNAL=STOP pauses it instead, until SIGCONT.
 *
 * TIDEMARK_FAULT_JOB=<text> makes fault_job() abort() for every job whose id contains the text: a
 * job that kills whoever takes it.
 */
#ifdef TIDEMARK_FAULTS
void fault_point(const char *name);
void fault_job(const char *job_id);
#else
#define fault_point(name) ((void)0)
#define fault_job(job_id) ((void)0)
#endif

#endif
