#ifndef TIDEMARK_API_ACCESS_H
#define TIDEMARK_API_ACCESS_H

#include "common/text.h"

#include <stdbool.h>

/*
 * Who may call a route. Pure. There are no accounts: there is one key, the administrator's, and
 * whoever brings another one has no role.
 */
enum route_access {
    ACCESS_ANYONE,
    ACCESS_KEY,  /* any API key */
    ACCESS_USER, /* a user who logged in */
    ACCESS_ADMIN,
    ACCESS_ORDER, /* anyone, or the administrator alone, as ORDERS_ACCESS says */
};

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_NO_KEY,    /* 401: the request says nothing of who asks */
    ACCESS_WRONG_KEY, /* 403: it does, and that one may not */
};

/* What a route wants, once it is known whom orders are for. */
enum route_access access_wanted(enum route_access of_route, bool orders_are_for_admins);

/* Header values as they came; `data` NULL = the request has none. */
struct access_headers {
    struct bytes api_key;       /* X-API-Key: <key>; counts if both are there */
    struct bytes authorization; /* Authorization: Bearer <key> */
};

/*
 * `admin_key` "" = there is none, and nobody is let in to what wants one. How long it takes depends
 * on neither key's content.
 */
enum access_verdict access_check(enum route_access wanted, const char *admin_key,
                                 const struct access_headers *headers);

#endif
