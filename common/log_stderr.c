#include "common/log_stderr.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The flags of fd 2 are shared with other processes (a terminal's shell, say), so O_NONBLOCK cannot
 * be set on it. A pipe or terminal is opened anew through /proc, which gives flags of our own; a
 * socket takes MSG_DONTWAIT; a regular file does not block. Where none of this works, poll() is
 * asked before each piece.
 */
static struct {
    int fd;
    bool is_file, is_socket;
    bool stuck;      /* the last write dropped lines */
    size_t cut;      /* bytes of `rest` */
    char rest[8192]; /* what is missing of a line that was written in part */
} out = {.fd = STDERR_FILENO};

void
log_stderr_open(void)
{
    struct stat status;
    int fd = -1;

    if (fstat(STDERR_FILENO, &status) != 0)
        return;
    out.is_file = S_ISREG(status.st_mode);
    out.is_socket = S_ISSOCK(status.st_mode);
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (out.fd != STDERR_FILENO)
        close(out.fd);
    out.fd = fd >= 0 ? fd : STDERR_FILENO;
}

void
log_stderr_forget(void)
{
    out.cut = 0;
    out.stuck = false;
}

static bool
wait_writable(int64_t deadline_ms)
{
    struct pollfd waiting = {.fd = out.fd, .events = POLLOUT};
    int64_t left_ms = deadline_ms - clock_monotonic_ms();

    return poll(&waiting, 1, left_ms > 0 ? (int)left_ms : 0) == 1 && !(waiting.revents & POLLERR);
}

/* How much of the piece was taken before the deadline. */
static size_t
write_piece(const char *piece, size_t size, int64_t deadline_ms)
{
    size_t done = 0;

    while (done < size) {
        bool may_block = out.fd == STDERR_FILENO && !out.is_file && !out.is_socket;
        ssize_t taken = -1;

        errno = EAGAIN;
        if (out.is_socket)
            taken = send(out.fd, piece + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (!may_block || wait_writable(0))
            taken = write(out.fd, piece + done, size - done);
        if (taken > 0)
            done += (size_t)taken;
        else if (errno != EINTR && (errno != EAGAIN || !wait_writable(deadline_ms)))
            break;
    }
    return done;
}

/* Lines that go out in one write: up to PIPE_BUF bytes, which pipes keep together, or one line. */
static size_t
piece_size(const char *lines, size_t size)
{
    const char *end;

    if (size <= PIPE_BUF || out.is_file)
        return size;
    end = memrchr(lines, '\n', PIPE_BUF);
    if (!end)
        end = memchr(lines, '\n', size);
    return end ? (size_t)(end - lines) + 1 : size;
}

static uint64_t
count_lines(const char *lines, size_t size)
{
    uint64_t count = 0;

    for (const char *end = lines + size; (lines = memchr(lines, '\n', (size_t)(end - lines)));
         lines++)
        count++;
    return count;
}

/* Keeps the end of a line of which a part was written; returns where the next line begins. */
static size_t
keep_rest(const char *lines, size_t size, size_t done)
{
    const char *end;

    if (done == 0 || done == size || lines[done - 1] == '\n')
        return done;
    end = memchr(lines + done, '\n', size - done);
    out.cut = end ? (size_t)(end - (lines + done)) + 1 : size - done;
    if (out.cut > sizeof out.rest)
        out.cut = 0;
    memcpy(out.rest, lines + done, out.cut);
    return done + out.cut;
}

uint64_t
log_stderr_write(const char *lines, size_t size, int64_t patience_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + (out.stuck ? 0 : patience_ms);
    size_t done = write_piece(out.rest, out.cut, deadline_ms);

    memmove(out.rest, out.rest + done, out.cut - done);
    out.cut -= done;
    out.stuck = out.cut > 0;
    while (size > 0 && !out.stuck) {
        size_t piece = piece_size(lines, size);

        done = write_piece(lines, piece, deadline_ms);
        out.stuck = done < piece;
        done = keep_rest(lines, piece, done);
        lines += done;
        size -= done;
    }
    return count_lines(lines, size);
}
