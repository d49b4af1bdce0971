"""
Fixtures for tests/system and tests/faults: real engines, the built programs, a stand-in for the
providers. Everything listens on free loopback ports and ends with the session, so tests can run in
parallel (pytest -n). TIDEMARK_BUILD names the build directory (default: build).
"""
import pathlib
import sys
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE / "system"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import documented_rows  # noqa: E402  (the path must be set first)
import order  # noqa: E402
from known_rows import NoProviders  # noqa: E402
from replay_client import Replay  # noqa: E402
from services import Services  # noqa: E402
from tcp_proxy import TcpProxy  # noqa: E402
from tidemark import Tidemark  # noqa: E402


def pytest_collection_modifyitems(items):
    order.long_first(items)


@pytest.fixture(scope="session")
def engines():
    """
    PostgreSQL, Redis and RabbitMQ of this test process, each started when it is first needed: its
    tests, one at a time, share them.
    """
    shared = Services()
    try:
        yield shared
    finally:
        shared.stop()


@pytest.fixture(scope="session")
def services(engines):
    """All of them, side by side."""
    return engines.start_all()


@pytest.fixture
def new_database(engines):
    """new_database(template) gives the superuser's url of a database of the test's own; empty by default."""
    names = []

    def create(template="template0"):
        names.append(f"test_{uuid.uuid4().hex[:12]}")
        return engines.postgres.create_database(names[-1], template)

    yield create
    for name in names:
        engines.postgres.drop_database(name)


@pytest.fixture
def migrated_database(engines, new_database):
    """The same of a migrated one."""
    engines.make_template()
    return lambda template=engines.template: new_database(template)


@pytest.fixture(scope="session")
def replay_server(tmp_path_factory):
    server = Replay(tmp_path_factory.mktemp("replay"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def replay(replay_server):
    """The replay server, seed 1, on the wall clock, as it was when it started."""
    replay_server.forget()
    return replay_server


@pytest.fixture
def tidemark(services, request, tmp_path, replay):
    """A migrated database, a virtual host and a Redis number of the test's own; no program runs."""
    system = Tidemark(services, request.node.name, tmp_path, replay)
    try:
        yield system.create()
    finally:
        system.remove()


@pytest.fixture(scope="session")
def documented_api(services, tmp_path_factory):
    """
    An API over the rows that documented calls find, for tests that only read. Theirs is the group
    "documented", so that one process has it.
    """
    system = Tidemark(services, "documented", tmp_path_factory.mktemp("documented"), NoProviders())
    try:
        system.create()
        documented_rows.fill(system)
        yield system.start_api(ADMIN_API_KEY=documented_rows.ADMIN, RATE_LIMIT_PER_MINUTE="1000000")
    finally:
        system.remove()


@pytest.fixture
def own_tidemark(services, request, tmp_path, replay):
    """The same for a test that kills engines: what it leaves dead is started for the next one."""
    system = Tidemark(services, request.node.name, tmp_path, replay)
    try:
        yield system.create()
    finally:
        services.heal()
        system.remove()
        services.renew_broker()


@pytest.fixture
def proxy_to():
    """proxy_to(port) starts a TcpProxy to a loopback port."""
    proxies = []

    def start(port):
        proxies.append(TcpProxy(port).start())
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.stop()
