"""tidemarkctl backfill: windows of candles, fetched by a running system beside its histories."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

from job_kinds import history
from programs import base_environment, program_path
from waiting import wait_for


@pytest.fixture
def system(tidemark):
    tidemark.add_coins()
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000",
                             TIDEMARK_TIERS_MS="100,200,400,1500")
    return tidemark


@pytest.fixture
def running(system):
    system.start_worker()
    system.start_scheduler()
    return system


def day(back):
    """The date so many days ago."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - back * 86400))


def assert_filled(row):
    """All there is: the replayed market has hours without trades, but not many."""
    assert row["stored"] + row["missing"] == row["expected"]
    assert 0 <= row["missing"] <= row["expected"] // 100 + 1


def backfill(system, *arguments, **options):
    return system.ctl("backfill", *arguments, "--json", timeout=240, **options)


def candles(system):
    return system.query(
        "SELECT count(*), to_char(min(open_time), 'YYYY-MM-DD\"T\"HH24:MI:SS.000Z'),"
        " to_char(max(open_time), 'YYYY-MM-DD\"T\"HH24:MI:SS.000Z') FROM candles")


def test_a_window_is_filled_and_the_regular_history_stays_where_it_is(running):
    regular = history("binance", "BTCUSDT", days=1)
    running.vhost.publish(regular)
    wait_for("the regular history", lambda: running.query(
        "SELECT 1 FROM runs WHERE job_id = %s AND status = 'ok'", regular["job_id"]))
    before = running.query("SELECT * FROM checkpoints")
    own = candles(running)[0][0]

    done = backfill(running, "binance", "BTCUSDT", "1h", "--from", day(100), "--to", day(40))

    [row] = json.loads(done.stdout)
    assert (row["symbol"], row["status"], row["expected"]) == ("BTCUSDT", "ok", 1440)
    assert_filled(row)
    assert row["stored"] <= row["records"] <= row["stored"] + 2, "two candles are seen twice"
    assert row["from"] == f"{day(100)}T00:00:00.000Z" and row["to"] == f"{day(40)}T00:00:00.000Z"
    assert before[0] in running.query("SELECT * FROM checkpoints")
    [(count, first, _)] = candles(running)
    assert count == row["stored"] + own and first == row["from"]
    assert "100 %" in done.stderr and f"{row['records']} candles" in done.stderr


def test_several_symbols_of_every_source_with_history(running):
    for source, symbols in (("coinbase", ["BTC-USD", "ETH-USD"]), ("coingecko", ["bitcoin/usd"]),
                            ("kraken", ["XXBTZUSD"])):
        rows = json.loads(backfill(running, source, *symbols, "1d", "--from", day(30),
                                   "--to", day(10)).stdout)
        assert [(row["symbol"], row["status"]) for row in rows] == [(s, "ok") for s in symbols]
        for row in rows:
            assert row["expected"] == 20
            assert_filled(row)
    outside = running.query("SELECT count(*) FROM candles WHERE open_time < %s OR open_time >= %s",
                            day(30), day(10))
    assert outside == [(0,)]


def test_a_second_time_goes_on_and_again_fetches_all(running):
    window = ("binance", "BTCUSDT", "1d", "--from", day(30), "--to", day(20))
    [first] = json.loads(backfill(running, *window).stdout)
    running.query("DELETE FROM candles WHERE open_time = (SELECT max(open_time) FROM candles)")
    asked = len(running.replay.requests())
    time.sleep(1)  # another second: another job

    [second] = json.loads(backfill(running, *window).stdout)
    time.sleep(1)
    [again] = json.loads(backfill(running, *window, "--again").stdout)

    assert (second["records"], second["missing"]) == (0, first["missing"] + 1)
    assert (again["records"], again["missing"]) == (first["records"], first["missing"])
    assert len(running.replay.requests()) == asked + 1


def test_it_goes_on_after_the_worker_was_killed(system):
    system.replay.rule(delay_ms=300)
    system.start_scheduler()
    worker = system.start_worker()
    program = subprocess.Popen(
        [program_path("tidemarkctl"), "backfill", "binance", "BTCUSDT", "5m", "--from", day(40),
         "--to", day(20), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**base_environment(), **system.environment("operator")})
    try:
        wait_for("two pages", lambda: candles(system)[0][0] >= 2000)
        worker.kill()
        system.start_worker()
        out, _ = program.communicate(timeout=120)
    finally:
        program.kill()

    [row] = json.loads(out)
    assert program.returncode == 0
    assert row["expected"] == 5760
    assert_filled(row)


def test_ctrl_c_leaves_it_running(running):
    running.replay.rule(delay_ms=1000)
    terminal, inside = pty.openpty()
    program = subprocess.Popen(
        [program_path("tidemarkctl"), "backfill", "binance", "BTCUSDT", "5m", "--from", day(40),
         "--to", day(20)], stdout=subprocess.DEVNULL, stderr=inside,
        env={**base_environment(), **running.environment("operator")})
    os.close(inside)
    said = b""
    while b" %  1000 candles" not in said:
        said += os.read(terminal, 4096)
    program.send_signal(signal.SIGINT)
    while b"the job goes on" not in said:
        said += os.read(terminal, 4096)
    code = program.wait(timeout=30)
    os.close(terminal)

    assert code == -signal.SIGINT and b"[####" in said and b"\r" in said
    wait_for("all of it", lambda: running.query("SELECT 1 FROM runs WHERE status = 'ok'"), 60)
    assert candles(running)[0][0] > 5700


def test_without_waiting_it_is_only_ordered(system):
    [row] = json.loads(backfill(system, "binance", "BTCUSDT", "1h", "--from", "10d", "--to", "5d",
                                "--no-wait").stdout)

    assert row["status"] is None and row["missing"] == row["expected"] in (120, 121)
    [(job_id, state, args)] = system.query(
        "SELECT job_id, state, message::json -> 'args' FROM slots")
    assert job_id == row["job_id"] and state == "pending"
    assert args["until_s"] - args["lookback_s"] > 0 and args["until_s"] % 3600 == 0


def test_a_coin_that_is_mapped_is_so_in_every_currency(system):
    system.query("DELETE FROM instruments WHERE symbol = 'bitcoin/eur'")
    system.ctl("instruments", "map", "coingecko", "bitcoin", "bitcoin")

    [row] = json.loads(backfill(system, "coingecko", "bitcoin/eur", "1d", "--from", "5d", "--no-wait").stdout)

    assert row["symbol"] == "bitcoin/eur" and row["missing"] == row["expected"]


def test_that_nobody_publishes_is_told(system):
    program = subprocess.Popen(
        [program_path("tidemarkctl"), "backfill", "binance", "BTCUSDT", "1h", "--from", "2d"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**base_environment(), **system.environment("operator")})
    said = []
    while not any("does a scheduler run?" in line for line in said):
        said.append(program.stderr.readline())
        assert said[-1], said
    program.send_signal(signal.SIGINT)
    assert program.wait(timeout=30) == -signal.SIGINT


@pytest.mark.parametrize("arguments, code, words", [
    (["csv", "BTCUSDT", "1h", "--from", "2d"], 1, "cannot be asked for a window"),
    (["binance", "LTCUSDT", "1h", "--from", "2d"], 1, "is not mapped"),
    (["coingecko", "bitcoin/usd", "5m", "--from", "9d"], 1, "--from that or later"),
    (["coingecko", "bitcoin/usd", "5m", "--from", "9d", "--to", "8d"], 1, "so far back"),
    (["kraken", "XXBTZUSD", "5m", "--from", "100d"], 1, "--from that or later"),
    (["binance", "BTCUSDT", "1h", "--from", "2100-01-01"], 1, "no closed candle"),
    (["binance", "BTCUSDT", "1h", "--from", "2d", "--to", "2100-01-01"], 1, "in the future"),
    (["binance", "BTCUSDT", "1h", "--from", "2d", "--to", "3d"], 1, "no closed candle"),
    (["binance", "BTCUSDT", "2h", "--from", "2d"], 2, "must be 5m, 1h or 1d"),
    (["mtgox", "BTCUSDT", "1h", "--from", "2d"], 2, "no such source"),
    (["binance", "BTCUSDT", "1h"], 2, "needs --from"),
    (["binance", "BTC,USDT", "1h", "--from", "2d"], 1, "args.symbol"),
    (["binance", "1h", "--from", "2d"], 2, "is missing"),
])
def test_what_makes_no_sense_is_refused_before_anything_is_ordered(system, arguments, code, words):
    system.query("DELETE FROM instruments WHERE symbol = 'LTCUSDT'")

    done = backfill(system, *arguments, check=False)

    assert done.returncode == code and words in done.stderr, done.stderr
    assert system.query("SELECT count(*) FROM slots") == [(0,)]


def test_a_source_that_is_switched_off_is_not_asked(system):
    system.ctl("sources", "disable", "binance")

    done = backfill(system, "binance", "BTCUSDT", "1h", "--from", "2d", check=False)

    assert done.returncode == 1 and "switched off" in done.stderr
