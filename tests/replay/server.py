"""The HTTP server of the replay: its own few lines of HTTP, so that every byte can be wrong."""
import argparse
import asyncio
import collections
import hashlib
import json
import os
import re
import signal
import socket
import struct
import sys
import time
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from . import recorded as recorded_mode
from .answer import Answer, compact
from .binance import Binance
from .coinbase import Coinbase
from .coingecko import CoinGecko
from .coinmarketcap import CoinMarketCap
from .coinpaprika import CoinPaprika
from .kraken import Kraken
from .market import Market
from .rules import Rules, change

HEAD_MAX, LOG_MAX, KEPT_MAX, KEPT_BYTES_MAX = 64 * 1024, 200_000, 4096, 256 << 20
SERVER_NAMES = {"coingecko": "cloudflare", "binance": "nginx", "coinbase": "cloudflare",
                "kraken": "cloudflare", "coinmarketcap": "cloudflare", "coinpaprika": "cloudflare"}


class Replay:
    """What the server knows: the market, the clock, the rules, and what was asked."""

    def __init__(self, seed, recordings, now_ms=None, offset_ms=0):
        self.recordings = recordings
        market = Market(seed, recordings)
        self.sources = {source.name: source
                        for source in (CoinGecko(market), Binance(market), Coinbase(market),
                                       Kraken(market), CoinMarketCap(market), CoinPaprika(market))}
        self.first_clock = now_ms, offset_ms
        self.forget()

    def forget(self):
        """All that came after the start; what the market has worked out stays."""
        self.rules = Rules()
        self.fixed_ms, self.offset_ms = self.first_clock
        self.requests = collections.deque(maxlen=LOG_MAX)
        self.counts = collections.Counter()
        self.kept = {}  # (source, target): answer and its hash
        self.kept_bytes = 0
        self.weights = collections.Counter()

    def now_ms(self):
        if self.fixed_ms is not None:
            return self.fixed_ms
        return time.time_ns() // 1_000_000 + self.offset_ms

    def provide(self, source, target, headers, from_recording, now_ms):
        """The provider's own answer and the sha256 of its body."""
        key = source, target
        if not from_recording and key in self.kept:
            return self.kept[key]
        if from_recording:
            answer = recorded_mode.find(self.recordings, source, target)
        else:
            answer = self.sources[source].answer(target, headers, now_ms)
        found = answer, hashlib.sha256(answer.body).hexdigest()
        if answer.constant and len(self.kept) < KEPT_MAX and self.kept_bytes < KEPT_BYTES_MAX:
            self.kept[key] = found
            self.kept_bytes += len(answer.body)
        return found

    def note(self, source, target, status, size, digest, now_ms, rule):
        self.counts[source] += 1
        self.requests.append({"n": sum(self.counts.values()), "at_ms": time.time_ns() // 1_000_000,
                              "now_ms": now_ms, "source": source, "target": target,
                              "status": status, "bytes": size, "sha256": digest,
                              "rule": rule and rule.number})

    def used_weight(self, answer, now_ms):
        minute = now_ms // 60_000
        self.weights[minute] += answer.weight
        if len(self.weights) > 10:
            self.weights = collections.Counter({minute: self.weights[minute]})
        return self.weights[minute]


class Connection(asyncio.Protocol):
    def __init__(self, replay):
        self.replay = replay
        self.buffer = bytearray()
        self.task = None
        self.transport = None
        self.can_write = asyncio.Event()
        self.can_write.set()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error):
        self.can_write.set()
        if self.task:
            self.task.cancel()

    def pause_writing(self):
        self.can_write.clear()

    def resume_writing(self):
        self.can_write.set()

    def data_received(self, data):
        self.buffer += data
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self.serve())

    async def serve(self):
        """Answers what is in the buffer, one request after the other."""
        while (request := self.take_request()) is not None:
            try:
                if not await self.answer(*request):
                    return
            except Exception as error:  # a fault of this server: say it, loudly
                print(f"replay: {request[1]}: {error!r}", file=sys.stderr, flush=True)
                self.transport.abort()
                raise

    def take_request(self):
        """(method, target, headers, body) once all of it is there."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEAD_MAX:
                self.transport.abort()
            return None
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines[1:])}
        size = int(headers.get("content-length", "0"))
        if len(self.buffer) < end + 4 + size:
            return None
        body = bytes(self.buffer[end + 4:end + 4 + size])
        del self.buffer[:end + 4 + size]
        method, target, _ = (lines[0] + "  ").split(" ", 2)
        return method, target, headers, body

    async def answer(self, method, target, headers, body):
        """False if nothing more is to be served on this connection."""
        keep = headers.get("connection", "").lower() != "close"
        if target.startswith("/control/"):
            answer = control(self.replay, method, target, body)
            return await self.send(answer, {}, method, keep)
        match = re.fullmatch(rf"(/recorded)?/({'|'.join(self.replay.sources)})(/.*)", target)
        if not match:
            return await self.send(Answer(404, b'{"error":"no such provider"}'), {}, method, keep)
        replay, source, target = self.replay, match[2], match[3]
        now_ms = replay.now_ms()
        rule = replay.rules.find(source, target)
        answer, digest = replay.provide(source, target, headers, bool(match[1]), now_ms)
        extra = self.provider_headers(source, answer, now_ms)
        wanted = rule.wanted if rule else {}
        if rule:
            answer = change(answer, wanted, source, replay.recordings)
            digest = hashlib.sha256(answer.body).hexdigest()
        status = None if wanted.get("hang") or wanted.get("reset") else answer.status
        replay.note(source, target, status, len(answer.body), digest, now_ms, rule)
        if status is None:
            return self.refuse(wanted)
        return await self.send(answer, extra, method, keep, wanted)

    def provider_headers(self, source, answer, now_ms):
        extra = {"server": SERVER_NAMES[source]}
        if source == "binance":
            used = str(self.replay.used_weight(answer, now_ms))
            extra.update({"x-mbx-used-weight": used, "x-mbx-used-weight-1m": used})
        return extra

    def refuse(self, wanted):
        if wanted.get("reset"):
            self.reset()
        return False  # hang: the connection stays open and silent

    def reset(self):
        """RST, not FIN."""
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def send(self, answer, extra, method, keep, wanted=None):
        wanted = wanted or {}
        body = answer.body
        if "huge" in wanted:
            length = wanted["huge"]
        else:
            length = len(body)
        head, close = self.make_head(answer, extra, length, keep, wanted)
        if method == "HEAD":
            body = b""
        if wanted.get("delay_ms"):
            await asyncio.sleep(wanted["delay_ms"] / 1000)
        if "cut_head" in wanted:
            return await self.cut(head[:wanted["cut_head"]], b"", wanted)
        if "endless" in wanted:
            return await self.send_endless(head, wanted["endless"])
        if "huge" in wanted:
            return await self.send_huge(head, wanted)
        if wanted.get("chunked"):
            body = chunks(body[:wanted.get("cut_after")], "cut_after" in wanted,
                          wanted.get("chunk_size"))
        if "cut_after" in wanted:
            cut = None if wanted.get("chunked") else wanted["cut_after"]
            return await self.cut(head, body[:cut], wanted)
        await self.write(head + body, wanted)
        if close:
            self.transport.close()
        return not close

    def make_head(self, answer, extra, length, keep, wanted):
        """The bytes of the head, and whether the connection ends with the answer."""
        declared = wanted.get("content_length", length)
        close = not keep or declared != length
        fields = {"date": formatdate(usegmt=True), "content-type": answer.content_type, **extra,
                  **answer.headers, "connection": "close" if close else "keep-alive"}
        if wanted.get("chunked"):
            fields["transfer-encoding"] = "chunked"
        elif declared != "none":
            fields["content-length"] = str(declared)
        for name, value in (wanted.get("headers") or {}).items():
            fields.pop(name.lower(), None)
            if value is not None:
                fields[name] = value
        for i in range(wanted.get("header_flood", 0)):
            fields[f"x-flood-{i}"] = "x" * 64
        try:
            reason = HTTPStatus(answer.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {answer.status} {reason}",
                 *(f"{name}: {value}" for name, value in fields.items())]
        head = "\r\n".join(lines) + "\r\n\r\n"
        before = "HTTP/1.1 100 Continue\r\n\r\n" * wanted.get("continues", 0)
        return (before + head).encode("utf-8"), close

    async def cut(self, head, body, wanted):
        await self.write(head + body, wanted)
        if wanted.get("rst"):
            await asyncio.sleep(0.05)  # the bytes before it shall arrive
            self.reset()
        else:
            self.transport.close()
        return False

    async def send_huge(self, head, wanted):
        self.transport.write(head)
        block, left = b" " * 65536, wanted["huge"]
        while left > 0 and not self.transport.is_closing():
            await self.can_write.wait()
            self.transport.write(block[:left])
            left -= len(block)
            await asyncio.sleep(0)
        return False

    async def send_endless(self, head, what):
        """More and more of it, until the client goes."""
        if what == "headers":
            first, more = head[:-2], b"X-Flood: 0123456789\r\n" * 3000
        elif what == "interim":
            first, more = b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1500
        elif what == "body":
            first, more = re.sub(rb"content-length: [^\r]*\r\n", b"", head), b" " * 65536
        else:
            raise ValueError(f"nothing is endless about {what}")
        self.transport.write(first)
        while not self.transport.is_closing():
            await self.can_write.wait()
            self.transport.write(more)
            await asyncio.sleep(0)
        return False

    async def write(self, data, wanted):
        trickle = wanted.get("trickle")
        if not trickle:
            self.transport.write(data)
            await self.can_write.wait()
            return
        for at in range(0, len(data), trickle["bytes"]):
            if self.transport.is_closing():
                return
            self.transport.write(data[at:at + trickle["bytes"]])
            await asyncio.sleep(trickle["every_ms"] / 1000)


def chunks(body, is_cut, first_size=None):
    parts = [body[at:at + 1000] for at in range(0, len(body), 1000)]
    sizes = [b"%x" % len(part) for part in parts]
    if first_size is not None and sizes:
        sizes[0] = first_size.encode()
    framed = b"".join(b"%s\r\n%s\r\n" % pair for pair in zip(sizes, parts))
    return framed if is_cut else framed + b"0\r\n\r\n"


# The control API (see `replay --help`).

def control(replay, method, target, body):
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query))
    route = parts.path.removeprefix("/control/").split("/")
    try:
        value = json.loads(body) if body else {}
        handler = CONTROL[method, route[0]]
        return Answer(200, compact(handler(replay, value, query, route[1:])))
    except KeyError:
        return Answer(404, compact({"error": f"no {method} {parts.path}"}))
    except (ValueError, TypeError) as error:
        return Answer(400, compact({"error": str(error)}))


def add_rules(replay, value, query, rest):
    return {"ids": [replay.rules.add(rule) for rule in (value if isinstance(value, list) else [value])]}


def remove_rules(replay, value, query, rest):
    replay.rules.remove(int(rest[0]) if rest else None)
    return {}


def list_rules(replay, value, query, rest):
    return [rule.summary() for rule in replay.rules.rules]


def list_requests(replay, value, query, rest):
    """?source= and ?after=n narrow it; ?counts=1 leaves out the single requests."""
    after = int(query.get("after", "0"))
    chosen = [] if "counts" in query else [
        entry for entry in replay.requests
        if entry["n"] > after and query.get("source") in (None, entry["source"])]
    return {"counts": dict(replay.counts), "requests": chosen}


def clear_requests(replay, value, query, rest):
    replay.requests.clear()
    replay.counts.clear()
    return {}


def forget(replay, value, query, rest):
    replay.forget()
    return {}


def set_clock(replay, value, query, rest):
    replay.fixed_ms = value.get("now_ms")
    replay.offset_ms = value.get("offset_ms", 0)
    replay.kept.clear()
    replay.kept_bytes = 0
    return get_clock(replay, value, query, rest)


def get_clock(replay, value, query, rest):
    return {"now_ms": replay.now_ms()}


CONTROL = {
    ("POST", "rules"): add_rules, ("DELETE", "rules"): remove_rules, ("GET", "rules"): list_rules,
    ("GET", "requests"): list_requests, ("DELETE", "requests"): clear_requests,
    ("POST", "clock"): set_clock, ("GET", "clock"): get_clock, ("POST", "forget"): forget,
}


async def run(options, replay):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(replay), options.host, options.port,
                                      backlog=1024)
    port = server.sockets[0].getsockname()[1]
    if options.port_file:
        partial = Path(f"{options.port_file}.new")
        partial.write_text(f"{port}\n")
        os.replace(partial, options.port_file)
    print(f"replay ready on http://{options.host}:{port} seed {options.seed}", flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    server.close()


def main(about):
    parser = argparse.ArgumentParser(description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parent
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=1, help="which market")
    parser.add_argument("--port-file", help="the port is written there once it listens")
    parser.add_argument("--recorded", type=Path, default=os.environ.get("TIDEMARK_RECORDED") or
                        here.parent / "recorded", help="the recorded payloads")
    parser.add_argument("--now-ms", type=int, help="a clock that stands still there")
    parser.add_argument("--offset-ms", type=int, default=0, help="a clock so far ahead")
    options = parser.parse_args()
    asyncio.run(run(options, Replay(options.seed, options.recorded, options.now_ms,
                                    options.offset_ms)))
