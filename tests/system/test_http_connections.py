"""How connections of api/http live and end: deadlines, caps, slow readers, streams, draining."""

import contextlib
import pathlib
import resource
import select
import signal
import socket
import struct
import subprocess
import time

import pytest

from http_attacks import CLOSE, get, post
from http_wire import (BUILD, Probe, connect, exchange, read_answer, read_to_end, split_answers,
                       wait_for)

TICK = 0.25  # deadlines are looked at four times a second
LATE = 2.5  # what a busy machine may add; the usual deadlines are of five seconds and more


@contextlib.contextmanager
def probe_with(**limits):
    probe = Probe(**limits)
    try:
        yield probe
    finally:
        probe.stop()


@pytest.fixture(scope="module")
def probe():
    with probe_with() as probe:
        yield probe


def seconds_until_closed(connection):
    """And what came before."""
    started = time.monotonic()
    data = read_to_end(connection)
    return time.monotonic() - started, split_answers(data)


def trickle(connection, data, pause):
    """One byte at a time until the other side has had enough."""
    for at in range(len(data)):
        if select.select([connection], [], [], pause)[0]:
            return
        connection.sendall(data[at:at + 1])


def test_slow_headers_are_cut_at_an_absolute_deadline():
    with probe_with(head_ms=600) as probe, connect(probe.address) as connection:
        started = time.monotonic()
        trickle(connection, get() * 100, 0.05)
        _, (answer,) = seconds_until_closed(connection)
        assert answer.status == 408
        assert 0.3 < time.monotonic() - started < 0.6 + 2 * TICK + LATE


def test_a_connection_that_says_nothing_is_closed_without_an_answer():
    with probe_with(head_ms=300) as probe, connect(probe.address) as connection:
        seconds, answers = seconds_until_closed(connection)
        assert answers == [] and seconds < 0.3 + 2 * TICK + LATE


def test_slow_bodies_are_cut_at_an_absolute_deadline():
    with probe_with(body_ms=600) as probe, connect(probe.address) as connection:
        started = time.monotonic()
        connection.sendall(post(b"Content-Length: 1000"))
        trickle(connection, b"x" * 1000, 0.05)
        _, (answer,) = seconds_until_closed(connection)
        assert answer.status == 408
        assert 0.3 < time.monotonic() - started < 0.6 + 2 * TICK + LATE


def test_idle_connections_are_closed_in_silence():
    with probe_with(idle_ms=300) as probe, connect(probe.address) as connection:
        connection.sendall(get())
        assert read_answer(connection).status == 200
        seconds, answers = seconds_until_closed(connection)
        assert answers == [] and seconds < 0.3 + 2 * TICK + LATE
        assert probe.counts()["timeouts"] == 0


def test_the_next_request_has_a_deadline_of_its_own():
    with probe_with(head_ms=500, idle_ms=60000) as probe, connect(probe.address) as connection:
        connection.sendall(get())
        read_answer(connection)
        time.sleep(0.8)  # idle: longer than the deadline of a head
        connection.sendall(get()[:10])
        seconds, (answer,) = seconds_until_closed(connection)
        assert answer.status == 408 and seconds < 0.5 + 2 * TICK + LATE


def test_time_in_which_the_server_stood_still_is_not_the_clients_fault():
    with probe_with(head_ms=500) as probe:
        probe.process.send_signal(signal.SIGSTOP)
        with connect(probe.address) as connection:
            connection.sendall(get(CLOSE))
            time.sleep(1.5)
            probe.process.send_signal(signal.SIGCONT)
            assert [answer.status for answer in split_answers(read_to_end(connection))] == [200]
        started = time.monotonic()
        probe.process.send_signal(signal.SIGSTOP)
        with connect(probe.address) as connection:
            connection.sendall(get(CLOSE)[:10])
            time.sleep(1.5)
            probe.process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
            connection.sendall(get(CLOSE)[10:])
            assert [answer.status for answer in split_answers(read_to_end(connection))] == [200]
        assert time.monotonic() - started < 5


def shrink(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def test_a_reader_that_stops_is_cut_after_the_stall_time():
    with probe_with(stall_ms=600) as probe, connect(probe.address) as connection:
        shrink(connection)
        connection.sendall(get(line=b"GET /big?size=16000000 HTTP/1.1"))
        wait_for("the server cuts the reader", lambda: probe.counts()["open"] == 1, timeout=5)
        assert probe.counts()["timeouts"] == 1
        assert probe.counts()["cancelled"] == 0  # the handler had long answered


def test_a_reader_that_is_only_slow_gets_everything():
    """16 KiB in each stall time is enough."""
    with probe_with(stall_ms=1000) as probe, connect(probe.address) as connection:
        connection.sendall(get(CLOSE, line=b"GET /big?size=16000000 HTTP/1.1"))
        data, started = b"", time.monotonic()
        while time.monotonic() - started < 2.5:
            data += connection.recv(100000)
            time.sleep(0.02)
        answer, = split_answers(data + read_to_end(connection))
        assert len(answer.body) == 16000000


def test_a_stream_waits_for_its_reader(probe):
    """20 MB, never more than a little of it in the server's memory."""
    status = pathlib.Path(f"/proc/{probe.process.pid}/status")

    def resident_kib():
        return int(status.read_text().split("VmRSS:")[1].split()[0])

    with connect(probe.address) as connection:
        before = resident_kib()
        connection.sendall(get(CLOSE, line=b"GET /stream?count=20000&size=1000 HTTP/1.1"))
        time.sleep(0.3)  # whatever it is going to buffer, it has by now
        assert resident_kib() - before < 2048
        answer, = split_answers(read_to_end(connection))
        assert len(answer.body) == 20000000


def test_a_reader_too_slow_for_a_producer_that_cannot_wait_is_cut(probe):
    before = probe.counts()
    with connect(probe.address) as connection:
        shrink(connection)
        connection.sendall(get(line=b"GET /flood HTTP/1.1"))
        wait_for("the server cuts the reader",
                 lambda: probe.counts()["told_cancelled"] == before["told_cancelled"] + 1)


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("path", [b"/events", b"/stream?count=2000000&size=60000"])
def test_a_client_that_leaves_a_stream_is_noticed_at_once(probe, path, ending):
    before = probe.counts()["told_cancelled"]
    connection = connect(probe.address)
    connection.sendall(get(line=b"GET " + path + b" HTTP/1.1"))
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    if ending == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_for("the handler is told", lambda: probe.counts()["told_cancelled"] == before + 1)


def test_a_reset_while_the_handler_works_cancels_the_request(probe):
    before = probe.counts()["told_cancelled"]
    connection = connect(probe.address)
    connection.sendall(get(line=b"GET /slow?ms=30000 HTTP/1.1"))
    wait_for("the handler has it", lambda: probe.counts()["open"] >= 2)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_for("the handler is told", lambda: probe.counts()["told_cancelled"] == before + 1)


def test_http_10_streams_end_by_closing(probe):
    answer, = exchange(probe.address, b"GET /stream?count=3&size=5 HTTP/1.0\r\n\r\n")
    assert answer.body == b"abcde" * 3 and "transfer-encoding" not in answer.headers


def test_what_is_pipelined_behind_a_slow_answer_is_bounded(probe):
    """The server reads on a little, then lets the kernel push back."""
    with connect(probe.address) as connection:
        connection.setblocking(False)
        connection.send(get(line=b"GET /slow?ms=400 HTTP/1.1"))
        flood, sent = get() * 2000, 0
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                sent += connection.send(flood[sent % len(get()):])
        connection.settimeout(10)
        connection.shutdown(socket.SHUT_WR)
        assert len(split_answers(read_to_end(connection))) == 1 + sent // len(get())


def test_a_client_has_a_cap_of_its_own():
    with probe_with(per_peer=3) as probe:
        held = [connect(probe.address) for _ in range(3)]
        for connection in held:
            connection.sendall(get())
            assert read_answer(connection).status == 200
        with connect(probe.address) as connection:
            answer, = split_answers(read_to_end(connection))
            assert answer.status == 503 and answer.headers["retry-after"]
        held.pop().close()
        wait_for("its place is free", lambda: try_get(probe.address) == [200])
        for connection in held:
            connection.close()


def try_get(address):
    try:
        return [answer.status for answer in exchange(address, get(CLOSE))]
    except ConnectionError:
        return []


def test_a_thread_has_a_cap_as_well():
    with probe_with(connections=2) as probe:
        held = [connect(probe.address) for _ in range(2)]
        with connect(probe.address) as connection:
            assert split_answers(read_to_end(connection))[0].status == 503
        for connection in held:
            connection.close()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_running_out_of_descriptors_burns_no_time_and_heals():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    with probe_with(preexec_fn=limit) as probe:
        held = [connect(probe.address) for _ in range(60)]  # the kernel accepts them for it
        time.sleep(0.2)
        before, started = cpu_seconds(probe.process.pid), time.monotonic()
        time.sleep(1)
        assert (cpu_seconds(probe.process.pid) - before) / (time.monotonic() - started) < 0.2
        for connection in held:
            connection.close()
        wait_for("it serves again", lambda: try_get(probe.address) == [200])


def test_slow_clients_do_not_slow_others_down(probe):
    slow = [connect(probe.address) for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
    with connect(probe.address) as connection:
        took = []
        for _ in range(200):
            started = time.monotonic()
            connection.sendall(get())
            assert read_answer(connection).status == 200
            took.append(time.monotonic() - started)
        assert sorted(took)[100] < 0.01  # the median: what a busy machine does elsewhere delays some
    for connection in slow:
        connection.close()


def try_connect(address):
    try:
        connect(address).close()
    except OSError:
        return False
    return True


def test_draining_answers_what_was_asked_and_then_closes():
    probe = Probe()
    idle, busy, late = (connect(probe.address) for _ in range(3))
    for connection in (idle, late):
        connection.sendall(get())
        read_answer(connection)
    busy.sendall(get(line=b"GET /slow?ms=1500 HTTP/1.1"))
    wait_for("all are open", lambda: probe.counts()["open"] == 4)
    probe.process.terminate()
    wait_for("nobody else comes in", lambda: not try_connect(probe.address))
    late.sendall(get())  # under way when the others were told
    answer, = split_answers(read_to_end(late))
    assert answer.status == 200 and answer.headers["connection"] == "close"
    answer, = split_answers(read_to_end(busy))
    assert answer.status == 200 and answer.headers["connection"] == "close"
    assert read_to_end(idle) == b""
    assert probe.process.wait(timeout=10) == 0
    for connection in (idle, busy, late):
        connection.close()


def test_an_address_that_is_taken_is_told(probe):
    for listen in ("192.0.2.1:80", "localhost:80", "127.0.0.1", "127.0.0.1:99999", ":80", "[::1:80"):
        run = subprocess.run([BUILD / "tests/system/http_probe", listen], capture_output=True,
                             text=True, timeout=20, env={"ASAN_OPTIONS": "detect_leaks=0"})
        assert run.returncode == 2 and "http.listen" in run.stderr and listen in run.stderr
