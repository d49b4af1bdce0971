#include "api/http/server.h"

#include "api/http/connection.h"
#include "api/http/head.h"
#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define RESUME_MS 100
#define DRAIN_IDLE_MS 2000
#define STANDSTILL_MS 1000

const struct http_settings http_settings_default = {
    .listen = "127.0.0.1:8081",
    .connections_max = 10000,
    .connections_per_peer = 1000,
    .head_ms = 5000,
    .body_ms = 10000,
    .stall_ms = 15000,
    .idle_ms = 75000,
};

/* A client over a cap gets one answer that costs nothing to make. */
static void
turn_away(struct http_server *server, int fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n"
                                 "Content-Length: 0\r\nConnection: close\r\n\r\n";

    server->counts.refused_connections++;
    (void)!send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void
peer_of(const struct sockaddr *address, struct http_peer *ret_peer)
{
    memset(ret_peer, 0, sizeof *ret_peer);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        memcpy(ret_peer->address, &v6->sin6_addr, sizeof ret_peer->address);
        ret_peer->port = ntohs(v6->sin6_port);
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;

        ret_peer->address[10] = ret_peer->address[11] = 0xff;
        memcpy(ret_peer->address + 12, &v4->sin_addr, sizeof v4->sin_addr);
        ret_peer->port = ntohs(v4->sin_port);
    }
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
          void *arg)
{
    struct http_server *server = arg;
    struct http_client *client = NULL;
    struct http_peer peer;
    bool is_proxy;

    peer_of(address, &peer);
    is_proxy = server->handler.is_proxy && server->handler.is_proxy(&peer, server->handler.context);
    if (server->counts.open >= (uint64_t)server->settings.connections_max) {
        turn_away(server, fd);
        return;
    }
    if (!is_proxy) {
        client = http_clients_enter(server->clients, &peer,
                                    (uint32_t)server->settings.connections_per_peer);
        if (!client) {
            turn_away(server, fd);
            return;
        }
    }
    connection_open(server, fd, &peer, client);
}

/* No descriptors left, usually: without a pause the loop would only fail faster. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct http_server *server = arg;
    const struct timeval pause = {0, RESUME_MS * 1000};

    server->counts.accept_errors++;
    evconnlistener_disable(listener);
    evtimer_add(server->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;

    if (server->listener)
        evconnlistener_enable(server->listener);
}

/*
 * One timer for all deadlines: a timer for each connection would be moved with every request, while
 * this walk costs a microsecond for a few dozen connections, four times a second.
 */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    int64_t at_ms = clock_monotonic_ms();
    int64_t passed_ms = at_ms - server->ticked_at_ms;

    /* Time in which the loop stood still (a paused machine) is not the clients' fault. */
    server->now_ms += passed_ms > STANDSTILL_MS ? HTTP_TICK_MS : passed_ms;
    server->ticked_at_ms = at_ms;
    head_tick(server);
    server->check_next = server->connections;
    while (server->check_next) {
        struct http_connection *connection = server->check_next;

        server->check_next = connection->next;
        connection_check_deadline(connection);
    }
}

/* "127.0.0.1:8081" or "[::1]:8081". libevent's own reader of these refuses port 0. */
static bool
parse_address(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
    struct sockaddr_in *v4 = (void *)ret_address;
    struct sockaddr_in6 *v6 = (void *)ret_address;
    const char *colon = strrchr(text, ':');
    char host[64], *end;
    bool is_v6 = text[0] == '[';
    size_t host_size;
    unsigned long port;

    if (!colon || colon[1] < '0' || colon[1] > '9')
        return false;
    port = strtoul(colon + 1, &end, 10);
    host_size = (size_t)(colon - text);
    if (*end || port > 65535 || host_size >= sizeof host || (is_v6 && colon[-1] != ']'))
        return false;
    memset(ret_address, 0, sizeof *ret_address);
    memcpy(host, text + is_v6, host_size - 2 * is_v6);
    host[host_size - 2 * is_v6] = '\0';
    ret_address->ss_family = is_v6 ? AF_INET6 : AF_INET;
    *ret_size = is_v6 ? sizeof *v6 : sizeof *v4;
    if (is_v6) {
        v6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
    }
    v4->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static bool
start_listening(struct http_server *server, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t size;
    const int on = 1;

    if (!parse_address(server->settings.listen, &address, &size))
        return error_set(err, ERROR_FATAL, "http.listen", "'%s' is not an address with a port",
                         server->settings.listen);
    server->listener = evconnlistener_new_bind(server->base, on_accept, server,
                                               LEV_OPT_REUSEABLE | LEV_OPT_REUSEABLE_PORT |
                                                   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                               BACKLOG, (struct sockaddr *)&address, (int)size);
    if (!server->listener)
        return error_set(err, ERROR_FATAL, "http.listen", "cannot listen on %s: %s",
                         server->settings.listen, strerror(errno));
    /* What is accepted inherits this, so it costs one call and not one a connection. */
    setsockopt(evconnlistener_get_fd(server->listener), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    return true;
}

struct http_server *
http_server_create(struct event_base *base, const struct http_settings *settings,
                   const struct http_handler *handler, struct error *err)
{
    const struct timeval tick = {0, HTTP_TICK_MS * 1000};
    struct http_server *server = calloc(1, sizeof *server);

    if (!server) {
        fputs("out of memory\n", stderr);
        abort();
    }
    server->base = base;
    server->settings = *settings;
    server->handler = *handler;
    server->now_ms = server->ticked_at_ms = clock_monotonic_ms();
    head_tick(server);
    server->clients = http_clients_create((size_t)settings->connections_max);
    server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
    server->resume = evtimer_new(base, on_resume, server);
    if (!server->tick || !server->resume || event_add(server->tick, &tick) < 0)
        error_set(err, ERROR_FATAL, "http.listen", "cannot make a timer");
    else if (start_listening(server, err))
        return server;
    http_server_destroy(server);
    return NULL;
}

void
http_server_destroy(struct http_server *server)
{
    if (!server)
        return;
    if (server->listener)
        evconnlistener_free(server->listener);
    while (server->connections)
        connection_die(server->connections);
    if (server->tick)
        event_free(server->tick);
    if (server->resume)
        event_free(server->resume);
    http_clients_destroy(server->clients);
    exchange_pool_finish(&server->exchanges);
    free(server);
}

uint16_t
http_server_port(const struct http_server *server)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    struct http_peer peer = {0};

    if (server->listener && getsockname(evconnlistener_get_fd(server->listener),
                                        (struct sockaddr *)&address, &size) == 0)
        peer_of((struct sockaddr *)&address, &peer);
    return peer.port;
}

const struct http_counts *
http_server_counts(const struct http_server *server)
{
    return &server->counts;
}

void
http_server_drain(struct http_server *server)
{
    server->is_draining = true;
    if (server->listener)
        evconnlistener_free(server->listener);
    server->listener = NULL;
    for (struct http_connection *c = server->connections; c; c = c->next)
        connection_shorten_idle(c, DRAIN_IDLE_MS);
}
