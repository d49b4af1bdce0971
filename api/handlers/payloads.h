#ifndef TIDEMARK_API_HANDLERS_PAYLOADS_H
#define TIDEMARK_API_HANDLERS_PAYLOADS_H

struct request;

/*
 * GET /api/v1/admin/payloads/{id}: the bytes a provider sent, exactly as they were kept. They are
 * foreign text, so they come as a file to save and as nothing that a browser would show or run.
 */
void payloads_answer(struct request *request);

#endif
