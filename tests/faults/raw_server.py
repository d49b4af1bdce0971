"""An upstream of bare bytes: each connection is handed to a function that may do anything with it."""
import socket
import struct
import threading

from ports import free_port


class RawServer:
    """
    Listens on a loopback port. `play(connection)` is called for each connection, in a thread of
    its own; what it raises because the client has gone is nobody's business.
    """

    def __init__(self, play=None, host="127.0.0.1", tls=None):
        self.play, self.tls = play, tls
        self.accepted = 0
        self.received = []  # heads of requests, as far as `play` has read them
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, free_port() if host != "127.0.0.1" else 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.play(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def read_request(self, connection):
        """The head of a request; b"" when there is no more."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return b""
            head += more
        self.received.append(head)
        return head

    def stop(self):
        self.listener.close()


def reset(connection):
    """RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait_gone(connection):
    """Until the client closes."""
    while connection.recv(65536):
        pass
