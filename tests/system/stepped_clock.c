/*
 * Loaded before the C library (LD_PRELOAD): programs see a wall clock that is off by the number of
 * seconds in the file STEPPED_CLOCK (eight bytes, native order), read at every look. The monotonic
 * clock stays true. It uses neither memory nor library functions, because the address sanitizer
 * looks at the clock while it allocates: with libfaketime, which allocates when it is first asked,
 * that ends in a deadlock.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t
read_step_s(void)
{
    const char *path = getenv("STEPPED_CLOCK");
    int64_t step_s = 0;
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return 0;
    if (syscall(SYS_read, fd, &step_s, sizeof step_s) != sizeof step_s)
        step_s = 0;
    syscall(SYS_close, fd);
    return step_s;
}

int
clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    long failed = syscall(SYS_clock_gettime, clock, ret_time);

    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret_time->tv_sec += read_step_s();
    return (int)failed;
}

int
gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);

    (void)zone;
    *ret_time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return failed;
}

time_t
time(time_t *ret_time)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (time_t)-1;
    if (ret_time)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
