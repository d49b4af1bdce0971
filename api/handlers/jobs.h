#ifndef TIDEMARK_API_HANDLERS_JOBS_H
#define TIDEMARK_API_HANDLERS_JOBS_H

struct request;

/* How a job stands: what was ordered, and what a schedule has made. Past every cache. */
void jobs_show_answer(struct request *request);

#endif
