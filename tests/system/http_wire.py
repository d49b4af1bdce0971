"""HTTP as bytes on a socket: what a real client library would not let a test send or see."""

import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("TIDEMARK_BUILD",
                                    pathlib.Path(__file__).parents[2] / "build"))


class Probe:
    """tests/system/http_probe.c: the HTTP layer with nothing above it."""

    def __init__(self, **limits):
        names = ("head_ms", "body_ms", "stall_ms", "idle_ms", "connections", "per_peer")
        defaults = (5000, 10000, 15000, 75000, 10000, 1000)
        values = [str(limits.pop(name, default)) for name, default in zip(names, defaults)]
        preexec = limits.pop("preexec_fn", None)
        assert not limits, limits
        self.process = subprocess.Popen(
            [BUILD / "tests/system/http_probe", "127.0.0.1:0", *values],
            stdout=subprocess.PIPE, text=True, preexec_fn=preexec)
        self.address = ("127.0.0.1", int(self.process.stdout.readline()))

    def stop(self):
        """Drains it; the sanitizers complain by the exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0

    def counts(self):
        return json.loads(exchange(self.address, b"GET /counts HTTP/1.1\r\nHost: a\r\n"
                                                 b"Connection: close\r\n\r\n")[0].body)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"<{self.status} {self.body[:60]!r}>"


class Incomplete(Exception):
    """The bytes end in the middle of an answer."""


def connect(address, timeout=10):
    connection = socket.create_connection(address, timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_to_end(connection):
    """Everything until the other side closes. A reset is an error: it could destroy an answer."""
    data = bytearray()
    while True:
        part = connection.recv(65536)
        if not part:
            return bytes(data)
        data += part


def split_answer(data, method="GET", at=0):
    """The answer that begins at `at`, and where the next one would. Strict about the server, too."""
    head_end = data.find(b"\r\n\r\n", at)
    if head_end < 0:
        raise Incomplete
    status, headers = split_head(data[at:head_end])
    at = head_end + 4
    if status < 200:
        assert not headers
    else:
        assert "date" in headers or status == 503
    if method == "HEAD" or status < 200 or status in (204, 304):
        return Answer(status, headers, b""), at
    if headers.get("transfer-encoding") == "chunked":
        body, at = split_chunks(data, at)
        return Answer(status, headers, body), at
    # Without a length it is ended by closing.
    size = int(headers.get("content-length", len(data) - at))
    if len(data) - at < size:
        raise Incomplete
    return Answer(status, headers, data[at:at + size]), at + size


def split_head(head):
    lines = head.split(b"\r\n")
    status_line = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [\x20-\x7e]+", lines[0])
    assert status_line, lines[0]
    headers = {}
    for line in lines[1:]:
        field = re.fullmatch(rb"([A-Za-z0-9-]+): ([\x20-\x7e]*)", line)
        assert field, line
        name = field[1].decode().lower()
        assert name not in headers, f"{name} twice"
        headers[name] = field[2].decode()
    assert not {"content-length", "transfer-encoding"} <= set(headers)
    return int(status_line[1]), headers


def split_chunks(data, at):
    parts = []
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            raise Incomplete
        size, begin = int(data[at:line_end], 16), line_end + 2
        at = begin + size + 2
        if len(data) < at:
            raise Incomplete
        assert data[at - 2:at] == b"\r\n"
        parts.append(data[begin:at - 2])
        if not size:
            return b"".join(parts), at


def split_answers(data, methods=()):
    answers, at = [], 0
    methods = list(methods)
    while at < len(data):
        answer, at = split_answer(data, methods.pop(0) if methods else "GET", at)
        answers.append(answer)
    return answers


def read_answer(connection, method="GET"):
    """One answer from a connection that stays open; nothing may follow it."""
    data = b""
    while True:
        try:
            answer, end = split_answer(data, method)
            assert end == len(data), data[end:]
            return answer
        except Incomplete:
            part = connection.recv(65536)
            assert part, f"closed after {data[:200]!r}"
            data += part


def exchange(address, request, methods=(), piece=None):
    """Sends `request`, whole or in pieces, and returns all answers until the server closes."""
    with connect(address) as connection:
        if not piece:
            connection.sendall(request)
        else:
            for at in range(0, len(request), piece):
                # An answer before the end is a refusal: a real client would stop as well.
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(request[at:at + piece])
        return split_answers(read_to_end(connection), methods)


def wait_for(what, probe, timeout=10.0, pause=0.01):
    """Polls until `probe()` is true; says what was waited for when it is not in time."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)
