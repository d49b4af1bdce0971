#include "common/log_file.h"

#include "common/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Who writes holds a shared lock on the file for the moment of the write. Who rotates takes the
 * exclusive lock, renames PATH to PATH.1 and keeps the lock until PATH.1.gz is whole: so nobody
 * writes to a file that is being compressed, and nobody rotates meanwhile. A process killed in
 * between leaves PATH.1 without a lock; the next rotation finishes it.
 */
enum {
    GZIP_LEVEL = 1,
    TRIES =
        100, /* a millisecond each: who rotates may be held up between its lock and its rename */
};

static struct {
    char path[PATH_MAX - 32];
    int64_t max_bytes;
    int32_t count;
    int fd;
    int old_fd; /* locked; belongs to the compressing thread while `compressing` */
    pthread_t compressor;
    bool has_compressor; /* there is a thread to join */
    atomic_bool compressing;
} file = {.fd = -1, .old_fd = -1};

static bool
open_file(void)
{
    int old_fd = file.fd;

    file.fd =
        -1; /* never a closed number: fork() may come now, and the child closes what is here */
    if (old_fd >= 0)
        close(old_fd);
    file.fd = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    return file.fd >= 0;
}

bool
log_file_open(const struct log_settings *settings, struct error *err)
{
    size_t size = strlen(settings->file_path);

    if (size >= sizeof file.path)
        return error_set(err, ERROR_FATAL, "log.file", "a path of %zu bytes is too long", size);
    memcpy(file.path, settings->file_path, size + 1);
    file.max_bytes = settings->file_bytes;
    file.count = settings->file_count;
    if (!open_file())
        return error_set(err, ERROR_FATAL, "log.file", "%s: %s", file.path, strerror(errno));
    return true;
}

bool
log_file_is_open(void)
{
    return file.path[0] != '\0';
}

static void
numbered(char path[PATH_MAX], int32_t number, const char *suffix)
{
    snprintf(path, PATH_MAX, "%s.%d%s", file.path, number, suffix);
}

/* Whether the open file is still the one that the path names. */
static bool
is_at(int fd, const char *path, struct stat *ret_status)
{
    struct stat named;

    return fstat(fd, ret_status) == 0 && stat(path, &named) == 0 &&
           ret_status->st_ino == named.st_ino && ret_status->st_dev == named.st_dev;
}

/* PATH.1 becomes PATH.1.gz, after each older file has made room. */
static void
compress_old(void)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct error err;

    for (int32_t i = file.count; i > 1; i--) {
        numbered(from, i - 1, ".gz");
        numbered(to, i, ".gz");
        rename(from, to); /* the oldest is replaced; a missing one is no loss */
    }
    numbered(from, 1, "");
    numbered(to, 1, ".gz.part");
    if (file.count < 1) {
        unlink(from);
    } else if (gzip_file(file.old_fd, to, GZIP_LEVEL, &err)) {
        char whole[PATH_MAX];

        numbered(whole, 1, ".gz");
        if (rename(to, whole) == 0)
            unlink(from);
    }
    close(file.old_fd); /* and with it the lock */
}

static void *
compressor_main(void *unused)
{
    compress_old();
    atomic_store(&file.compressing, false);
    return NULL;
}

static void
start_compressor(int old_fd)
{
    if (file.has_compressor)
        pthread_join(file.compressor, NULL);
    file.old_fd = old_fd;
    atomic_store(&file.compressing, true);
    file.has_compressor = pthread_create(&file.compressor, NULL, compressor_main, NULL) == 0;
    if (!file.has_compressor)
        compressor_main(NULL);
}

/* Renames the full file out of the way, unless another process is at it. */
static void
rotate(void)
{
    char old_path[PATH_MAX];
    struct stat status;
    int old_fd, fd;

    if (atomic_load(&file.compressing))
        return;
    numbered(old_path, 1, "");
    old_fd = open(old_path, O_RDONLY | O_CLOEXEC);
    if (old_fd >= 0) { /* somebody compresses it, or was killed while doing so */
        if (flock(old_fd, LOCK_EX | LOCK_NB) == 0 && is_at(old_fd, old_path, &status))
            start_compressor(old_fd);
        else
            close(old_fd);
        return;
    }
    fd = open(file.path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, file.path, &status) &&
        status.st_size >= file.max_bytes && rename(file.path, old_path) == 0) {
        start_compressor(fd);
        open_file();
    } else {
        close(fd);
    }
}

bool
log_file_write(const char *lines, size_t size)
{
    const struct timespec pause = {0, 1000000};
    struct stat status = {0};
    size_t done = 0;

    for (int tries = 0; file.fd < 0 || flock(file.fd, LOCK_SH | LOCK_NB) != 0 ||
                        !is_at(file.fd, file.path, &status);
         tries++) {
        if (tries > 0)
            nanosleep(&pause, NULL);
        if (tries == TRIES || !open_file())
            return false;
    }
    while (done < size) {
        ssize_t written = write(file.fd, lines + done, size - done);

        if (written < 0 && errno != EINTR)
            break;
        done += written > 0 ? (size_t)written : 0;
    }
    flock(file.fd, LOCK_UN);
    if (file.max_bytes > 0 && status.st_size + (int64_t)done >= file.max_bytes)
        rotate();
    return done == size;
}

void
log_file_forget(void)
{
    /* The lock belongs to what fork() shared: closing here leaves the parent's alone. */
    if (file.fd >= 0)
        close(file.fd);
    if (atomic_load(&file.compressing))
        close(file.old_fd);
    file.fd = -1;
    file.has_compressor = false;
    atomic_store(&file.compressing, false);
}

void
log_file_close(void)
{
    if (file.has_compressor)
        pthread_join(file.compressor, NULL);
    file.has_compressor = false;
    if (file.fd >= 0)
        close(file.fd);
    file.fd = -1;
    file.path[0] = '\0';
}
