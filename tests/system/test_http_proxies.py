"""api/http behind real proxies that keep connections to it alive and share them among clients.

The danger there is a request that the proxy frames in one way and we in another: its rest becomes the
beginning of somebody else's request. So after every attack a bystander must still get its own
answer, no answer may come too many, and nothing may have reached the path that the attacks hide.
"""

import contextlib
import shutil
import subprocess
import tempfile

import pytest

from http_attacks import ACCEPTED, CLOSE, REFUSED, chunked, get, post
from http_wire import (Incomplete, Probe, connect, exchange, read_answer, split_answer, wait_for)
from ports import free_port

NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 100000; ignore_invalid_headers off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream api {{ server 127.0.0.1:{upstream}; keepalive 4; keepalive_requests 100000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_request_buffering {buffering}; proxy_buffering {buffering};
      proxy_next_upstream off;
    }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 512
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  retries 0
frontend front
  bind 127.0.0.1:{port}
  default_backend api
backend api
  http-reuse always
  server one 127.0.0.1:{upstream}
"""


def is_open(address):
    try:
        connect(address).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def proxy(kind, upstream):
    folder, port = tempfile.mkdtemp(), free_port()
    config = f"{folder}/conf"
    if kind == "haproxy":
        text = HAPROXY.format(port=port, upstream=upstream)
        command = ["haproxy", "-db", "-f", config]
    else:
        buffering = "off" if kind == "nginx unbuffered" else "on"
        text = NGINX.format(folder=folder, port=port, upstream=upstream, buffering=buffering)
        command = ["nginx", "-p", folder, "-c", config, "-e", f"{folder}/error"]
    with open(config, "w") as file:
        file.write(text)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"{kind} listens", lambda: is_open(("127.0.0.1", port)))
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


@pytest.fixture(scope="module", params=["nginx", "nginx unbuffered", "haproxy"])
def front(request):
    """The proxy's address and the probe behind it."""
    probe = Probe(head_ms=1000, body_ms=1000)
    with proxy(request.param, probe.address[1]) as address:
        yield address, probe
    probe.stop()


def answers_within(address, request_bytes, seconds):
    """What comes until the connection is closed or nothing has come for a while; closing by reset
    is a proxy's right."""
    data = b""
    with connect(address, timeout=seconds) as connection:
        connection.sendall(request_bytes)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while part := connection.recv(65536):
                data += part
    method = request_bytes.split(b" ")[0].decode("latin-1")
    answers, at = [], 0
    while at < len(data):
        try:
            answer, at = split_foreign(data, at, method)
        except Incomplete:
            break
        answers.append(answer)
    return answers


def split_foreign(data, at, method):
    """A proxy's own refusals need no Date."""
    try:
        return split_answer(data, method, at)
    except AssertionError:
        head_end = data.find(b"\r\n\r\n", at)
        return data[at:head_end], len(data)


@pytest.mark.parametrize("request_bytes", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_an_attack_hurts_nobody_else(front, request_bytes):
    address, probe = front
    before = probe.counts()["smuggled"]
    hides_one = b"GET /smuggled" in request_bytes
    answers = answers_within(address, request_bytes, 0.3 if hides_one else 0.05)
    assert len(answers) <= 1 + hides_one
    for i in range(6):  # one for each connection that the proxy may have kept
        answer, = exchange(address, get(CLOSE, line=b"GET /bystander%d HTTP/1.1" % i))
        assert answer.status == 200 and answer.body.startswith(b"GET /bystander%d " % i)
    # Where the proxy took the rest for the client's own next request, it answered it as such.
    assert probe.counts()["smuggled"] - before <= max(len(answers) - 1, 0)


KEPT = [row for row in ACCEPTED if row[0] in (
    "two pipelined", "POST and GET pipelined", "chunked POST and GET pipelined", "GET with Content-Length 0",
    "HEAD, GET, HEAD, 204, 304, GET pipelined", "slow and fast pipelined stay in order",
    "a body that looks like a request is a body", "chunks that look like a request are a body",
    "the longest body", "8-bit in a header value", "100-continue, the body at once")]


@pytest.mark.parametrize("request_bytes, statuses, methods", [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_good_requests_get_as_many_answers(front, request_bytes, statuses, methods):
    address, probe = front
    before = probe.counts()
    answers = exchange(address, request_bytes, methods)
    assert [answer.status for answer in answers if answer.status != 100] == statuses
    after = probe.counts()
    assert after["requests"] - before["requests"] == len(statuses) + 1  # and the one that asks
    assert after["smuggled"] == before["smuggled"]


def test_many_requests_over_kept_connections(front):
    """Every kind of answer in turn: each request gets its own, and the proxy reuses connections."""
    address, probe = front
    before = probe.counts()
    kinds = [
        (lambda i: get(line=b"GET /r%d HTTP/1.1" % i), "GET", lambda a, i: a.body.startswith(b"GET /r%d " % i)),
        (lambda i: get(line=b"HEAD /fixed HTTP/1.1"), "HEAD", lambda a, i: a.headers["content-length"] == "995"),
        (lambda i: post(b"Content-Length: 7", body=b"%07d" % i), "POST", lambda a, i: b"body=7" in a.body),
        (lambda i: chunked(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"), "POST", lambda a, i: b"body=7" in a.body),
        (lambda i: get(line=b"GET /status?code=304 HTTP/1.1"), "GET", lambda a, i: a.status == 304),
        (lambda i: get(line=b"GET /status?code=204 HTTP/1.1"), "GET", lambda a, i: a.status == 204),
        (lambda i: get(line=b"GET /stream?count=5&size=9 HTTP/1.1"), "GET", lambda a, i: len(a.body) == 45),
        (lambda i: get(line=b"GET /big?size=100000 HTTP/1.1"), "GET", lambda a, i: len(a.body) == 100000),
        (lambda i: get(line=b"GET /slow?ms=2 HTTP/1.1"), "GET", lambda a, i: a.status == 200),
    ]
    count = 50 * len(kinds)
    with connect(address) as connection:
        for i in range(count):
            request, method, is_right = kinds[i % len(kinds)]
            connection.sendall(request(i))
            answer = read_answer(connection, method)
            assert is_right(answer, i), (i, answer, answer.headers)
    after = probe.counts()
    assert after["requests"] - before["requests"] == count + 1
    assert after["accepted"] - before["accepted"] < 20
    assert after["refused_requests"] == before["refused_requests"]
