"""tidemarkctl rebuild: the tables made anew from the raw payloads are the same, or it says which are not."""
import json
import random
import shutil

import pytest

from job_kinds import EVERY_KIND, history, listing, quote, slot
from programs import ROOT, run_program
from replay.oracle import make_job, wait_quiescent
from waiting import wait_for

LISTED = ("coinmarketcap", "coinpaprika")
WITH_REFERENCES = ("coingecko", "binance", "kraken", "coinpaprika")
MADE = {"ticks", "candles", "candle_revisions", "series", "latest_prices", "listings"}


class Rebuilder:
    """A Tidemark whose tables are filled, and databases to rebuild it into."""

    def __init__(self, tidemark):
        self.system, self.targets = tidemark, []
        tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000")
        tidemark.add_coins()

    def fill(self, *jobs):
        self.system.vhost.publish(*jobs)
        wait_quiescent(self.system.connect(), self.system.vhost.queues, jobs)

    def target(self, template=None):
        """The name of a new database: migrated and empty, or a copy."""
        self.targets.append(f"{self.system.database}_{len(self.targets)}")
        self.system.postgres.create_database(self.targets[-1], template or self.system.services.template)
        self.system.postgres.execute(f"ALTER DATABASE {self.targets[-1]} OWNER TO tidemark_migrate")
        return self.targets[-1]

    def remove(self):
        for name in self.targets:
            self.system.postgres.drop_database(name)

    def run(self, target, *options, original=None, check=True):
        url = self.system.postgres.url(original or self.system.database, "tidemark_operator_login")
        return run_program("tidemarkctl", {"DATABASE_URL": url}, "rebuild", "--into",
                           self.system.postgres.url(target, "tidemark_migrate"), *options, check=check, timeout=300)

    def report(self, target, *options, **more):
        return json.loads(self.run(target, "--json", *options, check=False, **more).stdout)

    def query(self, database, statement, *parameters):
        with self.system.postgres.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(name="rebuilder")
def filled(tidemark):
    rebuilder = Rebuilder(tidemark)
    yield rebuilder
    rebuilder.remove()


def same(report):
    return {table["table"]: table["same"] for table in report["tables"]}


def of(report, table):
    return next(each for each in report["tables"] if each["table"] == table)


def of_source(source, job):
    return {**job, "source": source, "job_id": f"{source}/{job['stream']}/{job['slot']}"}


def every_job(times=1):
    """Quotes, listings, histories and reference lists of every source that has them."""
    jobs = [make(n) for make in EVERY_KIND.values() for n in range(2)]
    jobs += [of_source(source, listing(at=slot(back=number))) for source in LISTED for number in (1, 2)]
    jobs += [make_job(source, "reference", "reference", slot(3600), {}) for source in WITH_REFERENCES]
    jobs.append(make_job("csv", "history", "history/inbox", slot(), {}))
    jobs *= times
    random.Random(7).shuffle(jobs)
    return jobs


def klines(closes, first_ms):
    return json.dumps([[first_ms + n * 3600_000, close, close, close, close, "1", first_ms + (n + 1) * 3600_000 - 1, "1",
                        1, "0", "0", "0"] for n, close in enumerate(closes)])


def correct_candles(rebuilder):
    """The newest candles of a market are said to be A, then B, then A again, each by a job of its own."""
    at = slot(3600)
    first_ms = (at - 3 * 3600) * 1000
    for number, closes in enumerate([("10.0", "11", "12"), ("10.0", "11.5", "12"), ("10", "11", "12")]):
        rebuilder.system.query("DELETE FROM checkpoints WHERE stream = 'history/SOLUSDT/1h'")
        rule = rebuilder.system.replay.rule(source="binance", path="*SOLUSDT*", body=klines(closes, first_ms),
                                            headers={"Content-Type": "application/json"})
        rebuilder.fill(history("binance", "SOLUSDT", days=1, at=at - 3600 * (3 - number)))
        rebuilder.system.replay.remove_rules(rule)
    assert rebuilder.system.query(
        "SELECT close::text FROM candles JOIN assets USING (asset_id) WHERE slug = 'solana' AND source_id = 2"
        " ORDER BY open_time") == [("10.0",), ("11",), ("12",)]


def map_late(rebuilder):
    """A market that nobody knew when its first price came, and one that is mapped otherwise since."""
    system = rebuilder.system
    system.query("DELETE FROM instruments WHERE symbol = 'DOGEUSDT'")
    rebuilder.fill(quote("binance", ["DOGEUSDT", "ADAUSDT"], slot(back=40)))
    system.query("INSERT INTO instruments (source_id, symbol, asset_id, quote_id)"
                 " SELECT 2, 'DOGEUSDT', asset_id, 50 FROM assets WHERE slug = 'dogecoin'")
    system.query("UPDATE instruments SET asset_id = (SELECT asset_id FROM assets WHERE slug = 'solana')"
                 " WHERE symbol = 'ADAUSDT'")
    rebuilder.fill(quote("binance", ["DOGEUSDT", "ADAUSDT"], slot(back=39)))


def test_whatever_was_fetched_in_whichever_order_the_tables_come_out_the_same(rebuilder):
    system = rebuilder.system
    (system.directory / "csv").mkdir(exist_ok=True)
    for name in ("cdd_Binance_BTCUSDT_d_2021.csv", "plain_BTCUSDT_5m_2025_cut.csv"):
        shutil.copy(ROOT / "tests/recorded/csv" / name, system.directory / "csv" / name)
    system.query("INSERT INTO instruments (source_id, symbol, asset_id, quote_id)"
                 " SELECT 4, 'BTCUSDT', asset_id, 50 FROM assets WHERE slug = 'bitcoin'")
    for _ in range(2):
        system.start_worker("*=2")
    rebuilder.fill(*every_job(times=3))
    correct_candles(rebuilder)
    map_late(rebuilder)
    system.replay.rule(source="coinbase", status=500, body="{}")
    system.vhost.publish(quote("coinbase", ["ETH-USD"]))
    wait_for("a refused payload", lambda: system.query("SELECT 1 FROM raw_payloads WHERE verdict <> 'ok'"))

    first = rebuilder.target()
    report = rebuilder.report(first)
    assert report["equal"] and all(same(report).values()), report
    assert report["differences"] == [] and report["troubles"] == []
    assert report["payloads"]["total"] == sum(report["payloads"][fate] for fate in ("fed", "refused"))
    assert {table["table"] for table in report["tables"] if table["from"] == "payloads"} == MADE
    assert all(table["rows"] > 0 for table in report["tables"]
               if table["table"] not in ("schedules", "coins", "reference_entries")), report

    # The order of the rows on the disk says nothing either.
    shuffled, second = rebuilder.target(rebuilder_copy(rebuilder)), rebuilder.target()
    rebuilder.query(shuffled, "CREATE TABLE pile AS SELECT * FROM raw_payloads ORDER BY md5(sha256::text)")
    rebuilder.query(shuffled, "TRUNCATE raw_payloads")
    rebuilder.query(shuffled, "INSERT INTO raw_payloads SELECT * FROM pile")
    assert rebuilder.report(second, original=shuffled)["equal"]
    between = same(rebuilder.report(second, "--verify-only", original=first))  # the worker went on trying Coinbase
    assert all(between[table] for table in MADE), between

    # New rows get new ids.
    rebuilder.query(first, "INSERT INTO assets (slug, symbol, name) VALUES ('x', 'X', 'X')")
    assert rebuilder.query(first, "SELECT nextval('raw_payload_ids') > max(payload_id) FROM raw_payloads") == [(True,)]


def rebuilder_copy(rebuilder):
    """A database may be copied when nobody is connected to it."""
    for program in rebuilder.system.programs:
        program.stop()
    rebuilder.query("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    rebuilder.system.database)
    return rebuilder.system.database


# What has no meaning in another database, or is said by its own programs and migrations.
LEFT_OUT = {"slots", "archives", "retention_state", "leader", "run_counters", "users", "api_keys", "audit_log", "schema_migrations",
            "gaps", "coverage", "history_reach", "partitioned_tables", "rollup_marks", "reports", "report_rows", "report_days",
            "cursor_keys", "listing_order", "data_order", "data_counts", "coverage_order", "coverage_sums", "gap_sums", "partition_births"}


def test_every_table_is_compared_or_left_out_on_purpose(rebuilder):
    tables = {row[0] for row in rebuilder.system.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition")}
    compared = {table["table"] for table in rebuilder.report(rebuilder.target())["tables"]}
    assert compared | LEFT_OUT == tables and not compared & LEFT_OUT


# Smaller tables, for what may go wrong.

@pytest.fixture(name="small")
def filled_a_little(rebuilder):
    rebuilder.system.start_worker("coingecko=1,binance=1")
    rebuilder.fill(EVERY_KIND["coingecko listing"](), EVERY_KIND["binance quote"](), EVERY_KIND["binance quote"](1))
    rebuilder.fill(history("binance", "BTCUSDT", "1h", days=60), history("coingecko", "bitcoin/usd", "1d", days=200))
    return rebuilder


def test_a_value_that_was_changed_is_found_and_named(small):
    target = small.target()
    assert small.report(target)["equal"]
    [(moment,)] = small.query(target, "UPDATE candles SET close = high WHERE origin = 0 AND (source_id, open_time) ="
                              " (SELECT source_id, min(open_time) FROM candles"
                              "  WHERE source_id = 2 AND origin = 0 AND close < high GROUP BY 1)"
                              " RETURNING to_char(open_time, 'YYYY-MM-DD\"T\"HH24:MI')")
    small.query(target, "DELETE FROM ticks WHERE source_id = 2 AND asset_id = (SELECT min(asset_id) FROM ticks"
                " WHERE source_id = 2)")
    small.query(target, "UPDATE runs SET records = records + 1 WHERE run_id = (SELECT min(run_id) FROM runs)")

    report = small.report(target, "--verify-only")
    assert not report["equal"]
    assert [name for name, equal in same(report).items() if not equal] == ["runs", "ticks", "candles"]
    assert (of(report, "candles")["changed"], of(report, "ticks")["missing"]) == (1, 2)
    [candle] = [each for each in report["differences"] if each["table"] == "candles"]
    assert candle["kind"] == "changed" and candle["place"].startswith(f"binance bitcoin/usdt 1h {moment}")
    assert candle["what"].startswith("close ")
    done = small.run(target, "--verify-only", check=False)
    assert done.returncode == 1 and done.stderr.endswith("not the same: runs, ticks, candles\n")
    assert candle["place"] in done.stdout


def test_only_an_empty_migrated_database_is_taken(small):
    def refusal(target, **more):
        done = small.run(target, check=False, **more)
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr

    used, old, bare = small.target(), small.target(), small.target("template0")
    small.query(used, "INSERT INTO assets (slug, symbol, name) VALUES ('x', 'X', 'X')")
    run_program("tidemark-migrate", {"DATABASE_URL": small.system.postgres.url(old)}, "down")
    assert "has rows in assets: make a new one" in refusal(used)
    assert "tidemark-migrate up" in refusal(old) and "tidemark-migrate up" in refusal(bare)
    assert "names the database that DATABASE_URL names" in refusal(small.system.database)
    assert small.query(used, "SELECT count(*) FROM runs") == [(0,)]


def test_rows_of_payloads_that_are_gone_are_told_apart_from_wrong_ones(small):
    small.system.query("DELETE FROM raw_payloads WHERE payload_id = (SELECT min(payload_id) FROM candles"
                       " WHERE source_id = 2)")
    small.system.query("UPDATE raw_payloads SET markets = NULL WHERE run_id IN"
                       " (SELECT run_id FROM runs WHERE kind = 'listing')")
    target = small.target()
    report = small.report(target)

    assert not report["equal"] and report["payloads"]["older"] == 1
    assert of(report, "candles")["gone"] == 1000 and of(report, "listings")["gone"] == 50
    assert all(table[kind] == 0 for table in report["tables"] for kind in ("changed", "missing", "extra")), report
    assert all(table["same"] for table in report["tables"] if table["from"] == "original")
    done = small.run(target, "--verify-only", check=False)
    assert done.returncode == 1 and "that are not kept" in done.stderr and "all others are the same" in done.stderr


def test_a_payload_that_is_damaged_or_makes_no_sense_stops_nobody(small):
    """They are hostile once more: whatever stands there now."""
    def payload_of(kind, number=0):
        return small.system.query("SELECT payload_id FROM raw_payloads JOIN runs USING (run_id) WHERE kind = %s"
                                  " AND runs.source_id = 2 ORDER BY 1", kind)[number][0]

    damaged, garbage, strange = payload_of("quote"), payload_of("quote", 1), payload_of("history")
    small.system.query("UPDATE raw_payloads SET body = 'x' WHERE payload_id = %s", damaged)
    small.system.query("UPDATE raw_payloads SET body = '[', sha256 = sha256('[') WHERE payload_id = %s", garbage)
    small.system.query("UPDATE raw_payloads SET markets = '{\"BTCUSDT\": [[[]]]}' WHERE payload_id = %s", strange)
    report = small.report(small.target())

    assert [(each["payload_id"], each["fate"]) for each in report["troubles"]] == sorted([
        (damaged, "damaged"), (garbage, "unparsed"), (strange, "unparsed")])
    assert {each["payload_id"]: each["code"] for each in report["troubles"]}[strange] == "markets.shape"
    assert same(report)["raw_payloads"] and same(report)["listings"]
    assert of(report, "ticks")["missing"] > 0
    candles = of(report, "candles")  # the next page brings the last two of this one once more
    assert (candles["missing"], candles["changed"]) == (998, 2)
