#ifndef TIDEMARK_API_HTTP_CLIENTS_H
#define TIDEMARK_API_HTTP_CLIENTS_H

#include "api/http/request.h"
#include "common/attributes.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Inside of the layer. How many connections each client address has open: one IPv4 address, or one
 * IPv6 /64, which is what one customer gets.
 */
struct http_clients;
struct http_client;

/* `connections_max` sizes the table. */
struct http_clients *http_clients_create(size_t connections_max);
void http_clients_destroy(struct http_clients *clients); /* NULL is fine */

/* Counts one more connection; NULL if this client has `max` already. */
struct http_client *http_clients_enter(struct http_clients *clients, const struct http_peer *peer,
                                       uint32_t max);
void http_clients_leave(struct http_clients *clients, struct http_client *client);

#endif
