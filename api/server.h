#ifndef TIDEMARK_API_SERVER_H
#define TIDEMARK_API_SERVER_H

#include "api/settings.h"
#include "common/error.h"

#include <stdbool.h>

/*
 * The whole of tidemark-api but for its main: the loops, the threads that may wait, and stopping in
 * the right order.
 */
struct server;

/* Listens, and serves at once. Errors: fatal, of settings and of the address. */
MUST_CHECK struct server *server_start(const struct api_settings *settings, struct error *err);

/* /readyz says no from now on, so that the load balancer sends nobody else here. */
void server_announce_stop(struct server *server);
/* Closes the listeners; every client still gets its answer. Does not wait. */
void server_drain(struct server *server);
/* True once they all have. */
bool server_is_drained(struct server *server);
void server_destroy(struct server *server); /* NULL is fine */

#endif
