#ifndef TIDEMARK_API_HANDLERS_DOCUMENTS_H
#define TIDEMARK_API_HANDLERS_DOCUMENTS_H

struct request;

/* What stands in api/documents.h under the path of the request's route. */
void document_answer(struct request *request);
/* The same under the path of the route with what is in its braces. */
void document_asset_answer(struct request *request);

#endif
