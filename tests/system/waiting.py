"""Waiting for events, never for time to pass."""
import socket
import time


def wait_for(what, probe, timeout=30.0, pause=0.05):
    """Polls until `probe()` is true and returns that; says what was waited for when it is late."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {timeout} s: {said}")
        time.sleep(pause)


def accepts(port):
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
