#ifndef TIDEMARK_API_HANDLERS_SOURCES_H
#define TIDEMARK_API_HANDLERS_SOURCES_H

struct request;

/* GET /api/v1/sources. From memory, so also while the database is away; see source_fields.h. */
void sources_answer(struct request *request);

#endif
