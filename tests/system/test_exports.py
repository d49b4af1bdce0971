"""Whole histories: streamed as CSV and NDJSON, from one API over a table of more than a million candles."""
import contextlib
import csv
import http.client
import io
import json
import socket
import zlib

import pytest

from known_rows import NoProviders
from programs import base_environment
from tidemark import Tidemark
from waiting import wait_for

pytestmark = pytest.mark.xdist_group("exports")  # one process makes the million rows
SOURCES, ROWS = ("binance", "coinbase", "coingecko", "coinpaprika", "kraken"), 200_000  # of each
FIRST = 1704067200000  # 2024-01-01
ALL = "/api/v1/prices?asset=bitcoin&granularity=5m"
WHOLE = "/api/v1/prices/bitcoin?granularity=5m&source=binance"


def fill(system):
    """A million candles of bitcoin, two years of five minutes of five sources; hours of ethereum."""
    system.query("SELECT ensure_partition('candles', m) FROM generate_series(to_timestamp(%s), to_timestamp(%s),"
                 " interval '1 month') AS m", FIRST / 1000, FIRST / 1000 + ROWS * 300 + 2_700_000)
    for asset, interval_s, sources, count in (("bitcoin", 300, SOURCES, ROWS), ("ethereum", 3600, ("binance", "kraken"), 3000)):
        system.query(
            "WITH made AS (INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id,"
            " origin, open, high, low, close, volume)"
            " SELECT source_id, quote_id, asset_id, %s, 1, to_timestamp(%s + n * %s), 1, 1, 0, 1.50, n + 3, 1, n + 1, 7"
            " FROM sources, quotes, assets, generate_series(0, %s) AS n"
            " WHERE sources.name = ANY (%s) AND code = 'usd' AND slug = %s RETURNING 1) SELECT count(*) FROM made",
            interval_s, FIRST / 1000, interval_s, count - 1, list(sources), asset)
    system.query("INSERT INTO series SELECT source_id, quote_id, asset_id, interval_s, min(open_time), max(open_time)"
                 " FROM candles GROUP BY 1, 2, 3, 4 RETURNING 1")


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "exports", tmp_path_factory.mktemp("exports"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum"))
        fill(system)
        # What is freed is not held back for long, so that memory that grows is memory that is used.
        running = system.start_api(RATE_LIMIT_PER_MINUTE="100000",
                                   ASAN_OPTIONS=base_environment()["ASAN_OPTIONS"] + ":quarantine_size_mb=1")
        running.system = system
        yield running
    finally:
        system.remove()


def memory_kib(api):
    with open(f"/proc/{api.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@contextlib.contextmanager
def stream(api, target, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    connection.request("GET", target, headers=headers)
    with contextlib.closing(connection):
        yield connection.getresponse()


def metric(api, name):
    lines = api.get("/metrics").text.splitlines()
    return next(float(line[len(name):]) for line in lines if line.startswith(name + " "))


def test_a_million_rows_cost_no_memory(api):
    """Packed, because that is less for this test to read; every line is counted, and the first and the last are looked at."""
    with stream(api, ALL + "&format=csv", **{"Accept-Encoding": "gzip"}) as answer:
        assert (answer.status, answer.getheader("Content-Encoding")) == (200, "gzip")
        unpacked, lines, first, last, before = zlib.decompressobj(31), 0, b"", b"", None
        while piece := answer.read(1 << 20):
            plain = unpacked.decompress(piece)
            first, last, lines = first or plain, (last + plain)[-4096:], lines + plain.count(b"\n")
            before = before or memory_kib(api)
    assert unpacked.eof and lines == len(SOURCES) * ROWS + 1
    assert first.startswith(b"asset,currency,granularity,source,time,open,high,low,close,volume,")
    assert b",2024-01-01T00:00:00.000Z,1.50,3,1,1,7," in first.split(b"\r\n")[1]
    assert last.split(b"\r\n")[-2].split(b",")[8] == str(ROWS).encode()
    assert memory_kib(api) - before < 8 * 1024


def test_a_slow_reader_holds_nothing_but_a_piece(api):
    """Nothing is read for a while: neither memory nor a database connection waits for it."""
    with stream(api, WHOLE + "&format=ndjson") as answer:
        assert json.loads(answer.readline())["time"] == "2024-01-01T00:00:00.000Z"
        before = memory_kib(api)
        wait_for("no connection is busy", lambda: metric(api, "api_database_connections_busy") == 0)
        assert metric(api, "tidemark_exports") == 1
        for _ in range(20000):
            answer.readline()
        assert memory_kib(api) - before < 8 * 1024
    wait_for("the export ends with its client", lambda: metric(api, "tidemark_exports") == 0)


def test_rows_of_a_filter_are_the_rows_of_the_table(api):
    text = api.get("/api/v1/prices?asset=ethereum&format=csv").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 6000 and len({(row["source"], row["time"]) for row in rows}) == 6000
    assert [row["source"] for row in rows] == sorted(row["source"] for row in rows)
    assert [row["close"] for row in rows if row["source"] == "kraken"] == [str(n + 1) for n in range(3000)]
    lines = api.get("/api/v1/prices?source=kraken&format=ndjson").text.splitlines()
    assert [json.loads(line)["close"] for line in lines] == list(range(1, 3001))


def test_nothing_is_an_empty_table(api):
    answer = api.get("/api/v1/prices/bitcoin?granularity=1d&format=csv")
    assert (answer.status_code, answer.text.count("\n")) == (200, 1)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bitcoin-usd-1d.csv"'
    assert answer.headers["Cache-Status"] == "tidemark;fwd=bypass" and answer.headers["Cache-Control"] == "no-store"
    assert api.get("/api/v1/prices/bitcoin?granularity=1d&format=ndjson").content == b""


def test_the_head_alone_is_had_without_the_rows(api):
    answer = api.session.head(api.url + WHOLE + "&format=csv", timeout=30)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/csv")
    assert api.get("/livez").status_code == 200, "on the same connection"


def test_more_than_two_at_once_are_refused_and_pages_are_not(api):
    with stream(api, WHOLE + "&format=csv") as one, stream(api, WHOLE + "&format=csv") as other:
        assert one.readline() and other.readline()
        refused = api.get(WHOLE + "&format=csv")
        assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "exports.busy", "5")
        assert len(api.get(WHOLE + "&format=csv&limit=10&start_time=2024-03-01").text.splitlines()) == 11
    wait_for("both are over", lambda: metric(api, "tidemark_exports") == 0)


@contextlib.contextmanager
def without_the_table(api):
    api.system.query("REVOKE SELECT ON candles FROM tidemark_api; SELECT 1")
    try:
        yield
    finally:
        api.system.query("GRANT SELECT ON candles TO tidemark_api; SELECT 1")


def test_a_history_that_cannot_go_on_is_cut_and_not_short(api):
    """Also where the end of the connection would be the end of the answer."""
    before = metric(api, 'tidemark_exports_total{end="cut"}')
    with stream(api, WHOLE + "&format=csv") as answer, socket.create_connection(("127.0.0.1", api.port), timeout=60) as old:
        old.sendall(f"GET {WHOLE}&format=csv HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        assert answer.readline() and old.recv(16)
        with without_the_table(api):
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                while answer.read(1 << 20):
                    pass
            with pytest.raises(ConnectionResetError):
                while old.recv(1 << 20):
                    pass
    wait_for("both are counted", lambda: metric(api, 'tidemark_exports_total{end="cut"}') == before + 2)


def test_a_history_that_cannot_begin_is_a_problem(api):
    with without_the_table(api):
        answer = api.get(WHOLE + "&format=csv")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")


def test_a_history_goes_on_behind_its_last_row_when_the_database_is_back(api):
    with stream(api, WHOLE + "&format=csv&end_time=2024-05-31") as answer:
        lines = [answer.readline()]
        assert api.system.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                " WHERE application_name = 'tidemark-api' AND datname = current_database()")[0][0] >= 4
        lines += answer.read().splitlines()
    assert len(lines) == 1 + 151 * 288 and len({line.split(b",")[1] for line in lines}) == len(lines)
