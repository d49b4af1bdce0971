#ifndef TIDEMARK_API_HANDLERS_ROOT_H
#define TIDEMARK_API_HANDLERS_ROOT_H

struct request;

/* GET /: what this is, from the table of routes. */
void root_answer(struct request *request);

#endif
