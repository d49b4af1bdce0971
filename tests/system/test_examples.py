"""The example clients, run as a person would: against a running system, and against one that has no time."""
import http.server
import os
import subprocess
import threading

import pytest

from programs import ROOT

pytestmark = pytest.mark.xdist_group("documented")
PYTHON, SHELL = ROOT / "deploy/examples/client.py", ROOT / "deploy/examples/client.sh"
HEADER = "source,time,open,high,low,close,"


def run(url, program, *arguments, **environment):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "TIDEMARK_URL": url, "no_proxy": "*", **environment})
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("program", [PYTHON, SHELL])
def test_prices(documented_api, program):
    code, lines, said = run(documented_api.url, program, "prices", "BTC,ethereum", "usd,gbp")
    assert (code, said) == (0, "")
    assert lines[0] == "bitcoin usd 26186.48000000 ok fresh" and len(lines) == 4
    assert lines[1] == "bitcoin gbp unknown never seen fresh"


@pytest.mark.parametrize("program, arguments, environment", [
    (PYTHON, ["history", "bitcoin", "--since", "{since}", "--page", "7"], {}),
    (SHELL, ["history", "bitcoin", "usd", "1h", "{since}"], {"PAGE": "7"})])
def test_a_history_is_read_page_by_page(documented_api, program, arguments, environment):
    rows = documented_api.get("/api/v1/prices/bitcoin?limit=40").json()["rows"]
    arguments = [argument.replace("{since}", rows[0]["time"]) for argument in arguments]
    code, lines, said = run(documented_api.url, program, *arguments, **environment)
    assert (code, said) == (0, "")
    assert [line.split()[0] for line in lines] == [row["time"] for row in rows]


@pytest.mark.parametrize("program, arguments", [(PYTHON, ["history", "bitcoin", "--csv"]), (SHELL, ["csv", "bitcoin"])])
def test_a_history_as_csv(documented_api, program, arguments):
    code, lines, said = run(documented_api.url, program, *arguments)
    assert (code, said) == (0, "")
    assert lines[0].startswith(HEADER) and len(lines) > 40


@pytest.mark.parametrize("program, arguments", [
    (PYTHON, ["watch", "BTC", "--every", "0", "--times", "3"]), (SHELL, ["watch", "BTC", "usd", "0", "3"])])
def test_what_is_still_the_same_is_not_fetched_again(documented_api, program, arguments):
    code, lines, said = run(documented_api.url, program, *arguments)
    assert (code, said) == (0, "")
    assert lines[0] == "26186.48000000" and lines[1:] == ["unchanged", "unchanged"]


def test_who_reads_only_the_beginning_sees_no_error(documented_api):
    command = f'set -o pipefail; "{PYTHON}" --url {documented_api.url} history bitcoin --csv | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(HEADER)


@pytest.mark.parametrize("program", [PYTHON, SHELL])
def test_a_refusal_is_explained_and_not_tried_again(documented_api, program):
    code, lines, said = run(documented_api.url, program, "prices", "bitcon", "usd")
    assert (code, lines) == (1, []) and 'no asset is called "bitcon"' in said and "again in" not in said


class Busy(http.server.BaseHTTPRequestHandler):
    """Says 429 or 503 first, as often as it is told to."""

    def do_GET(self):
        refused = self.server.asked < len(self.server.statuses)
        status = self.server.statuses[self.server.asked] if refused else 200
        self.server.asked += 1
        body = (b'{"status":%d,"code":"limit.reached","detail":"later","request_id":"0123456789"}' % status if refused
                else b'{"bitcoin":{"usd":1.50,"usd_state":"ok","usd_stale":false}}')
        self.send_response(status)
        if refused:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def busy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    server.asked, server.statuses, server.retry_after = 0, (), "1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("program", [PYTHON, SHELL])
def test_who_is_told_to_come_back_later_comes_back_then(busy, program):
    busy.statuses = (429, 503)
    code, lines, _ = run(busy.url, program, "prices", "bitcoin", "usd")
    assert (code, busy.asked) == (0, 3) and lines[0].startswith("bitcoin usd 1.5")


@pytest.mark.parametrize("program", [PYTHON, SHELL])
def test_who_is_told_to_come_back_much_later_says_so(busy, program):
    busy.statuses, busy.retry_after = (429,) * 9, "3600"
    code, lines, said = run(busy.url, program, "prices", "bitcoin", "usd")
    assert (code, lines, busy.asked) == (75, [], 1) and "later" in said


@pytest.mark.parametrize("program", [PYTHON, SHELL])
def test_without_a_server_there_is_a_code_of_its_own(program):
    assert run("http://127.0.0.1:1", program, "prices", "bitcoin", "usd")[:2] == (75, [])
