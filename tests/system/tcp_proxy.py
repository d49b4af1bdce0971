"""
A TCP proxy that treats its connections badly. It needs no rights and runs in a thread of its own.

    proxy = TcpProxy(port_of_the_server).start()
    proxy.black_hole()      # connections stay open, nothing passes, in either direction
    proxy.pass_through()    # what was held back goes on

What is set holds for the open connections and for those to come; `cut` and `half_close` act once
on the open ones.
"""
import asyncio
import socket
import struct
import threading


class Link:
    """One accepted connection: two sockets and two pumps."""

    def __init__(self, near, far):
        self.near, self.far = near, far
        self.seen = {"up": 0, "down": 0}


class TcpProxy:
    def __init__(self, target_port, target_host="127.0.0.1"):
        self.target = target_host, target_port
        self.port = 0
        self.links = set()
        self.accepted = 0
        self.delay_s = 0.0
        self.trickle_bytes, self.trickle_s = 0, 0.0
        self.refusing = False
        self.cut_at = None  # (direction, bytes)
        self.corrupt_at = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.held = 0  # pieces that wait in a black hole, or answers that do
        self._open = self._down_open = None  # asyncio.Events: bytes may pass; answers may

    def start(self):
        self._thread.start()
        self._call(self._listen())
        return self

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self):
        self._open, self._down_open = asyncio.Event(), asyncio.Event()
        self._open.set()
        self._down_open.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        self.accepted += 1
        if self.refusing:
            reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            reset(writer)
            return
        link = Link(writer, far_writer)
        self.links.add(link)
        await asyncio.gather(self._pump(link, "up", reader, far_writer),
                             self._pump(link, "down", far_reader, writer))
        self.links.discard(link)
        for end in (writer, far_writer):
            end.close()

    async def _pump(self, link, direction, reader, writer):
        try:
            while data := await reader.read(65536):
                await self._wait_open(direction)
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not await self._forward(link, direction, data, writer):
                    return
            await self._wait_open(direction)
            writer.write_eof()
        except (OSError, RuntimeError):
            reset(link.near)
            reset(link.far)

    async def _wait_open(self, direction):
        self.held += 1
        await self._open.wait()
        if direction == "down":
            await self._down_open.wait()
        self.held -= 1

    async def _forward(self, link, direction, data, writer):
        begin = link.seen[direction]
        link.seen[direction] = end = begin + len(data)
        if self.corrupt_at and self.corrupt_at[0] == direction and begin <= self.corrupt_at[1] < end:
            at = self.corrupt_at[1] - begin
            data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:]
        if self.cut_at and self.cut_at[0] == direction and end >= self.cut_at[1]:
            writer.write(data[:max(0, self.cut_at[1] - begin)])
            await writer.drain()
            reset(link.near)
            reset(link.far)
            return False
        step = self.trickle_bytes or len(data)
        for at in range(0, len(data), step):
            writer.write(data[at:at + step])
            await writer.drain()
            if self.trickle_bytes:
                await asyncio.sleep(self.trickle_s)
        return True

    # The verbs.

    def pass_through(self):
        """Undoes all the others."""
        self.delay_s = 0.0
        self.trickle_bytes = 0
        self.refusing = False
        self.cut_at = self.corrupt_at = None
        self._loop.call_soon_threadsafe(self._open.set)
        self._loop.call_soon_threadsafe(self._down_open.set)

    def delay(self, seconds):
        """Each piece that arrives goes on so much later."""
        self.delay_s = seconds

    def trickle(self, count, every_s):
        self.trickle_bytes, self.trickle_s = count, every_s

    def black_hole(self):
        """Nothing passes, nobody is told."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def hold_answers(self):
        """What the server says is kept back, and counted by `held`; what it is asked passes."""
        self._loop.call_soon_threadsafe(self._down_open.clear)

    def refuse(self):
        """New connections are reset; the open ones are left alone."""
        self.refusing = True

    def cut(self):
        """Resets the open connections on both sides."""
        async def reset_all():
            for link in list(self.links):
                reset(link.near)
                reset(link.far)
        self._call(reset_all())

    def cut_after(self, direction, count):
        """Resets each connection once `count` bytes passed "up" (to the server) or "down"."""
        self.cut_at = direction, count

    def corrupt(self, direction, at):
        """Flips the bits of byte number `at` of each connection in that direction."""
        self.corrupt_at = direction, at

    def half_close(self):
        """Says end of file to the server side of the open connections; the rest stays open."""
        async def end_all():
            for link in list(self.links):
                link.far.write_eof()
        self._call(end_all())

    def stop(self):
        async def end():
            self._server.close()
            for link in list(self.links):
                reset(link.near)
                reset(link.far)
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:  # such as one that waits in a black hole
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._thread.is_alive():
            self._call(end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)


def reset(writer):
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
