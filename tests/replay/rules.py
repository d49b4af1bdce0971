"""
How the server misbehaves when told to. A rule is a JSON object:

  which requests (all that are given must fit)
    source        "coingecko", "coinmarketcap", "coinpaprika", "binance", "coinbase", "kraken";
                  absent = all
    path          pattern (fnmatch: * ? []) for target with query; absent = all
    skip          let so many fitting requests pass first
    count         then act on so many; absent = on all
    every         act on each n-th only
  what to answer instead
    status        HTTP status; alone it brings the provider's own error body for that status
    body          text; or body_base64; or recorded: a file of tests/recorded; or html: true
    huge          so many bytes of JSON whitespace, sent in pieces
    garbage       so many random bytes (the same for the same rule)
    gzip_bomb     a gzip body that inflates to so many zero bytes
    gzip          true: compress the body
  how to send it
    headers       {name: text}: adds or replaces; null removes. Any text, Retry-After too
    header_flood  so many further headers
    content_length  this number, right or wrong; "none" leaves it out (the end is the close)
    chunked       true: in chunks of 1000 bytes; cut_after then leaves the last chunk open
    delay_ms      wait before the first byte
    cut_after     so many bytes of the body, then close; with rst: true reset instead
    cut_head      so many bytes of the head, then close
    trickle       {"bytes": n, "every_ms": m}: so many bytes of head and body at a time
    continues     so many "100 Continue" before the answer
    chunk_size    with chunked: this text as the size of the first chunk, "zz" or "5"
    endless       "headers", "interim" or "body": more and more of it, as long as the client reads
  or not to answer
    reset         true: reset the connection once the request is read
    hang          true: read the request and never answer

The answer to a status alone speaks the provider's dialect and, for 429 and 418, says Retry-After 1
unless `headers` says otherwise.
"""
import base64
import fnmatch
import gzip
import random
import struct
import zlib
from functools import lru_cache

from .answer import Answer, compact
from .recorded import file_answer

FIELDS = frozenset("""source path skip count every status body body_base64 recorded html huge garbage
    gzip_bomb gzip headers header_flood content_length chunked delay_ms cut_after rst cut_head trickle
    continues chunk_size endless
    reset hang""".split())
CHECKED_MIB = 256  # so much of a bomb has the right checksum
HTML = (b"<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head>"
        b"<body><h1>Sorry, you have been blocked</h1></body></html>\n")


class Rule:
    def __init__(self, number, wanted):
        unknown = set(wanted) - FIELDS
        if unknown:
            raise ValueError(f"a rule has no field {', '.join(sorted(unknown))}")
        self.number, self.wanted = number, wanted
        self.seen = self.acted = 0

    def takes(self, source, target):
        """Counts the request; true if the rule acts on it."""
        wanted = self.wanted
        if wanted.get("source") not in (None, source):
            return False
        if not fnmatch.fnmatchcase(target, wanted.get("path", "*")):
            return False
        self.seen += 1
        if self.seen <= wanted.get("skip", 0) or self.seen % wanted.get("every", 1):
            return False
        if self.acted >= wanted.get("count", float("inf")):
            return False
        self.acted += 1
        return True

    def summary(self):
        return {"id": self.number, "seen": self.seen, "acted": self.acted, "rule": self.wanted}


class Rules:
    def __init__(self):
        self.rules, self.last_number = [], 0

    def add(self, wanted):
        rule = Rule(self.last_number + 1, wanted)
        self.last_number += 1
        self.rules.append(rule)
        return rule.number

    def remove(self, number=None):
        self.rules = [rule for rule in self.rules if number not in (None, rule.number)]

    def find(self, source, target):
        for rule in self.rules:
            if rule.takes(source, target):
                return rule
        return None


def change(answer, wanted, source, recorded):
    """What the rule makes of the provider's answer."""
    if "status" in wanted:
        answer = error_answer(source, wanted["status"], recorded) \
            if wanted["status"] != answer.status else answer
    body, kind = answer.body, answer.content_type
    if "recorded" in wanted:
        other = file_answer(recorded, wanted["recorded"])
        body, kind = other.body, other.content_type
        if "status" not in wanted:
            answer = other
    if "body" in wanted:
        body = wanted["body"].encode()
    if "body_base64" in wanted:
        body = base64.b64decode(wanted["body_base64"])
    if wanted.get("html"):
        body, kind = HTML, "text/html; charset=UTF-8"
    if "garbage" in wanted:
        body = random.Random(wanted["garbage"]).randbytes(wanted["garbage"])
    headers = dict(answer.headers)
    if "gzip_bomb" in wanted:
        body = bomb(wanted["gzip_bomb"])
        headers["content-encoding"] = "gzip"
    elif wanted.get("gzip"):
        body = gzip.compress(body, 1, mtime=0)
        headers["content-encoding"] = "gzip"
    return Answer(answer.status, body, kind, headers, answer.weight)


def error_answer(source, status, recorded):
    headers = {"retry-after": "1"} if status in (418, 429) else {}
    files = {("coingecko", 429): "coingecko/errors/429_rate_limit.json",
             ("coingecko", 401): "coingecko/errors/401_10012_history_range.json",
             ("coingecko", 404): "coingecko/errors/404_unknown_coin.json",
             ("binance", 418): "binance/errors/418_-1003_ip_banned.json",
             ("binance", 451): "binance/errors/451_restricted_location.json",
             ("coinmarketcap", 401): "coinmarketcap/errors/401_1001_invalid_key.json",
             ("coinmarketcap", 403): "coinmarketcap/errors/403_1006_plan.json",
             ("coinpaprika", 402): "coinpaprika/errors/402_ohlcv_history_plan.json",
             ("coinpaprika", 429): "coinpaprika/errors/429_too_many_requests.json",
             ("coinbase", 401): "coinbase/errors/401_accounts.json"}
    file = files.get((source, status))
    if file:
        answer = file_answer(recorded, file)
        return Answer(status, answer.body, answer.content_type, headers)
    text = {429: "Too many requests", 400: "Bad request", 403: "Forbidden", 404: "NotFound",
            500: "Internal server error", 503: "Service unavailable"}.get(status, "Error")
    if source == "binance":
        code = {429: -1003, 500: -1000, 503: -1008, 504: -1007}.get(status, -1100)
        body = {"code": code, "msg": "Too many requests; current limit is 6000 request weight per "
                "1 MINUTE." if status == 429 else text}
    elif source == "coinbase":
        body = {"message": text}
    elif source == "coinmarketcap":
        body = {"status": {"error_code": {402: 1003, 429: 1008}.get(status, status),
                           "error_message": text, "elapsed": 0, "credit_count": 0}}
    elif source == "coinpaprika":
        body = {"error": text}
    elif source == "kraken":  # its own errors come with status 200: any other is of the CDN
        return Answer(status, HTML, "text/html; charset=UTF-8", headers)
    else:
        body = {"status": status, "error": text}
    return Answer(status, compact(body), headers=headers)


@lru_cache(maxsize=2)
def bomb(size):
    """
    A gzip stream of `size` zero bytes (whole MiB), a thousandth of it long. It is one piece again
    and again, so that 10 GiB are made as quickly as 1 MiB; where nobody gets, the checksum is wrong.
    """
    block, count = bytes(1 << 20), size >> 20
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(min(count, CHECKED_MIB)):
        checksum = zlib.crc32(block, checksum)
    end = b"\x03\x00" + struct.pack("<II", checksum, (count << 20) & 0xffffffff)
    return head + piece * count + end
