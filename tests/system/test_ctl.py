"""tidemarkctl on real engines: the schedules file, and what an operator looks at."""

import concurrent.futures
import hashlib
import json
import pathlib
import subprocess

import pika
import pytest

from named_queries import NamedQueries, array
from programs import ROOT, base_environment, program_path, run_program
from waiting import wait_for

DEFAULT = ROOT / "deploy/schedules.yml"

SMALL = """
assets:
  bitcoin: {symbol: BTC, name: Bitcoin}
instruments:
  binance:
    BTCUSDT: bitcoin/usdt
schedules:
  quotes: {source: binance, kind: quote, every: 5m, symbols: [BTCUSDT]}
  hourly: {source: binance, kind: history, every: 1h, each: [BTCUSDT], interval: 1h, lookback: 30d}
"""


def write(tidemark, text):
    path = pathlib.Path(tidemark.directory) / "schedules.yml"
    path.write_text(text, encoding="utf-8")
    return path


def apply(tidemark, path, **options):
    return tidemark.ctl("schedules", "apply", path, "--json", **options)


def names(tidemark):
    return [row[0] for row in tidemark.query("SELECT name FROM schedules ORDER BY name")]


def test_the_default_file_applies_and_a_second_time_changes_nothing(tidemark):
    first = json.loads(apply(tidemark, DEFAULT).stdout)
    second = json.loads(apply(tidemark, DEFAULT).stdout)

    assert first["changed"] == first["schedules"] == len(names(tidemark)) > 40
    assert second["changed"] == 0 and second["removed"] == []
    assert tidemark.query("SELECT symbol, name FROM assets WHERE slug = 'ripple'") == [
        ("XRP", "XRP")]
    assert tidemark.query(
        "SELECT slug, code FROM instruments JOIN assets USING (asset_id) JOIN quotes"
        " USING (quote_id) JOIN sources USING (source_id)"
        " WHERE sources.name = 'binance' AND instruments.symbol = 'BTCUSDT'") == [
            ("bitcoin", "usdt")]


def test_what_is_no_longer_in_the_file_is_removed_and_the_rest_changed(tidemark):
    apply(tidemark, write(tidemark, SMALL))
    less = SMALL.replace("every: 5m", "every: 1m").replace("  hourly:", "  hourly-candles:")

    report = json.loads(apply(tidemark, write(tidemark, less)).stdout)

    assert report["removed"] == ["hourly/BTCUSDT"]
    assert report["changed"] == 2
    assert names(tidemark) == ["hourly-candles/BTCUSDT", "quotes"]
    assert tidemark.query("SELECT period_s FROM schedules WHERE name = 'quotes'") == [(60,)]


@pytest.mark.parametrize("old, new, words", [
    ("every: 5m", "every: soon", ":8: every \"soon\" must be"),
    ("every: 5m", "cron: '0 3 31 2 *'", ":8: cron \"0 3 31 2 *\": day of month: none of the"),
    ("symbols: [BTCUSDT]", "symbols: [BTCEUR]", ":8: binance has no instrument \"BTCEUR\""),
    ("bitcoin/usdt", "bitcoin/zwl", ":6: binance BTCUSDT is priced in an unknown currency"),
    ("bitcoin/usdt", "bitconnect/usdt", ":6: binance BTCUSDT is of an unknown asset"),
])
def test_a_wrong_file_changes_nothing_and_says_where(tidemark, old, new, words):
    apply(tidemark, write(tidemark, SMALL.replace("every: 5m", "every: 7m")))
    before = tidemark.query("SELECT * FROM schedules ORDER BY name")

    done = apply(tidemark, write(tidemark, SMALL.replace(old, new)), check=False)

    assert done.returncode == 1 and "schedules.yml" + words in done.stderr
    assert tidemark.query("SELECT * FROM schedules ORDER BY name") == before


def test_a_source_that_the_database_does_not_know_is_told(tidemark):
    """A file of a newer release, and nobody has migrated: its schedules must not be passed over in silence."""
    tidemark.query("DELETE FROM sources WHERE name = 'csv'")

    done = apply(tidemark, write(tidemark, SMALL + "  files: {source: csv, kind: history, every: 1m}\n"), check=False)

    assert done.returncode == 2 and "does not know csv: run tidemark-migrate up" in done.stderr
    assert names(tidemark) == []


def test_a_worker_that_takes_a_list_of_coins_and_an_operator_do_not_wait_in_a_circle(tidemark):
    """Who writes references holds their lock before it writes an asset; so does who applies a file."""
    worker = NamedQueries(tidemark.connect())
    worker.execute("BEGIN")
    worker.run("references_lock")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        applied = pool.submit(apply, tidemark, write(tidemark, SMALL))
        wait_for("it waits for the worker", lambda: tidemark.query(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"))
        worker.execute("SET LOCAL lock_timeout = '500ms'")
        worker.run("assets_ensure", array("bitcoin"), array("btc"), array("Bitcoin"))
        worker.execute("COMMIT")
        assert json.loads(applied.result(timeout=30).stdout)["changed"] == 2


def test_a_schedule_shows_its_last_slot(tidemark):
    apply(tidemark, write(tidemark, SMALL))
    tidemark.query(
        "INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)"
        " SELECT 'x', 'quotes', source_id, 'quote/quotes', '2026-11-21 08:40:00Z', '{}'"
        " FROM sources WHERE name = 'binance'")

    listed = json.loads(tidemark.ctl("schedules", "list", "--json").stdout)
    text = tidemark.ctl("schedules").stdout

    [quotes, hourly] = listed
    assert quotes["last_slot"] == "2026-11-21T08:40:00.000Z" and hourly["last_slot"] is None
    assert quotes["args"] == {"symbols": ["BTCUSDT"]} and quotes["period_s"] == 300
    assert hourly["enabled"] is True and hourly["missed"] == "catch_up"
    assert text.splitlines()[0].split()[:3] == ["NAME", "SOURCE", "KIND"]
    assert "2026-11-21 08:40:00" in text and " 5m " in text


BY_THE_CALENDAR = SMALL.replace("every: 5m", "every: 5m, offset: 0s").replace(
    "every: 1h,", "cron: '15 */6 * * 1-5', offset: 20s,")


def test_a_schedule_shows_its_cron_rule_and_what_is_next(tidemark):
    apply(tidemark, write(tidemark, BY_THE_CALENDAR))
    for stream, slot in (("quote/quotes", "2026-11-20 18:15:00Z"), ("history/BTCUSDT/1h", "2026-11-20 18:15:00Z")):
        tidemark.query(
            "INSERT INTO slots (job_id, schedule_name, source_id, stream, slot, message)"
            " SELECT %s, 'x', source_id, %s, %s, '{}' FROM sources WHERE name = 'binance'",
            stream, stream, slot)

    quotes, hourly = json.loads(tidemark.ctl("schedules", "list", "--json").stdout)
    text = tidemark.ctl("schedules").stdout

    assert hourly["cron"] == hourly["every"] == "15 */6 * * 1-5" and hourly["period_s"] is None
    assert hourly["offset_s"] == 20 and hourly["next"] == "2026-11-23T00:15:20.000Z", "after the weekend"
    assert quotes["next"] == "2026-11-20T18:20:00.000Z" and quotes["cron"] is None
    assert " 15 */6 * * 1-5 " in text and "2026-11-23 00:15:20" in text


def test_a_period_instead_of_the_schedules_own_is_shown(tidemark):
    apply(tidemark, write(tidemark, BY_THE_CALENDAR))
    tidemark.query("INSERT INTO leader (host, pid, quote_period_s) VALUES ('h', 1, 60)")

    quotes, hourly = json.loads(tidemark.ctl("schedules", "list", "--json").stdout)

    assert quotes["every"] == "1m instead of 5m" and quotes["ingestion_interval_s"] == 60
    assert quotes["period_s"] == 300, "what the file says"
    assert hourly["ingestion_interval_s"] is None, "of quotes only"


def test_runs_and_checkpoints_are_listed(tidemark):
    for n, status in ((1, "ok"), (2, "dead")):
        tidemark.query(
            "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, pages,"
            " error_text) SELECT %s, source_id, 'quote', 'quote/x', now(), 1, %s, 3,"
            " E'bad\\nline' FROM sources WHERE name = 'binance'", f"job-{n}", status)
    tidemark.query("INSERT INTO checkpoints (source_id, stream, position, run_id)"
                   " SELECT source_id, 'quote/x', 'here', 1 FROM sources WHERE name = 'binance'")

    runs = json.loads(tidemark.ctl("runs", "--status", "dead", "--json").stdout)
    text = tidemark.ctl("runs", "list", "--source", "binance").stdout
    [checkpoint] = json.loads(tidemark.ctl("checkpoints", "--json").stdout)

    assert [run["job_id"] for run in runs] == ["job-2"] and runs[0]["pages"] == 3
    assert len(text.splitlines()) == 3 and "bad?line" in text
    assert (checkpoint["stream"], checkpoint["position"]) == ("quote/x", "here")
    assert json.loads(tidemark.ctl("runs", "--source", "csv", "--json").stdout) == []


def test_runs_are_filtered(tidemark):
    for n, (kind, stream, ago) in enumerate((("quote", "quote/a", 0), ("quote", "quote/b", 5),
                                             ("history", "history/c/1h", 0))):
        tidemark.query(
            "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, started_at)"
            " SELECT %s, source_id, %s, %s, now(), 1, 'ok', now() - %s * interval '1 hour'"
            " FROM sources WHERE name = 'binance'", f"job-{n}", kind, stream, ago)

    def jobs(*options):
        return sorted(run["job_id"] for run in json.loads(
            tidemark.ctl("runs", *options, "--json").stdout))

    assert jobs("--kind", "quote") == ["job-0", "job-1"]
    assert jobs("--stream", "quote/b") == ["job-1"] == jobs("--job", "job-1")
    assert jobs("--since", "2h") == ["job-0", "job-2"] and jobs("--since", "2100-01-01") == []
    assert jobs("--kind", "quote", "--since", "2h") == ["job-0"] and len(jobs("--limit", "2")) == 2


def test_a_run_is_shown_with_its_payloads_and_rejects(tidemark):
    tidemark.query(
        "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, rejected, args)"
        " SELECT 'job', source_id, 'quote', 'quote/x', now(), 1, 'ok', 1, '{\"a\":[1]}'"
        " FROM sources WHERE name = 'binance'")
    tidemark.query("SELECT ensure_partition('raw_payloads', now())")
    for status, rejects in ((500, None),
                            (200, '[{"where":"[3]","reason":"price.missing","excerpt":"\\u001b"}]')):
        tidemark.query(
            "INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status,"
            " content_type, verdict, sha256, body, rejects) SELECT run_id, source_id, now(),"
            " '/api?x=1', %s, 'application/json', 'ok', sha256('body'), 'body', %s FROM runs",
            status, rejects)

    shown = json.loads(tidemark.ctl("runs", "show", "1", "--json").stdout)
    text = tidemark.ctl("runs", "show", "1").stdout
    missing = tidemark.ctl("runs", "show", "2", check=False)

    assert (shown["job_id"], shown["args"], shown["schedule"]) == ("job", {"a": [1]}, None)
    assert [p["http_status"] for p in shown["payloads"]] == [500, 200]
    assert shown["payloads"][0]["bytes"] == 4
    assert shown["payloads"][0]["sha256"] == hashlib.sha256(b"body").hexdigest()
    assert shown["rejects"] == [{"payload_id": shown["payloads"][1]["payload_id"], "where": "[3]",
                                 "reason": "price.missing", "excerpt": "\x1b"}]
    assert "/api?x=1" in text and "price.missing" in text and "\x1b" not in text
    assert missing.returncode == 1 and "no run 2" in missing.stderr
    assert tidemark.ctl("runs", "show", "one", check=False).returncode == 2


def bury(tidemark, job_id, **headers):
    """A dead letter as a worker writes it, in the queue a worker declares."""
    connection = tidemark.vhost.connect()
    channel = connection.channel()
    channel.queue_declare("dead", durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_publish("", "dead", b'{"v":1}', pika.BasicProperties(
        delivery_mode=2, message_id=job_id, headers=headers))
    connection.close()


def test_dead_letters_are_shown_and_stay_where_they_are(tidemark):
    bury(tidemark, "binance/quote/x/1", reason="permanent", source="binance", kind="quote",
         attempt=2, error_code="provider.status_404", error="no\x1b[31m such pair",
         http_status=404)
    bury(tidemark, "csv/history/inbox/2", reason="attempts", source="csv")

    for _ in range(25):  # more often than a job may be delivered
        letters = json.loads(tidemark.ctl("dead", "--json").stdout)
    text = tidemark.ctl("dead", "list", "--source", "binance").stdout
    shown = json.loads(tidemark.ctl("dead", "show", "binance/quote/x/1", "--json").stdout)
    missing = tidemark.ctl("dead", "show", "nobody", check=False)

    assert [letter["job_id"] for letter in letters] == ["binance/quote/x/1", "csv/history/inbox/2"]
    assert letters[0]["attempt"] == 2 and letters[0]["http_status"] == 404
    assert letters[1]["error"] is None
    assert len(text.splitlines()) == 2 and "permanent" in text and "\x1b" not in text
    assert shown["message"] == '{"v":1}' and shown["headers"]["error_code"] == "provider.status_404"
    assert missing.returncode == 1 and "nobody" in missing.stderr


@pytest.mark.parametrize("arguments, words", [
    ([], "name a command"),
    (["runs", "--source"], "needs a value"),
    (["runs", "--limit", "0"], "1 to 10000"),
    (["runs", "--frob"], "unknown option"),
    (["runs", "--status", "lost"], "one of running|ok"),
    (["dead", "--source", "nobody"], "no such source"),
    (["schedules", "apply"], "FILE: is missing"),
    (["schedules", "drop"], "no such command"),
    (["runs", "list", "me"], "one word too many"),
])
def test_a_wrong_command_line_is_refused(arguments, words):
    done = run_program("tidemarkctl", {}, *arguments, check=False)

    assert done.returncode == 2 and words in done.stderr and done.stdout == ""


def test_missing_settings_and_missing_servers_have_codes_of_their_own(tidemark):
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
            "RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/%2f"}

    for arguments in (["runs"], ["dead"]):
        assert run_program("tidemarkctl", {}, *arguments, check=False).returncode == 2
        assert run_program("tidemarkctl", away, *arguments, check=False).returncode == 75
    nonsense = {"RABBITMQ_URL": "nonsense"}
    assert run_program("tidemarkctl", nonsense, "dead", check=False).returncode == 2


def test_an_answer_that_cannot_be_written_is_no_success(tidemark):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([program_path("tidemarkctl"), "runs"], stdout=full, text=True,
                              stderr=subprocess.PIPE, env={**base_environment(),
                                                           **tidemark.environment("operator")})

    assert done.returncode == 1 and "cannot be written" in done.stderr
