"""api/http against raw sockets: every request that could be read in two ways is refused, and never are
there two answers for one request."""

import socket

import pytest

from http_attacks import ACCEPTED, CLOSE, REFUSED, get, post
from http_wire import Probe, connect, exchange, read_answer, read_to_end, split_answers

PIECES = [None, 1, 7]


@pytest.fixture(scope="module")
def probe():
    probe = Probe()
    yield probe
    probe.stop()


@pytest.mark.parametrize("piece", PIECES, ids=lambda p: f"pieces of {p}" if p else "whole")
@pytest.mark.parametrize("request_bytes, status", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_is_refused_and_closed(probe, request_bytes, status, piece):
    """The good request behind it must not be answered: nobody can know where it begins."""
    if piece and len(request_bytes) > 5000:
        piece = 997
    method = request_bytes.split(b" ")[0].decode("latin-1")
    answers = exchange(probe.address, request_bytes + get(), [method], piece)
    assert [answer.status for answer in answers] == [status]
    assert answers[0].headers["connection"] == "close"
    assert answers[0].headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("piece", PIECES, ids=lambda p: f"pieces of {p}" if p else "whole")
@pytest.mark.parametrize("request_bytes, statuses, methods", [row[1:] for row in ACCEPTED],
                         ids=[row[0] for row in ACCEPTED])
def test_is_answered(probe, request_bytes, statuses, methods, piece):
    if piece and len(request_bytes) > 5000:
        piece = 997
    answers = exchange_all(probe.address, request_bytes, methods, piece)
    # Whether a 100 comes depends on how much of the body had arrived.
    assert [answer.status for answer in answers if answer.status != 100] == statuses


def exchange_all(address, request_bytes, methods, piece):
    with connect(address) as connection:
        for at in range(0, len(request_bytes), piece or len(request_bytes)):
            connection.sendall(request_bytes[at:at + (piece or len(request_bytes))])
        return split_answers(read_to_end(connection), methods)


def test_no_request_was_found_in_a_body(probe):
    """Counted by the layer itself, so that an answer nobody read would show as well."""
    before = probe.counts()["requests"]
    for _, request_bytes, _ in REFUSED:
        exchange(probe.address, request_bytes, ["HEAD"] if request_bytes.startswith(b"HEAD") else [])
    assert probe.counts()["requests"] == before + 1  # the one that asks


def test_head_tells_the_length_and_sends_nothing(probe):
    head, got = exchange(probe.address, get(line=b"HEAD /fixed HTTP/1.1") +
                         get(CLOSE, line=b"GET /fixed HTTP/1.1"), ["HEAD", "GET"])
    assert head.headers["content-length"] == "995" and len(got.body) == 995
    assert {**head.headers, "connection": "close"} == got.headers


def test_bodies_arrive_whole(probe):
    body = bytes(range(256)) * 256
    plain, = exchange(probe.address, post(b"Content-Length: 65536", CLOSE, body=body))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 1000]), body[at:at + 1000])
                      for at in range(0, len(body), 1000)) + b"0\r\n\r\n"
    coded, = exchange(probe.address, post(b"Transfer-Encoding: chunked", CLOSE, body=chunks))
    assert plain.body == coded.body and b"body=65536" in plain.body


def test_a_client_that_waits_is_told_to_continue(probe):
    with connect(probe.address) as connection:
        connection.sendall(post(b"Expect: 100-continue", b"Content-Length: 5", CLOSE))
        assert read_answer(connection).status == 100
        connection.sendall(b"hello")
        answer, = split_answers(read_to_end(connection))
        assert answer.status == 200 and b"body=5" in answer.body


def test_a_thousand_pipelined_are_answered_in_order(probe):
    requests = [get(line=b"GET /r%d HTTP/1.1" % i) for i in range(999)]
    answers = exchange(probe.address, b"".join(requests) + get(CLOSE, line=b"GET /r999 HTTP/1.1"))
    assert [answer.body.split()[1] for answer in answers] == [b"/r%d" % i for i in range(1000)]


@pytest.mark.parametrize("where", [b"", b"&file=1"], ids=["memory", "file"])
def test_pipelined_big_answers_to_a_slow_reader_are_whole(probe, where):
    """More than any buffer holds: the layer stops reading requests until the client reads answers."""
    count = 100
    line = b"GET /big?size=300000%s HTTP/1.1" % where
    whole = bytes(ord("a") + place % 26 for place in range(300000))
    with connect(probe.address) as connection:
        connection.sendall(get(line=line) * (count - 1) + get(CLOSE, line=line))
        answers = split_answers(read_to_end(connection))
    assert [answer.body == whole for answer in answers] == [True] * count


def test_one_who_stops_sending_still_gets_the_answers(probe):
    with connect(probe.address) as connection:
        connection.sendall(get(line=b"GET /slow?ms=30 HTTP/1.1") + get())
        connection.shutdown(socket.SHUT_WR)
        assert len(split_answers(read_to_end(connection))) == 2


@pytest.mark.parametrize("piece", [None, 1])
def test_a_refusal_reaches_a_client_that_is_still_sending(probe, piece):
    """Closing with unread input would reset the connection and could destroy the answer."""
    with connect(probe.address) as connection:
        connection.sendall(post(b"Content-Length: 70000", body=b"x" * 70000))
        answer, = split_answers(read_to_end(connection))
    assert answer.status == 413
