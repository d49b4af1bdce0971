#include "common/log_sink.h"

#include "common/clock.h"
#include "common/log_file.h"
#include "common/log_stderr.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Two buffers: threads fill one while the writer empties the other. What a second of an unread
 * stderr gathers beyond that is dropped and counted.
 */
enum { BUFFER_BYTES = 1024 * 1024, GATHER_MS = 50, NOTE_MS = 1000, PATIENCE_MS = 1000 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* of the writer; its clock is monotonic */
    pthread_t writer;
    bool open, running, stop;
    bool file_only;
    bool urgent;        /* do not gather any longer */
    int64_t note_at_ms; /* ask for notes then, even if no line comes; 0 = no need */
    log_note *note;
    uint64_t dropped;
    size_t filled;
    char *filling, *writing;
    char buffers[2][BUFFER_BYTES];
} sink = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct timespec
to_timespec(int64_t at_ms)
{
    return (struct timespec){at_ms / 1000, at_ms % 1000 * 1000000};
}

/* Holding the mutex: sleeps until there is something to write, and it has gathered a while. */
static void
wait_for_lines(void)
{
    struct timespec until;
    int result = 0;

    while (sink.filled == 0 && !sink.stop && result == 0) {
        until = to_timespec(sink.note_at_ms);
        result = sink.note_at_ms ? pthread_cond_timedwait(&sink.wake, &sink.mutex, &until)
                                 : pthread_cond_wait(&sink.wake, &sink.mutex);
    }
    until = to_timespec(clock_monotonic_ms() + GATHER_MS);
    while (!sink.urgent && !sink.stop && sink.filled < BUFFER_BYTES / 2 && result == 0)
        result = pthread_cond_timedwait(&sink.wake, &sink.mutex, &until);
}

/* Without the mutex. Returns how many lines stderr did not take. */
static uint64_t
write_lines(const char *lines, size_t size)
{
    bool in_file = log_file_is_open() && log_file_write(lines, size);
    uint64_t dropped = sink.file_only && in_file ? 0 : log_stderr_write(lines, size, PATIENCE_MS);

    return in_file ? 0 : dropped; /* a line in the file is not lost */
}

/* Holding the mutex but while writing: what has gathered, then what the log says of itself. */
static void
write_gathered(void)
{
    char *lines = sink.filling, note[LOG_LINE_MAX];
    size_t size = sink.filled, note_size;
    uint64_t told = sink.dropped, still = told, dropped = 0;

    sink.filling = sink.writing;
    sink.writing = lines;
    sink.filled = 0;
    sink.urgent = false;
    if (sink.note_at_ms <= clock_monotonic_ms())
        sink.note_at_ms = 0;
    pthread_mutex_unlock(&sink.mutex);
    if (size > 0)
        dropped += write_lines(lines, size);
    while (dropped == 0 && (note_size = sink.note(note, &still)) > 0)
        dropped += write_lines(note, note_size);
    pthread_mutex_lock(&sink.mutex);
    /* A note that was dropped itself tells nobody: its lines count again. */
    sink.dropped += dropped;
    if (dropped == 0)
        sink.dropped -= told - still;
    else
        sink.note_at_ms = clock_monotonic_ms() + NOTE_MS;
}

static void *
writer_main(void *unused)
{
    pthread_mutex_lock(&sink.mutex);
    do {
        wait_for_lines();
        write_gathered();
    } while (!sink.stop || sink.filled > 0);
    pthread_mutex_unlock(&sink.mutex);
    return NULL;
}

/* Holding the mutex. Signals are for the threads of the program, not for this one. */
static void
start_writer(void)
{
    pthread_condattr_t monotonic;
    sigset_t all, old;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sink.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    sink.running = pthread_create(&sink.writer, NULL, writer_main, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
before_fork(void)
{
    pthread_mutex_lock(&sink.mutex);
}

static void
after_fork_in_parent(void)
{
    pthread_mutex_unlock(&sink.mutex);
}

/* The child has no writer; the lines that had gathered are the parent's to write. */
static void
after_fork_in_child(void)
{
    pthread_mutex_init(&sink.mutex, NULL);
    sink.running = sink.urgent = false;
    sink.note_at_ms = 0;
    sink.filled = 0;
    sink.dropped = 0;
    log_stderr_forget();
    log_file_forget();
}

bool
log_sink_open(const struct log_settings *settings, log_note *note, struct error *err)
{
    static bool registered;

    log_stderr_open();
    if (settings->file_path && *settings->file_path && !log_file_open(settings, err))
        return false;
    if (!registered)
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    registered = true;
    sink.filling = sink.buffers[0];
    sink.writing = sink.buffers[1];
    sink.note = note;
    sink.file_only = settings->file_only;
    sink.stop = false;
    sink.open = true;
    return true;
}

void
log_sink_close(void)
{
    bool running;

    pthread_mutex_lock(&sink.mutex);
    sink.open = false;
    sink.stop = true;
    running = sink.running;
    sink.running = false;
    if (running)
        pthread_cond_signal(&sink.wake);
    pthread_mutex_unlock(&sink.mutex);
    if (running)
        pthread_join(sink.writer, NULL);
    log_file_close();
}

/* Holding the mutex. */
static void
gather(const char *line, size_t size, bool urgent)
{
    bool was_empty = sink.filled == 0, was_below = sink.filled < BUFFER_BYTES / 2;

    if (size > BUFFER_BYTES - sink.filled) {
        sink.dropped++;
        return;
    }
    memcpy(sink.filling + sink.filled, line, size);
    sink.filled += size;
    sink.urgent |= urgent;
    if (was_empty || urgent || (was_below && sink.filled >= BUFFER_BYTES / 2))
        pthread_cond_signal(&sink.wake);
}

void
log_sink_add(const char *line, size_t size, bool urgent)
{
    pthread_mutex_lock(&sink.mutex);
    if (sink.open && !sink.running)
        start_writer();
    if (sink.running)
        gather(line, size, urgent);
    else
        log_stderr_write(line, size, 0);
    pthread_mutex_unlock(&sink.mutex);
}

void
log_sink_note_soon(void)
{
    pthread_mutex_lock(&sink.mutex);
    if (sink.running && !sink.note_at_ms)
        pthread_cond_signal(&sink.wake);
    /* Later than before: what is counted now can be told when its second is over. */
    sink.note_at_ms = clock_monotonic_ms() + NOTE_MS;
    pthread_mutex_unlock(&sink.mutex);
}
