"""
Free loopback ports that stay free until a server of the test takes them.

A port that the kernel chooses (bind to 0, and close) is one of those that it gives to outgoing
connections, too, and to the next who asks: with several test processes at work it may be gone when
the server that was told to listen there has started. So these are below the kernel's, each test
process has a stretch of them for itself, and none is given out again before all the others were.
scripts/up takes its own from 20000 on.
"""
import socket
import threading

FIRST, END, STRETCH = 10000, 20000, 100


def claim_stretch():
    """
    A hundred ports that no other process has, and what must be kept for it to stay so: the name of
    an abstract socket belongs to one process, until that ends.
    """
    for first in range(FIRST, END, STRETCH):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tidemark-test-ports-{first}")
            return claim, range(first, first + STRETCH)
        except OSError:
            claim.close()
    raise AssertionError(f"other test processes have all ports from {FIRST} to {END}")


def is_free(port):
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports():
    """Those of a stretch, again and again, and of one more when many are in use."""
    claims, ports = [], []
    while True:
        if sum(map(is_free, ports)) <= len(ports) / 2:
            claim, stretch = claim_stretch()
            claims.append(claim)
            ports.extend(stretch)
        yield from filter(is_free, tuple(ports))


PORTS, TURN = free_ports(), threading.Lock()


def free_port():
    with TURN:  # engines start side by side
        return next(PORTS)
