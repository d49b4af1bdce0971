#ifndef TIDEMARK_API_ANSWER_OPTIONS_H
#define TIDEMARK_API_ANSWER_OPTIONS_H

#include "api/request.h"

#include <stdbool.h>

/*
 * OPTIONS, of a path, of the whole server ("*"), and as the preflight of a web page: 204 with the
 * methods. Costs nothing, because nobody sends a preflight by choice.
 */

/* A web page asks whether it may send what it is about to: Origin and a method are there. */
bool options_is_preflight(const struct http_request *http);

/* `methods`: bits, 1 << HTTP_GET ..., of what is asked about. Ends the request. */
void options_answer(struct request *request, unsigned methods);

#endif
