#include "common/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
fault_point(const char *name)
{
    const char *wanted = getenv("TIDEMARK_FAULT"), *once = getenv("TIDEMARK_FAULT_ONCE");
    const char *how = getenv("TIDEMARK_FAULT_SIGNAL");

    if (!wanted || strcmp(wanted, name) != 0)
        return;
    if (once) {
        int fd = open(once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
            return; /* another process has died here already */
        close(fd);
    }
    kill(getpid(), how && strcmp(how, "STOP") == 0 ? SIGSTOP : SIGKILL);
}

void
fault_job(const char *job_id)
{
    const char *wanted = getenv("TIDEMARK_FAULT_JOB");

    if (wanted && strstr(job_id, wanted))
        abort();
}
