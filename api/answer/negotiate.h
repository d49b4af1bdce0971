#ifndef TIDEMARK_API_ANSWER_NEGOTIATE_H
#define TIDEMARK_API_ANSWER_NEGOTIATE_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* What a client's headers ask of an answer (RFC 9110, sections 12.5.3 and 13.1.2). Pure. */

/* Accept-Encoding takes gzip: it, or "*", is named without q=0. An absent header takes none. */
bool negotiate_accepts_gzip(struct bytes accept_encoding);

/*
 * Which of `types` ("text/csv") an Accept field likes best: the highest weight, then what it names
 * itself rather than by "*", then the first. Of an element that is malformed nothing is taken, and
 * parameters other than q are not looked at. False if it takes none of them; a field in which
 * nothing is well-formed takes everything.
 */
bool negotiate_media(struct bytes accept, const char *const *types, size_t count,
                     size_t *ret_index);

/* If-None-Match names this quoted tag, or is "*". Compared weakly, as for GET it must be. */
bool negotiate_matches(struct bytes if_none_match, const char *etag);

/* A request id from outside that may go into logs and headers: [A-Za-z0-9._-]{8,64}. */
bool negotiate_takes_request_id(struct bytes id);

#endif
