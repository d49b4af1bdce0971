#include "api/http/output.h"

#include "api/http/connection.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
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

static bool
is_of_file(const struct output_part *part)
{
    return part->owner && part->owner->file >= 0 && part->size >= HTTP_BODY_FILE_MIN;
}

static off_t
place_in_file(const struct output_part *part)
{
    return (const char *)part->data - part->owner->data;
}

static void
release_owner(const void *data, size_t size, void *owner)
{
    http_body_release(owner);
}

static void
release_file(const struct evbuffer_file_segment *segment, int flags, void *owner)
{
    http_body_release(owner);
}

static int
keep_of_file(struct evbuffer *out, const struct output_part *part, size_t skip)
{
    struct evbuffer_file_segment *segment =
        evbuffer_file_segment_new(part->owner->file, 0, (ev_off_t)part->owner->size, 0);
    int failed;

    if (!segment)
        return -1;
    evbuffer_file_segment_add_cleanup_cb(segment, release_file, http_body_hold(part->owner));
    failed = evbuffer_add_file_segment(out, segment, place_in_file(part) + (ev_off_t)skip,
                                       (ev_off_t)(part->size - skip));
    evbuffer_file_segment_free(segment); /* the buffer has it now */
    return failed;
}

static struct evbuffer *
out_create(void)
{
    struct evbuffer *out = evbuffer_new();

    if (out && evbuffer_set_flags(out, EVBUFFER_FLAG_DRAINS_TO_FD) == 0) /* files may be in it */
        return out;
    fputs("out of memory\n", stderr);
    abort();
}

/* Keeps `part` but its first `skip` bytes. */
static void
keep(struct http_connection *connection, const struct output_part *part, size_t skip)
{
    const char *data = (const char *)part->data + skip;
    size_t size = part->size - skip;
    int failed;

    if (!connection->out)
        connection->out = out_create();
    if (is_of_file(part))
        failed = keep_of_file(connection->out, part, skip);
    else if (part->owner && size >= REFERENCE_BYTES)
        failed = evbuffer_add_reference(connection->out, data, size, release_owner,
                                        http_body_hold(part->owner));
    else
        failed = evbuffer_add(connection->out, data, size);
    if (failed) {
        fputs("out of memory\n", stderr);
        abort();
    }
}

/* How many bytes the client took; -1 if it is gone, which errno says. */
static ssize_t
taken_of(struct http_connection *connection, ssize_t sent)
{
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
    connection->server->counts.bytes_out += (uint64_t)sent;
    return sent;
}

static ssize_t
send_pieces(struct http_connection *connection, const struct output_part *parts, size_t count,
            int more)
{
    struct iovec pieces[OUTPUT_PARTS_MAX];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};

    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct iovec){(void *)(uintptr_t)parts[i].data, parts[i].size};
    return taken_of(connection, sendmsg(event_get_fd(&connection->readable), &message,
                                        MSG_NOSIGNAL | MSG_DONTWAIT | more));
}

/*
 * Returns how many bytes the client took, -1 if it is gone. What is of a file comes last, and goes
 * from there: of a megabyte that is sent again and again the copy is half of the cost.
 */
static ssize_t
send_now(struct http_connection *connection, const struct output_part *parts, size_t count)
{
    const struct output_part *last = &parts[count - 1];
    size_t before = 0;
    ssize_t sent, of_file;
    off_t from;

    if (!is_of_file(last) || count == 1)
        return send_pieces(connection, parts, count, 0);
    for (size_t i = 0; i < count - 1; i++)
        before += parts[i].size;
    sent = send_pieces(connection, parts, count - 1, MSG_MORE);
    if (sent < 0 || (size_t)sent < before)
        return sent;
    from = place_in_file(last);
    of_file = taken_of(connection, sendfile(event_get_fd(&connection->readable), last->owner->file,
                                            &from, last->size));
    return of_file < 0 ? -1 : sent + of_file;
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
