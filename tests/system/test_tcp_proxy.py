"""The proxy that the fault tests lean on does what its verbs say."""
import socket
import threading
import time

import pytest

from waiting import wait_for


@pytest.fixture
def echo():
    """A server that sends back what it gets, and its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
                connection.sendall(b"end seen")
            except OSError:
                pass

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo, proxy_to):
    return proxy_to(echo)


@pytest.fixture
def client(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        yield connection


def ask(client, data):
    client.sendall(data)
    answer = b""
    while len(answer) < len(data):
        answer += client.recv(65536)
    return answer


def test_pass(client):
    assert ask(client, b"x" * 300_000) == b"x" * 300_000


def test_delay(proxy, client):
    proxy.delay(0.2)
    begin = time.monotonic()
    assert ask(client, b"slow") == b"slow"
    assert time.monotonic() - begin >= 0.4, "once in each direction"


def test_trickle(proxy, client):
    proxy.trickle(1, 0.01)
    client.sendall(b"drops")
    assert len(client.recv(65536)) == 1
    proxy.pass_through()


def test_answers_are_held_back_and_let_go(proxy, client):
    proxy.hold_answers()
    client.sendall(b"asked")
    wait_for("the answer is held", lambda: proxy.held)
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.pass_through()
    client.settimeout(5)
    assert client.recv(100) == b"asked" and proxy.held == 0


def test_black_hole_holds_back_and_lets_go(proxy, client):
    assert ask(client, b"before") == b"before"
    proxy.black_hole()
    client.sendall(b"held")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.pass_through()
    client.settimeout(5)
    assert client.recv(100) == b"held"


def test_cut_resets(proxy, client):
    assert ask(client, b"before") == b"before"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_cut_after(proxy, client):
    proxy.cut_after("down", 3)
    client.sendall(b"abcdef")
    received = b""
    with pytest.raises(ConnectionResetError):
        while data := client.recv(100):
            received += data
        raise AssertionError("an orderly end")
    assert received in (b"", b"abc"), "a reset may overtake the bytes before it, none come after"


def test_corrupt(proxy, client):
    proxy.corrupt("down", 1)
    assert ask(client, b"abc") == b"a\x9dc"


def test_half_close(proxy, client):
    assert ask(client, b"before") == b"before"
    proxy.half_close()
    assert client.recv(100) == b"end seen"


def test_refuse(proxy):
    proxy.refuse()
    with pytest.raises(ConnectionResetError):  # while connecting or just after it
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            connection.recv(1)
            raise AssertionError("an orderly end")
