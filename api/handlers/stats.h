#ifndef TIDEMARK_API_HANDLERS_STATS_H
#define TIDEMARK_API_HANDLERS_STATS_H

struct request;

/* What all runs add up to, in all and by source, at most some seconds old: "as_of" says of when. */
void stats_answer(struct request *request);

#endif
