"""
One line for each fault test: what held, and how long it took. A test says in its name what must
hold; where that needs another sentence it is the first line of its docstring.
"""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = {"postgresql-[0-9]*": "PostgreSQL", "redis-server": "Redis", "rabbitmq-server": "RabbitMQ"}
VERDICTS = {"passed": "held", "failed": "BROKEN", "skipped": "left out"}
PROPERTY = "what must hold"


def installed_versions():
    """Of the servers, as the package manager knows them."""
    for package, title in PACKAGES.items():
        done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}\\n", package],
                              capture_output=True, text=True, check=False)
        found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("installed ")]
        yield f"{title} {found[0] if found else '(unknown version)'}"


def pytest_collection_modifyitems(items):
    """Reports carry it, also out of a worker process of pytest-xdist."""
    for item in items:
        if HERE in item.path.parents:
            item.user_properties.append((PROPERTY, (item.obj.__doc__ or "").strip().split("\n")[0]))


def is_fault_test(report):
    return PROPERTY in dict(getattr(report, "user_properties", ()))  # a report of collecting has none


def sentence(report):
    """"leader: a killed leader is replaced", from "...test_leader.py::test_a_killed_leader_is_replaced"."""
    path, _, name = report.nodeid.partition("::")
    name, bracket, parameters = name.removeprefix("test_").partition("[")
    told = f"{pathlib.Path(path).stem.removeprefix('test_')}: {name.replace('_', ' ')}"
    more = dict(report.user_properties)[PROPERTY].rstrip(".")
    if report.skipped and isinstance(report.longrepr, tuple):
        more = report.longrepr[2]
    return told + (f" [{parameters}" if bracket else "") + (f" ({more})" if more else "")


class Lines:
    """Prints in the process that has the terminal."""

    def __init__(self, config):
        self.config, self.began = config, False
        self.seconds, self.verdicts, self.told = {}, {}, {}

    def write(self, line):
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if not self.began:
            self.began = True
            length = "long" if os.environ.get("TIDEMARK_FAULTS") == "long" else "short"
            self.write(f"{length} set; the replay server's market from seed 1; " + ", ".join(installed_versions()))
        reporter.ensure_newline()
        reporter.write_line(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        """Counted as ever, but without a dot."""
        if is_fault_test(report):
            counts = report.when == "call" or report.outcome != "passed"
            return (report.outcome, "", report.outcome.upper()) if counts else ("", "", "")
        return None

    def pytest_runtest_logreport(self, report):
        """Of setting up, the test and cleaning up: the time of all three, and whatever failed."""
        if not is_fault_test(report):
            return
        name = report.nodeid
        self.seconds[name] = self.seconds.get(name, 0) + report.duration
        if report.outcome != "passed" or name not in self.verdicts:
            self.verdicts[name], self.told[name] = report.outcome, sentence(report)
        if report.when == "teardown":
            self.write(f"{VERDICTS[self.verdicts.pop(name)]:8} {self.seconds.pop(name):6.1f} s  {self.told.pop(name)}")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # which a worker process of pytest-xdist has
        config.pluginmanager.register(Lines(config), "lines of fault tests")
