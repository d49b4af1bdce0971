#include "ingest/worker/gate_memory.h"

#include "common/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_WAIT_NS = 50 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };

struct gate_memory {
    pthread_mutex_t lock;
    struct gate_state state;
};

static void
init(struct gate_memory *memory)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&memory->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    gate_state_init(&memory->state, clock_monotonic_us());
}

static struct gate_memory *
map(int fd, size_t count)
{
    struct gate_memory *memories =
        mmap(NULL, count * sizeof(*memories), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memories == MAP_FAILED)
        abort();
    return memories;
}

int
gate_memory_create(size_t count)
{
    int fd = memfd_create("tidemark-gates", 0);
    struct gate_memory *memories;

    if (fd < 0 || ftruncate(fd, (off_t)(count * sizeof(*memories))) != 0)
        abort();
    memories = map(fd, count);
    for (size_t i = 0; i < count; i++)
        init(&memories[i]);
    munmap(memories, count * sizeof(*memories));
    return fd;
}

struct gate_memory *
gate_memory_map(int fd, size_t index)
{
    struct gate_memory *memories = map(fd, index + 1);

    close(fd);
    return &memories[index];
}

struct gate_state *
gate_memory_lock(struct gate_memory *memory)
{
    struct timespec until;
    int error;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOCK_WAIT_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_sec++;
        until.tv_nsec -= SECOND_NS;
    }
    error = pthread_mutex_clocklock(&memory->lock, CLOCK_MONOTONIC, &until);
    if (error == EOWNERDEAD) /* any of its fields is good by itself, so all of them are */
        pthread_mutex_consistent(&memory->lock);
    else if (error != 0)
        return NULL;
    return &memory->state;
}

void
gate_memory_unlock(struct gate_memory *memory)
{
    pthread_mutex_unlock(&memory->lock);
}
