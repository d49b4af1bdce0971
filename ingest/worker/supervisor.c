#include "ingest/worker/supervisor.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/topology.h"
#include "ingest/worker/child.h"
#include "ingest/worker/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_CONFIGURATION = 2, EXIT_NO_EXEC = 127 };

/* A place for one child. */
struct post {
    const struct source *source;
    bool live;
    int32_t index; /* among the posts of its source */
    pid_t pid;     /* 0 = nobody is there */
    int32_t failures;
    int64_t started_at_ms, start_at_ms;
};

struct supervisor {
    const struct worker_settings *settings;
    struct post posts[WORKER_SOURCES_MAX * (CREW_MAX + 1)];
    size_t post_count;
    int gates_fd;       /* what the children share of each source */
    int64_t kill_at_ms; /* 0 = not stopping */
    bool misconfigured; /* a child cannot work with our settings, so none can */
};

int64_t
supervisor_backoff_ms(int32_t failures)
{
    if (failures < 1)
        return 0;
    if (failures > 8)
        return SUPERVISOR_BACKOFF_MAX_MS;
    return SUPERVISOR_BACKOFF_MIN_MS << (failures - 1);
}

static bool
make_posts(struct supervisor *supervisor, struct error *err)
{
    int32_t count;

    for (size_t i = 0; sources[i]; i++) {
        if (!crew_size(supervisor->settings->workers, sources[i]->name, &count, err))
            return false;
        /* One child more for those who wait for an answer; nobody waits for our own work. */
        for (int32_t n = 0; count > 0 && n < count + source_is_provider(sources[i]); n++)
            supervisor->posts[supervisor->post_count++] =
                (struct post){.source = sources[i], .live = n == count, .index = n};
    }
    return supervisor->post_count > 0 ||
           error_set(err, ERROR_FATAL, "settings.invalid", "WORKERS: no source has a child");
}

/*
 * A child is this program anew: a fork alone would inherit the locks of the log's thread in
 * whatever state they are.
 */
static void
fill_post(struct supervisor *supervisor, struct post *post)
{
    char queue[TOPOLOGY_NAME_SIZE], fd[16], index[16];
    char *const arguments[] = {"tidemark-worker", CHILD_ARGUMENT, queue, fd, index, NULL};
    pid_t parent = getpid(), pid;

    topology_jobs_key(post->source->name, post->live, queue);
    snprintf(fd, sizeof(fd), "%d", supervisor->gates_fd);
    snprintf(index, sizeof(index), "%d", (int)post->index);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent)
            execv("/proc/self/exe", arguments);
        _exit(EXIT_NO_EXEC);
    }
    post->started_at_ms = clock_monotonic_ms();
    if (pid > 0) {
        post->pid = pid;
        return;
    }
    post->start_at_ms = post->started_at_ms + supervisor_backoff_ms(++post->failures);
    log_event(LOG_ERR, "child.fork", LOG_STR("why", strerror(errno)));
}

static void
bury_child(struct supervisor *supervisor, struct post *post, int status)
{
    int64_t now_ms = clock_monotonic_ms();
    bool steady = now_ms - post->started_at_ms >= SUPERVISOR_STEADY_MS;

    post->pid = 0;
    post->failures = steady ? 1 : post->failures + 1;
    post->start_at_ms = now_ms + supervisor_backoff_ms(post->failures);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIGURATION)
        supervisor->misconfigured = true;
    if (supervisor->kill_at_ms)
        return;
    log_event(LOG_ERR, "child.died", LOG_STR("source", post->source->name),
              LOG_INT("exit_code", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
              LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
              LOG_INT("failures", post->failures),
              LOG_INT("restart_ms", post->start_at_ms - now_ms));
}

static void
reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < supervisor->post_count; i++)
            if (supervisor->posts[i].pid == pid)
                bury_child(supervisor, &supervisor->posts[i], status);
}

static void
signal_children(const struct supervisor *supervisor, int number)
{
    for (size_t i = 0; i < supervisor->post_count; i++)
        if (supervisor->posts[i].pid > 0)
            kill(supervisor->posts[i].pid, number);
}

/* Starts whoever is due; returns how long nothing will be. */
static int64_t
fill_posts(struct supervisor *supervisor)
{
    int64_t now_ms = clock_monotonic_ms(), wait_ms = SUPERVISOR_BACKOFF_MAX_MS;

    for (size_t i = 0; i < supervisor->post_count; i++) {
        struct post *post = &supervisor->posts[i];

        if (post->pid == 0 && post->start_at_ms <= now_ms)
            fill_post(supervisor, post);
        if (post->pid == 0 && post->start_at_ms - now_ms < wait_ms)
            wait_ms = post->start_at_ms - now_ms;
    }
    return wait_ms > 0 ? wait_ms : 1;
}

static bool
is_empty(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->post_count; i++)
        if (supervisor->posts[i].pid > 0)
            return false;
    return true;
}

/* The first signal asks, the second one kills. */
static void
stop_children(struct supervisor *supervisor)
{
    if (supervisor->kill_at_ms == 0) {
        log_event(LOG_INFO, "worker.stopping");
        supervisor->kill_at_ms = clock_monotonic_ms() + SUPERVISOR_GRACE_MS;
        signal_children(supervisor, SIGTERM);
    } else {
        supervisor->kill_at_ms = clock_monotonic_ms();
    }
}

static void
watch(struct supervisor *supervisor, const sigset_t *signals)
{
    int64_t wait_ms;
    int number;

    while (supervisor->kill_at_ms == 0 || !is_empty(supervisor)) {
        if (supervisor->kill_at_ms == 0)
            wait_ms = fill_posts(supervisor);
        else
            wait_ms = supervisor->kill_at_ms - clock_monotonic_ms();
        if (wait_ms <= 0) {
            log_event(LOG_WARN, "worker.killing");
            signal_children(supervisor, SIGKILL);
            wait_ms = SUPERVISOR_BACKOFF_MAX_MS;
        }
        number = sigtimedwait(signals, NULL,
                              &(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000});
        if (number == SIGTERM || number == SIGINT)
            stop_children(supervisor);
        reap(supervisor);
        if (supervisor->misconfigured && supervisor->kill_at_ms == 0)
            stop_children(supervisor);
    }
}

bool
supervisor_run(const struct worker_settings *settings, struct error *err)
{
    struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
    sigset_t signals;
    bool ok;

    if (!supervisor)
        abort();
    supervisor->settings = settings;
    supervisor->gates_fd = gate_memory_create(WORKER_SOURCES_MAX);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    ok = make_posts(supervisor, err);
    if (ok) {
        watch(supervisor, &signals);
        ok = !supervisor->misconfigured ||
             error_set(err, ERROR_FATAL, "settings.invalid",
                       "a child cannot work with these settings; its log says why");
    }
    close(supervisor->gates_fd);
    free(supervisor);
    return ok;
}
