"""One process of a test: ends with the test run, whatever happens to that."""
import ctypes
import os
import pathlib
import signal
import subprocess

from waiting import wait_for

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def is_frozen(pid):
    """Each of its threads has stopped."""
    states = [stat.read_text().rpartition(")")[2].split()[0] for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) <= {"T", "t"}


def freeze(pid):
    """SIGSTOP, and waits until it has: on a busy machine a thread goes on for a while."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(f"process {pid} has stopped", lambda: is_frozen(pid), pause=0.002)


class Process:
    """Start it from the main thread: the kernel ends it with the thread that started it."""

    def __init__(self, name, command, output, env=None, cwd=None):
        self.name, self.output = name, output
        self.file = open(output, "ab")
        self.popen = subprocess.Popen([str(word) for word in command], env=env, cwd=cwd,
                                      stdin=subprocess.DEVNULL, stdout=self.file,
                                      stderr=self.file, start_new_session=True,
                                      preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def text(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, timeout=30):
        """The exit code; negative for a signal."""
        wait_for(lambda: f"the end of {self.name}:\n{self.text()[-4000:]}",
                 lambda: not self.is_running(), timeout)
        return self.popen.returncode

    def stop(self, timeout=35):
        """SIGTERM and its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL, the whole process group: nothing is left."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait(timeout=30)
        self.file.close()

    def must_run(self):
        if not self.is_running():
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n"
                                 f"{self.text()[-4000:]}")
        return True
