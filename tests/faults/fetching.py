"""Drives ingest/fetch.h by tests/system/fetch_probe.c."""
import json
import subprocess

from process import die_with_parent
from programs import base_environment, build_directory


class Fetcher:
    def __init__(self, timeout_ms=20000, private=True, ca_file=None, **environment):
        command = [build_directory() / "tests/system/fetch_probe", str(timeout_ms),
                   "private" if private else "public"] + ([str(ca_file)] if ca_file else [])
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env={**base_environment(), **environment}, text=True,
                                      preexec_fn=die_with_parent)

    def get(self, url, target="/", key=None):
        """What came of it: ok, code, kind, message, status, retry_after_ms, bytes, ms ..."""
        self.popen.stdin.write(" ".join([url, target] + ([key] if key else [])) + "\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        assert line, f"fetch_probe ended with {self.popen.wait()}"
        return json.loads(line)

    def peak_kb(self):
        """The most memory it has ever had."""
        return peak_kb(self.popen.pid)

    def stop(self):
        self.popen.stdin.close()
        assert self.popen.wait(timeout=30) == 0
        self.popen.stdout.close()


def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def forget_peak(pid):
    """From now on the peak is counted anew."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
