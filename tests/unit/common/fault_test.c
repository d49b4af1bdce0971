#include "common/fault.h"

#include "unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a process that passes the point ends: 0, or the signal that killed it. */
static int
pass(const char *fault, const char *once)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (fault)
            setenv("TIDEMARK_FAULT", fault, 1);
        if (once)
            setenv("TIDEMARK_FAULT_ONCE", once, 1);
        fault_point("after:fetch");
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void
only_the_named_point_kills(void **state)
{
    check_int("nothing asked for", pass(NULL, NULL), 0);
    check_int("another point", pass("after:commit", NULL), 0);
    check_int("the beginning of its name", pass("after", NULL), 0);
    check_int("this point", pass("after:fetch", NULL), SIGKILL);
}

static void
once_means_the_first_process_only(void **state)
{
    char folder[] = "/tmp/fault_test.XXXXXX", path[64];

    check_true("a folder", mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/once", folder);
    check_int("the first dies", pass("after:fetch", path), SIGKILL);
    check_int("the second gets through", pass("after:fetch", path), 0);
    unlink(path);
    rmdir(folder);
}

static void
a_paused_process_goes_on_when_it_is_told_to(void **state)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        setenv("TIDEMARK_FAULT", "after:fetch", 1);
        setenv("TIDEMARK_FAULT_SIGNAL", "STOP", 1);
        fault_point("after:fetch");
        _exit(7);
    }
    waitpid(pid, &status, WUNTRACED);
    check_true("it is paused", WIFSTOPPED(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    check_int("and ends by itself", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_named_point_kills),
        cmocka_unit_test(once_means_the_first_process_only),
        cmocka_unit_test(a_paused_process_goes_on_when_it_is_told_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
