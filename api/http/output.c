#include "api/http/output.h"

#include "api/http/connection.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A reader must take this much, or all, in each settings.stall_ms. */
#define STALL_BYTES (16 * 1024)
/* Shared bytes shorter than this are copied: cheaper than a chain of their own. */
#define REFERENCE_BYTES 2048

size_t
output_unsent(const struct http_connection *connection)
{
    return connection->out ? evbuffer_get_length(connection->out) : 0;
}

static void
stop_writing(struct http_connection *connection)
{
    if (connection->is_writing)
        event_del(&connection->writable);
    connection->is_writing = false;
    connection->stall_ms = 0;
}

void
output_drop(struct http_connection *connection)
{
    if (connection->out)
        evbuffer_free(connection->out);
    connection->out = NULL;
    stop_writing(connection);
}

/* What the kernel holds for the client. It takes megabytes at once, and asks for more only when
 * much of that is gone, so what the client really took cannot be seen without asking. */
static int64_t
queued_bytes(const struct http_connection *connection)
{
    int queued = 0;

    (void)ioctl(event_get_fd(&connection->readable), SIOCOUTQ, &queued);
    return queued;
}

static void
restart_stall(struct http_connection *connection)
{
    connection->stall_ms = connection->server->now_ms + connection->server->settings.stall_ms;
    connection->taken = queued_bytes(connection);
}

bool
output_is_stalled(struct http_connection *connection)
{
    if (!connection->stall_ms || connection->server->now_ms < connection->stall_ms)
        return false;
    if (connection->taken - queued_bytes(connection) < STALL_BYTES)
        return true;
    restart_stall(connection);
    return false;
}

static void
start_writing(struct http_connection *connection)
{
    if (connection->is_writing)
        return;
    event_add(&connection->writable, NULL);
    connection->is_writing = true;
    restart_stall(connection);
}

static void
release_owner(const void *data, size_t size, void *owner)
{
    http_body_release(owner);
}

/* Keeps `part` but its first `skip` bytes. */
static void
keep(struct http_connection *connection, const struct output_part *part, size_t skip)
{
    const char *data = (const char *)part->data + skip;
    size_t size = part->size - skip;
    bool is_shared = part->owner && size >= REFERENCE_BYTES;
    int failed;

    if (!connection->out)
        connection->out = evbuffer_new();
    if (is_shared)
        failed = connection->out
                     ? evbuffer_add_reference(connection->out, data, size, release_owner,
                                              http_body_hold(part->owner))
                     : -1;
    else
        failed = connection->out ? evbuffer_add(connection->out, data, size) : -1;
    if (failed) {
        fputs("out of memory\n", stderr);
        abort();
    }
}

/* Returns how many bytes the client took, -1 if it is gone. */
static ssize_t
send_now(struct http_connection *connection, const struct output_part *parts, size_t count)
{
    struct iovec pieces[OUTPUT_PARTS_MAX];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    ssize_t sent;

    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct iovec){(void *)(uintptr_t)parts[i].data, parts[i].size};
    sent = sendmsg(event_get_fd(&connection->readable), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
    connection->server->counts.bytes_out += (uint64_t)sent;
    return sent;
}

/* More requests are waiting in the buffer, and the loop over them will flush. */
static bool
is_corked(const struct http_connection *connection)
{
    return connection->is_advancing && connection->exchange &&
           connection->exchange->fill > connection->exchange->end;
}

void
output_send(struct http_connection *connection, const struct output_part *parts, size_t count)
{
    bool tries = !connection->out && !is_corked(connection);
    size_t skip = 0;

    assert(count <= OUTPUT_PARTS_MAX);
    if (connection->state == HTTP_CONNECTION_DEAD)
        return;
    if (tries) {
        ssize_t sent = send_now(connection, parts, count);

        if (sent < 0) {
            connection_die(connection);
            return;
        }
        skip = (size_t)sent;
    }
    for (size_t i = 0; i < count; i++) {
        if (skip >= parts[i].size) {
            skip -= parts[i].size;
        } else {
            keep(connection, &parts[i], skip);
            skip = 0;
        }
    }
    if (connection->out && (tries || !connection->is_advancing))
        start_writing(connection);
}

bool
output_flush(struct http_connection *connection)
{
    int sent = evbuffer_write(connection->out, event_get_fd(&connection->readable));

    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        return false;
    if (sent > 0) {
        connection->server->counts.bytes_out += (uint64_t)sent;
        connection->taken += sent;
    }
    if (evbuffer_get_length(connection->out) == 0) {
        output_drop(connection);
        return true;
    }
    start_writing(connection);
    return true;
}
