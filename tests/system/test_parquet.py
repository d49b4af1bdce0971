"""Closed days as Parquet, read by a library that is not ours: every value of the table, digit by digit."""
import decimal
import json
import pathlib
import subprocess

import pytest

import npm_packages
from known_rows import KnownRows, NoProviders
from test_prices import DAY, HOUR, MINUTE, iso, window
from tidemark import Tidemark

FOLDER = pathlib.Path(__file__).resolve().parent / "parquet"
DIGITS = "0.000000012345678901234567"
LARGE = "123456789012345678901234567890.5"


def fill(system):
    rows = KnownRows(system)
    rows.candles("binance", "bitcoin", "usd", DAY, ["105.000", "9999999.5", DIGITS], known_at=DAY + 13 * HOUR)
    rows.candles("kraken", "ethereum", "usd", DAY, ["1", LARGE], known_at=DAY + 13 * HOUR)
    rows.tick("coinbase", "ethereum", "usd", DAY + MINUTE, "250.50")
    system.query(  # more than one group, in pages of which the last is not full; half of the volumes are unknown
        "WITH made AS (INSERT INTO candles (source_id, quote_id, asset_id, interval_s, inputs, open_time, run_id, payload_id, origin,"
        " open, high, low, close, volume, final) SELECT source_id, quote_id, asset_id, 300, 1, %s + n * interval '1 second', 1, n, 0, 1,"
        " 3 + n, 1, (2 + n / 8.0)::numeric(12,3), CASE WHEN n %% 2 = 0 THEN 7.5 END, n %% 3 = 0"
        " FROM sources, quotes, assets, generate_series(0, 16500) AS n"
        " WHERE sources.name = 'binance' AND code = 'usd' AND slug = 'bitcoin' RETURNING 1) SELECT count(*) FROM made", DAY)
    system.query("INSERT INTO series SELECT source_id, quote_id, asset_id, interval_s, min(open_time), max(open_time)"
                 " FROM candles WHERE interval_s = 300 GROUP BY 1, 2, 3, 4 RETURNING 1")


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "parquet", tmp_path_factory.mktemp("parquet"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum"))
        fill(system)
        yield system.start_api(RATE_LIMIT_PER_MINUTE="100000")
    finally:
        system.remove()


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """read(answer): what is said about the file, and its rows."""
    modules = npm_packages.install(FOLDER)
    path = tmp_path_factory.mktemp("files") / "prices.parquet"

    def of(answer):
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/vnd.apache.parquet"), answer.text
        path.write_bytes(answer.content)
        done = subprocess.run(["node", FOLDER / "read.mjs", modules, path], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        about, *rows = map(json.loads, done.stdout.splitlines())
        assert about["rows"] == len(rows)
        return about, rows

    return of


def decimals(row):
    return {name: value if value is None else decimal.Decimal(value) for name, value in row.items()
            if name in ("open", "high", "low", "close", "volume")}


def test_each_value_is_the_same_to_the_last_digit(api, read):
    about, rows = read(api.get(f"/api/v1/prices/bitcoin?{window()}&format=parquet"))
    assert [row["close"] for row in rows] == ["105.000000000000000000000000", "9999999.500000000000000000000000", DIGITS]
    assert about["types"]["close"] == ["FIXED_LEN_BYTE_ARRAY", "DECIMAL", 38, 24]
    assert about["types"]["time"] == ["INT64", "TIMESTAMP"] and rows[1]["time"] == iso(DAY + HOUR)
    assert (rows[0]["source"], rows[0]["origin"], rows[0]["final"], rows[0]["trades"]) == ("binance", "provider", True, None)
    assert about["notes"]["tidemark.decimals"].startswith("exact")


def test_a_column_with_too_many_digits_is_text(api, read):
    about, rows = read(api.get(f"/api/v1/prices?{window()}&format=parquet"))
    assert about["types"]["close"] == ["BYTE_ARRAY", "STRING"] and about["types"]["volume"][1] == "DECIMAL"
    assert [row["close"] for row in rows] == ["105.000", "9999999.5", DIGITS, "1", LARGE]
    assert [(row["asset"], row["source"]) for row in rows] == [("bitcoin", "binance")] * 3 + [("ethereum", "kraken")] * 2


def test_groups_and_pages_are_one_table(api, read):
    target = f"/api/v1/prices/bitcoin?{window()}&granularity=5m"
    about, rows = read(api.get(target + "&format=parquet"))
    lines = [json.loads(line, parse_float=decimal.Decimal) for line in api.get(target + "&format=ndjson").text.splitlines()]
    assert (about["groups"], len(rows)) == (2, 16501)
    assert [(row["time"], row["final"], row["payload_id"]) for row in rows] == [
        (line["time"], line["final"], str(line["payload_id"])) for line in lines]
    assert [decimals(row) for row in rows] == [decimals(line) for line in lines]


def test_ticks_and_nothing_are_files_as_well(api, read):
    about, rows = read(api.get(f"/api/v1/prices/ethereum?{window()}&granularity=tick&format=parquet"))
    assert [(row["price"], row["doubt"], row["source"]) for row in rows] == [("250.50", "[]", "coinbase")]
    about, rows = read(api.get(f"/api/v1/prices/ethereum?{window()}&granularity=1w&format=parquet"))
    assert rows == [] and about["types"]["close"][:2] == ["FIXED_LEN_BYTE_ARRAY", "DECIMAL"]
    head = api.session.head(api.url + f"/api/v1/prices/bitcoin?{window()}&format=parquet", timeout=30)
    assert head.status_code == 200 and head.headers["Content-Disposition"].endswith('bitcoin-usd-1h.parquet"')


@pytest.mark.parametrize("query, parameter", [
    ("start_time=2026-01-01", "end_time"), ("end_time=2026-01-01", "start_time"), ("start_time=2026-01-01&end_time=2099-01-01", "end_time"),
    ("start_time=2026-01-01T01:00:00Z&end_time=2026-01-02", "start_time"), ("start_time=2026-01-01&end_time=2026-01-02&limit=5", "limit"),
    ("start_time=2026-01-01&end_time=2026-01-02&fill=previous", "fill")])
def test_only_closed_days_are_files(api, query, parameter):
    answer = api.get(f"/api/v1/prices/bitcoin?format=parquet&{query}")
    assert (answer.status_code, answer.json()["parameter"], answer.json()["code"]) == (400, parameter, "parameter.conflict")
