#ifndef TIDEMARK_API_HANDLERS_HEALTH_H
#define TIDEMARK_API_HANDLERS_HEALTH_H

struct request;

/* How we are doing, from memory: none of these asks anybody. */
void health_answer(struct request *request);
void livez_answer(struct request *request);
void readyz_answer(struct request *request);
void metrics_answer(struct request *request);

#endif
