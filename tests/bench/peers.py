"""What the benchmarks of the API measure with: load and its cost, one quiet client, nginx and FastAPI beside us."""
import os
import pathlib
import re
import socket
import subprocess
import time

from ports import free_port
from process import Process
from waiting import accepts, wait_for

BENCH = pathlib.Path(__file__).resolve().parent
CLIENT = "wrk", "-t1", "-c64"

NGINX = """
worker_processes 1; daemon off; master_process off; pid {dir}/pid; error_log {dir}/error;
events {{ worker_connections 4096; }}
http {{
  access_log {log}; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 75;
  keepalive_requests 1000000000; default_type application/json; server_tokens off;
  open_file_cache max=10 inactive=60s; open_file_cache_valid 60s;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} reuseport; root {dir}; add_header Cache-Control "public, max-age=5"; }}
}}
"""


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def load(pids, url, seconds, *options):
    """One round: microseconds of CPU a request, requests a second. `options` are wrk's."""
    before = sum(map(cpu_seconds, pids))
    out = subprocess.run([*CLIENT, f"-d{seconds}s", *options, url], check=True, capture_output=True, text=True).stdout
    spent = sum(map(cpu_seconds, pids)) - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{url}: {out}")
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return spent * 1e6 / requests, float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def start_nginx(folder, body, log):
    folder = pathlib.Path(folder)
    folder.mkdir()
    folder.chmod(0o755)
    port = free_port()
    (folder / "fixed").write_bytes(body)
    (folder / "conf").write_text(NGINX.format(dir=folder, port=port, log=log.format(dir=folder)))
    process = Process("nginx", ["nginx", "-p", folder, "-c", folder / "conf", "-e", folder / "error"],
                      folder / "out")
    wait_for("nginx listens", lambda: accepts(port))
    return process, f"http://127.0.0.1:{port}/fixed"


def start_fastapi(folder, redis_url, database_url=""):
    port = free_port()
    process = Process("fastapi", ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", BENCH,
                                  "fastapi_peer:app", "--port", port, "--log-level", "warning"],
                      pathlib.Path(folder) / f"fastapi-{port}.log", env={**os.environ, "REDIS_URL": redis_url, "DATABASE_URL": database_url})
    wait_for(process.text, lambda: process.must_run() and accepts(port))
    return process, f"http://127.0.0.1:{port}"


class Client:
    """One kept-alive connection that costs next to nothing itself."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.buffer = bytearray(4 * 1024 * 1024)
        self.body = 0, 0  # where it stands

    def timed_get(self, path):
        """Microseconds from the question to the last byte, and the size of the body."""
        view = memoryview(self.buffer)
        started = time.perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        held = self.socket.recv_into(view)
        head = self.buffer.index(b"\r\n\r\n", 0, held) + 4
        assert self.buffer.startswith(b"HTTP/1.1 200"), bytes(self.buffer[:held])
        size = int(re.search(rb"Content-Length: (\d+)", self.buffer[:head])[1])
        while held < head + size:
            held += self.socket.recv_into(view[held:])
        self.body = head, head + size
        return (time.perf_counter() - started) * 1e6, size

    def body_of(self, path):
        self.timed_get(path)
        return bytes(self.buffer[slice(*self.body)])
