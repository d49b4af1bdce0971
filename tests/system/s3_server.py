"""
A real S3 server (s3rver), and in front of it a gate that checks what s3rver does not: that each
request is signed as AWS Signature Version 4 says, over what it really sends. It can misbehave, too.

    store.url                   # for ARCHIVE_S3_ENDPOINT
    store.objects()             # {"prefix/ticks/x.json": b"..."}: what is in the bucket
    store.behave("PUT", 503)    # answers the next PUT like this; "cut" breaks the connection inside of it,
                                # "hold" reads half of it and then nothing: store.held is set
"""
import collections
import hashlib
import hmac
import http.client
import http.server
import shutil
import socket
import threading
import urllib.parse

import npm_packages
from ports import free_port
from process import Process
from programs import ROOT
from scratch import make_directory
from waiting import accepts, wait_for

BUCKET, REGION = "tidemark", "eu-west-7"
ACCESS_KEY, SECRET_KEY = "S3RVER", "S3RVER"
PACKAGE = ROOT / "tests/system/s3"


def install():
    """s3rver, as its lock file says, once into the build folder."""
    return npm_packages.install(PACKAGE) / "s3rver/bin/s3rver.js"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(method, target, headers, names, scope, secret):
    """AWS Signature Version 4 of a request, by the book."""
    path, _, query = target.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([
        method, urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"),
        "&".join(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}" for name, value in pairs),
        *(f"{name}:{' '.join(headers[name].split())}" for name in names), "", ";".join(names),
        headers["x-amz-content-sha256"]])
    date, region, service, terminal = scope.split("/")
    key = sign(sign(sign(sign(b"AWS4" + secret.encode(), date), region), service), terminal)
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    return sign(key, text).hex()


def refusal(method, target, headers, body):
    """None, or the code of AWS for what is wrong with a request."""
    kind, _, rest = headers.get("authorization", "").partition(" ")
    if kind != "AWS4-HMAC-SHA256":
        return "AccessDenied"
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    key, scope = fields["Credential"].split("/", 1)
    if key != ACCESS_KEY:
        return "InvalidAccessKeyId"
    if scope.split("/")[1:] != [REGION, "s3", "aws4_request"]:
        return "AuthorizationHeaderMalformed"
    names = fields["SignedHeaders"].split(";")
    if names != sorted(names) or not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names):
        return "AccessDenied"
    if signature(method, target, headers, names, scope, SECRET_KEY) != fields["Signature"]:
        return "SignatureDoesNotMatch"
    if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return "XAmzContentSHA256Mismatch"
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as asked</Message></Error>".encode())

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def handle_any(self):
        store = self.server.store
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        how = store.next_behaviour(self.command)
        if how in ("cut", "hold") and self.command == "PUT":
            self.rfile.read(length // 2)
            if how == "hold":
                store.held.set()
                self.rfile.read(length)  # until the client is gone
            return self.cut()
        body = self.rfile.read(length)
        store.requests.append((self.command, self.path))
        wrong = refusal(self.command, self.path, headers, body)
        if wrong:
            return self.refuse(400 if wrong == "XAmzContentSHA256Mismatch" else 403, wrong)
        if isinstance(how, int):
            return self.refuse(how, "SlowDown")
        try:
            answer, got = self.ask_s3rver(headers, body)
        except (OSError, http.client.HTTPException) as error:
            return self.refuse(502, f"S3rverIsAway: {error!r}")  # not a connection that ends without a word
        if how == "cut":
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(got)))
            self.end_headers()
            self.wfile.write(got[:len(got) // 2])
            self.wfile.flush()
            return self.cut()
        return self.answer(answer.status, got)

    def ask_s3rver(self, headers, body):
        there = http.client.HTTPConnection("127.0.0.1", self.server.store.port, timeout=30)
        try:
            there.request(self.command, self.path, body, {name: headers[name] for name in ("content-type",) if name in headers})
            answer = there.getresponse()
            return answer, answer.read()
        finally:
            there.close()

    do_GET = do_PUT = do_POST = do_DELETE = handle_any


class S3Store:
    def __init__(self):
        self.directory = make_directory("tidemark-s3-")
        self.port = free_port()
        self.behaviour = collections.defaultdict(list)
        self.requests = []
        self.held = threading.Event()
        self.process = self.gate = None

    def start(self):
        (self.directory / "data").mkdir()
        self.process = Process("s3rver", ["node", install(), "--silent", "-a", "127.0.0.1", "-p", self.port,
                                          "-d", self.directory / "data", "--configure-bucket", BUCKET],
                               self.directory / "log")
        wait_for(lambda: f"s3rver listens: {self.process.text()[-2000:]}", lambda: accepts(self.port))
        self.gate = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.gate.daemon_threads = True
        self.gate.store = self
        threading.Thread(target=self.gate.serve_forever, daemon=True).start()
        return self

    def remove(self):
        if self.gate:
            self.gate.shutdown()
            self.gate.server_close()
        if self.process:
            self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.gate.server_address[1]}"

    def settings(self, prefix):
        """The environment of a program that archives here."""
        return {"ARCHIVE_URL": f"s3://{BUCKET}/{prefix}", "ARCHIVE_S3_ENDPOINT": self.url, "ARCHIVE_S3_REGION": REGION,
                "ARCHIVE_S3_ACCESS_KEY": ACCESS_KEY, "ARCHIVE_S3_SECRET_KEY": SECRET_KEY}

    def behave(self, method, *how):
        """Of the next requests of this method; None is as usual."""
        self.behaviour[method] = list(how)

    def next_behaviour(self, method):
        return self.behaviour[method].pop(0) if self.behaviour[method] else None

    def paths(self):
        """Where s3rver keeps the objects: {key: path}."""
        ending, root = "._S3rver_object", self.directory / "data" / BUCKET
        return {str(path.relative_to(root))[:-len(ending)]: path for path in root.rglob(f"*{ending}")}

    def objects(self):
        return {key: path.read_bytes() for key, path in self.paths().items()}
