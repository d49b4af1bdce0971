"""tidemark-api against real engines: answers, bad input, limits, caches, and parts that are away."""
import asyncio
import concurrent.futures
import datetime
import signal
import subprocess
import time

import aiohttp
import pytest
import requests

from market_rows import MarketRows, utc_now
from replay.oracle import of_iso
from waiting import wait_for


@pytest.fixture
def rows(tidemark):
    tidemark.add_coins(("bitcoin", "ethereum"))
    return MarketRows(tidemark)


def test_prices_charts_and_rows_are_served(tidemark, rows):
    rows.set_price("bitcoin", "usd", "0.000000012345678901234567", announce=False)
    rows.set_price("bitcoin", "usd", "777", source="binance", age_s=60, announce=False)
    rows.add_candles("bitcoin", "usd", range(1, 101), end=utc_now() - datetime.timedelta(minutes=5))
    api = tidemark.start_api()
    price = api.get("/simple_price?assets=bitcoin,ethereum&currencies=usd&source=coinbase")
    assert '"usd":0.000000012345678901234567,' in price.text, "every digit as it was stored"
    assert price.json()["bitcoin"]["usd_source"] == "coinbase"
    assert price.json()["ethereum"] == {"usd": None}
    chart = api.get("/market_chart?asset=bitcoin&currency=usd&days=3&interval=hourly").json()
    assert [value for _, value in chart["prices"]][-2:] == [100, 777], "candles, then the latest"
    assert 72 <= len(chart["prices"]) <= 73
    assert sorted(chart["prices"]) == chart["prices"]
    longer = api.get("/market_chart?asset=bitcoin&currency=usd&days=3&interval=4h").json()
    fourth = [[at, value] for at, value in chart["prices"][:-1] if at % (4 * 3600 * 1000) == 0]
    assert longer["prices"][-18:] == fourth[-17:] + chart["prices"][-1:], "each of four hours, then the latest"
    page = api.get("/data?source=coinbase&symbol=btc").json()
    assert page["metadata"]["total_count"] == 1 and page["data"][0]["coin_id"] == "bitcoin"


def test_sources_come_to_one_price_and_say_how(tidemark, rows):
    for source, price in (("coinbase", "100.50"), ("kraken", "101"), ("coingecko", "100.75"), ("coinmarketcap", "1007.5")):
        rows.set_price("bitcoin", "usd", price, source=source, announce=False)
    rows.set_price("bitcoin", "usd", "3", source="csv", age_s=86400, announce=False)
    rows.set_price("bitcoin", "usd", "100999", source="coinpaprika", announce=False, doubt=1 + 4)
    rows.set_price("bitcoin", "usdt", "7", source="binance", announce=False)
    api = tidemark.start_api()
    answer = api.get("/api/v1/consensus/btc/")
    assert '"price":100.75,' in answer.text and '"spread":0.50,' in answer.text, "exact"
    told = answer.json()
    assert (told["asset"], told["currency"], told["state"]) == ("bitcoin", "usd", "ok")
    assert (told["sources"], told["sources_used"], told["spread_percent"]) == (6, 3, 0.4963)
    assert told["market_cap"] == {"value": 2000, "source": "coinbase"}
    assert {one["source"]: (one["used"], one["reason"], one["doubt"]) for one in told["inputs"]} == {
        "coinbase": (True, None, []), "kraken": (True, None, []), "coingecko": (True, None, []),
        "coinmarketcap": (False, "outlier", []), "coinpaprika": (False, "doubtful", ["jump", "market_cap"]),
        "csv": (False, "stale", [])}
    assert sum(one["weight"] for one in told["inputs"]) == pytest.approx(1, abs=0.001)
    [old] = [one for one in told["inputs"] if one["source"] == "csv"]
    assert 86400 <= old["age_seconds"] < 86460 and old["fresh_seconds"] == 900
    simple = api.get("/simple_price?assets=bitcoin&currencies=usd,usdt").json()["bitcoin"]
    assert (simple["usd"], simple["usd_source"], simple["usd_state"], simple["usd_sources"], simple["usd_stale"]) == (
        100.75, "consensus", "ok", 3, False)
    assert (simple["usdt"], simple["usdt_source"], simple["usdt_state"]) == (7, "binance", "single_source")
    chosen = api.get("/simple_price?assets=bitcoin&currencies=usd&source=coinpaprika").json()["bitcoin"]
    assert (chosen["usd"], chosen["usd_source"], chosen["usd_doubt"]) == (
        100999, "coinpaprika", ["jump", "market_cap"]), "as it was stored, with what speaks against it"
    [row] = api.get("/data?source=coinpaprika").json()["data"]
    assert row["doubt"] == ["jump", "market_cap"]


def test_without_agreement_there_is_no_price(tidemark, rows):
    rows.set_price("bitcoin", "usd", "100", announce=False)
    rows.set_price("bitcoin", "usd", "120", source="kraken", announce=False)
    rows.set_price("ethereum", "usd", "7", age_s=3600, announce=False)
    api = tidemark.start_api()
    simple = api.get("/simple_price?assets=bitcoin,ethereum&currencies=usd").json()
    path = simple["bitcoin"].pop("usd_inputs")
    assert simple["bitcoin"] == {"usd": None, "usd_source": None, "usd_observed_at": None, "usd_age_seconds": None,
                                 "usd_stale": False, "usd_state": "disagreement", "usd_sources": 0}
    assert [one["reason"] for one in api.get(path).json()["inputs"]] == ["disagrees", "disagrees"]
    assert (simple["ethereum"]["usd"], simple["ethereum"]["usd_stale"], simple["ethereum"]["usd_state"]) == (
        7, True, "stale")
    nothing = api.get("/api/v1/consensus/ethereum?currency=eur").json()
    assert (nothing["state"], nothing["price"], nothing["inputs"]) == (None, None, [])


# What is refused, and before what.

BAD_REQUESTS = [
    ("unknown asset", "/simple_price?assets=nope&currencies=usd", 404, "assets"),
    ("unknown currency", "/simple_price?assets=bitcoin&currencies=zzz", 400, "currencies"),
    ("no currency", "/simple_price?assets=bitcoin", 400, "currencies"),
    ("unknown source", "/simple_price?assets=bitcoin&currencies=usd&source=zzz", 400, "source"),
    ("doubled", "/simple_price?assets=bitcoin&assets=bitcoin&currencies=usd", 400, "assets"),
    ("unknown asset in a path", "/api/v1/consensus/nope", 404, "symbol"),
    ("a currency in a path", "/api/v1/consensus/bitcoin?currency=zzz", 400, "currency"),
    ("a path's parameter in the query", "/api/v1/consensus/bitcoin?symbol=bitcoin", 400, "symbol"),
    ("undeclared", "/simple_price?assets=bitcoin&currencies=usd&x=1", 400, "x"),
    ("days=0", "/market_chart?asset=bitcoin&currency=usd&days=0", 400, "days"),
    ("days=abc", "/market_chart?asset=bitcoin&currency=usd&days=abc", 400, "days"),
    ("days=-1", "/market_chart?asset=bitcoin&currency=usd&days=-1", 400, "days"),
    ("interval", "/market_chart?asset=bitcoin&currency=usd&days=1&interval=yearly", 400, "interval"),
    ("chart of an unknown asset", "/market_chart?asset=nope&currency=usd&days=1", 404, "asset"),
    ("page_size=101", "/data?page_size=101", 400, "page_size"),
    ("page=0", "/data?page=0", 400, "page"),
    ("limit=0", "/data?limit=0", 400, "limit"),
    ("symbol with a quote", "/data?symbol=%27%20OR%201=1", 400, "symbol"),
    ("7 KiB of names", "/simple_price?currencies=usd&assets=" + "a" * 7000, 400, "assets"),
    ("health takes nothing", "/health?x=1", 400, "x"),
]


def metric(api, name, **labels):
    """The sum of a metric's samples that have these labels."""
    total = 0.0
    for line in api.get("/metrics").text.splitlines():
        if line.startswith("#"):
            continue
        sample, value = line.rsplit(" ", 1)
        if sample.split("{")[0] == name and all(f'{key}="{each}"' in sample
                                                for key, each in labels.items()):
            total += float(value)
    return total


ASKED = ("api_cache_lookups_total", "api_redis_commands_total", "api_database_queries_total",
         "api_flights_total", "api_limit_leases_total")


def test_bad_input_is_refused_before_anything_is_asked(tidemark, rows):
    api = tidemark.start_api(RATE_LIMIT_PER_MINUTE="1000")
    before = [metric(api, name) for name in ASKED]
    for name, path, status, parameter in BAD_REQUESTS:
        answer = api.get(path)
        problem = answer.json()
        assert answer.status_code == status, name
        assert answer.headers["Content-Type"] == "application/problem+json", name
        assert problem["parameter"] == parameter and "allowed" in problem, name
        assert problem["request_id"] == answer.headers["X-Request-Id"], name
        assert problem["status"] == status and problem["code"] and problem["title"], name
    assert [metric(api, name) for name in ASKED] == before


def test_a_10_kib_query_is_a_problem_that_says_what_is_allowed(tidemark, rows):
    api = tidemark.start_api()
    answer = api.get("/simple_price?currencies=usd&assets=" + "bitcoin," * 1280)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["parameter"] == "assets" and answer.json()["allowed"]


def test_paths_and_methods(tidemark, rows):
    api = tidemark.start_api()
    assert api.get("/nope").json()["code"] == "route.unknown"
    refused = api.session.post(api.url + "/simple_price", data=b"x", timeout=10)
    assert refused.status_code == 405 and refused.headers["Allow"] == "GET, HEAD, OPTIONS"
    asked = api.session.options(api.url + "/simple_price", timeout=10)
    assert asked.status_code == 204 and asked.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert api.get("/health/").status_code == 200, "a slash at the end"
    assert api.get("//health").status_code == 400


# How an answer looks.

PRICE = "/simple_price?assets=bitcoin&currencies=usd"


def test_tags_compression_and_head(tidemark, rows):
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    rows.add_candles("bitcoin", "usd", range(1, 300))
    one, other = tidemark.start_api(), tidemark.start_api()
    chart = "/market_chart?asset=bitcoin&currency=usd&days=10"
    plain = one.get(chart, headers={"Accept-Encoding": "identity"})
    packed = one.get(chart, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and packed.content == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"], "other bytes, another tag"
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert other.get(chart, headers={"Accept-Encoding": "identity"}).headers["ETag"] == plain.headers["ETag"]
    for answer in (plain, packed):
        again = one.get(chart, headers={
            "Accept-Encoding": "gzip" if answer is packed else "identity",
            "If-None-Match": f'"x", W/{answer.headers["ETag"]}'})
        assert again.status_code == 304 and not again.content
        assert again.headers["ETag"] == answer.headers["ETag"]
    head = one.session.head(one.url + chart, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert head.headers["Content-Length"] == str(len(plain.content)) and not head.content
    assert head.headers["ETag"] == plain.headers["ETag"]


def test_request_ids(tidemark, rows):
    api = tidemark.start_api()
    made = {api.get("/livez").headers["X-Request-Id"] for _ in range(20)}
    assert len(made) == 20
    assert api.get("/livez", headers={"X-Request-Id": "from-outside.1"}).headers["X-Request-Id"] == "from-outside.1"
    for bad in ("short", "x" * 65, "has blank in it", 'quote"quote'):
        assert api.get("/livez", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad
    lines = api.wait_log(event="http.request", request_id="from-outside.1")
    assert lines["status"] == 200 and lines["target"] == "/livez"


def walk(api, target):
    """All rows, from one page to the next by cursor; the head says the same as the body from the second on."""
    answer = api.get(target)
    found = []
    for _ in range(10):
        page = answer.json()
        found += [(row["coin_id"], row["currency"]) for row in page["data"]]
        if not page["next_cursor"]:
            assert 'rel="next"' not in answer.headers.get("Link", "")
            return found
        answer = api.get(f"{target}&cursor={page['next_cursor']}")
    raise AssertionError("no last page")


def test_data_pages_do_not_overlap(tidemark, rows):
    for currency in ("usd", "eur", "btc"):
        for asset in ("bitcoin", "ethereum"):
            rows.set_price(asset, currency, "1.50", announce=False)
    api = tidemark.start_api()
    seen = []
    for page in (1, 2, 3, 4):
        answer = api.get(f"/data?page={page}&page_size=2").json()
        assert answer["metadata"]["page"] == page and answer["metadata"]["total_count"] == 6
        seen += [(row["coin_id"], row["currency"]) for row in answer["data"]]
    assert len(seen) == 6 and len(set(seen)) == 6
    assert walk(api, "/data?limit=4") == seen
    limited = api.get("/data?limit=5&symbol=eth")
    assert [row["symbol"] for row in limited.json()["data"]] == ["ETH"] * 3
    assert limited.json()["metadata"]["request_id"] == limited.headers["X-Request-Id"]
    assert limited.json()["metadata"]["api_latency_ms"] >= 0


# Limits.

def test_the_61st_request_is_refused_over_two_replicas(tidemark, rows):
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    replicas = [tidemark.start_api(), tidemark.start_api()]
    statuses = []
    for turn in range(70):
        answer = replicas[turn % 2].get(PRICE)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break
        assert int(answer.headers["RateLimit"].split("r=")[1].split(";")[0]) < 60
    passed = statuses.count(200)
    assert 60 <= passed <= 62, f"one a second comes back meanwhile: {passed}"
    assert answer.headers["Retry-After"].isdigit() and int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["RateLimit-Policy"] == '"client";q=60;w=60'
    assert answer.json()["code"] == "limit.reached"
    assert replicas[0].get("/health").status_code == 200, "costs nothing"
    assert replicas[0].get("/simple_price?assets=nope").status_code == 404, "costs nothing"


def test_forwarded_addresses_are_believed_from_trusted_proxies_only(tidemark, rows):
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    trusting = tidemark.start_api(TRUSTED_PROXIES="127.0.0.0/8", RATE_LIMIT_PER_MINUTE="5")
    for client in ("192.0.2.1", "192.0.2.2"):
        statuses = [trusting.get(PRICE, headers={"X-Forwarded-For": f"9.9.9.{turn}, {client}"}).status_code
                    for turn in range(7)]
        assert statuses.count(200) in (5, 6), "each client has its own limit, whatever it makes up"
    wary = tidemark.start_api(RATE_LIMIT_PER_MINUTE="5", CACHE_NAMESPACE="wary")
    statuses = [wary.get(PRICE, headers={"X-Forwarded-For": f"192.0.2.{turn}"}).status_code
                for turn in range(7)]
    assert statuses.count(200) in (5, 6)


# Caches.

def price_of(api):
    return api.get(PRICE).json()["bitcoin"]["usd"]


def test_a_commit_is_visible_on_every_replica_at_once(tidemark, rows):
    rows.set_price("bitcoin", "usd", "1", announce=False)
    tidemark.settings["RATE_LIMIT_PER_MINUTE"] = "1000000"
    replicas = [tidemark.start_api(), tidemark.start_api()]
    for price in range(2, 12):
        for api in replicas:
            assert price_of(api) == price - 1
        rows.set_price("bitcoin", "usd", str(price))
        for api in replicas:
            wait_for(f"price {price}", lambda api=api, price=price: price_of(api) == price,
                     timeout=2, pause=0.002)
    assert metric(replicas[0], "api_events_total") == 10


def test_answers_come_from_memory_then_redis_then_the_database(tidemark, rows):
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    rows.add_candles("bitcoin", "usd", range(1, 60))
    # What was stored before a replica heard its first event it does not believe: so both are up.
    one, other = tidemark.start_api(), tidemark.start_api()
    chart = "/market_chart?asset=bitcoin&currency=usd&days=1&interval=hourly"
    first = one.get(chart)
    assert metric(one, "api_database_reads_total") == 1
    assert one.get(chart).content == first.content
    assert metric(one, "api_database_reads_total") == 1
    namespace = f"test-{tidemark.name}"
    store = tidemark.redis.connect(tidemark.redis_number)
    wait_for("the key is in Redis", lambda: store.exists(f"{namespace}:bitcoin:usd:hourly:1"))
    assert other.get(chart).content == first.content
    assert metric(other, "api_database_reads_total") == 0, "the other replica had it read"
    assert metric(other, "api_cache_lookups_total", layer="redis", result="fresh") == 1


def test_a_thousand_misses_are_one_reading(tidemark, rows):
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    tidemark.settings["RATE_LIMIT_PER_MINUTE"] = "1000000"
    replicas = [tidemark.start_api(), tidemark.start_api()]

    async def ask():
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            async def one(number):
                async with session.get(replicas[number % 2].url + PRICE) as answer:
                    return answer.status, await answer.text()
            return await asyncio.gather(*(one(number) for number in range(1000)))

    answers = asyncio.run(ask())
    assert {status for status, _ in answers} == {200}
    assert len({text for _, text in answers}) == 1
    reads = sum(metric(api, "api_database_reads_total") for api in replicas)
    assert 1 <= reads <= 2, reads


# Parts that are away.

def wait_health(api, **wanted):
    def matches():
        found = api.get("/health").json()
        return all(found[key] == value for key, value in wanted.items())
    wait_for(lambda: f"{wanted} in {api.get('/health').text}", matches, timeout=15)


def test_without_postgresql_what_is_known_is_served_and_says_its_age(own_tidemark):
    rows = MarketRows(own_tidemark)
    own_tidemark.add_coins(("bitcoin", "ethereum"))
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    own_tidemark.settings["RATE_LIMIT_PER_MINUTE"] = "1000000"
    api = own_tidemark.start_api()
    known = api.get(PRICE)
    assert known.json()["bitcoin"]["usd"] == 64123.5 and known.json()["bitcoin"]["usd_stale"] is False
    own_tidemark.postgres.stop("immediate")
    rows.announce(10 ** 12, prices=["bitcoin/usd"])
    wait_for("the old answer, marked", lambda: "Warning" in api.get(PRICE).headers, timeout=5)
    answer = api.get(PRICE)
    assert answer.status_code == 200 and answer.headers["Age"].isdigit()
    assert answer.json()["bitcoin"]["usd_stale"] is True and answer.json()["bitcoin"]["usd_state"] == "stale"
    assert "111" in answer.headers["Warning"] and answer.headers["ETag"] not in (known.headers["ETag"], None)
    assert api.get(PRICE, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    started = time.monotonic()
    unknown = api.get("/simple_price?assets=ethereum&currencies=eur")
    assert time.monotonic() - started < 1
    assert unknown.status_code == 503 and int(unknown.headers["Retry-After"]) >= 1
    wait_health(api, status="unhealthy", database="disconnected")
    assert api.get("/health").status_code == 503
    for path in ("/livez", "/readyz", "/metrics"):
        assert api.get(path).status_code == 200
    own_tidemark.postgres.start()
    wait_health(api, status="healthy")
    wait_for("answers again", lambda: api.get(
        "/simple_price?assets=ethereum&currencies=eur").status_code == 200, timeout=15)
    wait_for("the price as it is", lambda: api.get(PRICE).headers["ETag"] == known.headers["ETag"], timeout=5)
    assert api.get(PRICE).json()["bitcoin"]["usd_stale"] is False


def test_without_redis_answers_and_limits_go_on(own_tidemark):
    rows = MarketRows(own_tidemark)
    own_tidemark.add_coins(("bitcoin", "ethereum"))
    rows.set_price("bitcoin", "usd", "64123.50", announce=False)
    api = own_tidemark.start_api(RATE_LIMIT_PER_MINUTE="20", REPLICAS_EXPECTED="2")
    own_tidemark.redis.stop()
    wait_health(api, status="degraded", redis="disconnected")
    statuses = [api.get(PRICE).status_code for _ in range(15)]
    assert 10 <= statuses.count(200) <= 11, "the replica's share of 20"
    assert 429 in statuses
    own_tidemark.redis.start()
    wait_health(api, status="healthy", redis="connected")
    wait_for("a grant: the bucket in Redis is a new one",
             lambda: api.get(PRICE).status_code == 200, timeout=2)


def test_stopping_says_so_first_and_finishes_what_is_under_way(tidemark, rows):
    rows.set_price("bitcoin", "usd", "1", announce=False)
    api = tidemark.start_api(DRAIN_DELAY="1s")
    api.signal(signal.SIGTERM)
    wait_for("not ready", lambda: api.get("/readyz").status_code == 503)
    assert api.get(PRICE).status_code == 200, "still serves"
    assert api.wait() == 0
    assert api.log(event="stop.done")


STATS_OF_RUNS = """
    SELECT count(*), coalesce(sum(records), 0), avg(extract(epoch FROM finished_at - started_at))::float8,
           (date_part('epoch', max(finished_at) FILTER (WHERE status = 'ok')) * 1000)::bigint,
           (date_part('epoch', max(finished_at) FILTER (WHERE status IN ('failed', 'dead', 'expired'))) * 1000)::bigint
    FROM runs JOIN sources USING (source_id) WHERE %s IN (name, 'all')"""


def stats_of(value):
    """Times to the millisecond, averages to the microsecond, as they are served."""
    return (value["total_runs"], value["records_processed"], value["average_duration_seconds"],
            *(value[name] and of_iso(value[name]) for name in ("last_success", "last_failure")))


def wanted_stats(tidemark, source="all"):
    runs, records, average, *moments = tidemark.query(STATS_OF_RUNS, source)[0]
    return runs, records, average and round(average, 6), *moments


def test_stats_are_what_the_runs_say(tidemark):
    api = tidemark.start_api()
    found = api.get("/stats").json()
    assert stats_of(found) == (0, 0, None, None, None)
    assert found["by_source"]["kraken"] == {
        "status": "never_run", "run_status": None, "enabled": True, "last_run": None, "last_success": None,
        "last_failure": None, "error": None, "upstream": None, "total_runs": 0, "records_processed": 0,
        "average_duration_seconds": None, "by_status": {}}
    for number, (source, status, seconds) in enumerate((
            (2, "ok", "0.25"), (2, "ok", "1.000007"), (2, "dead", "3"), (2, "waiting", "70"), (3, "failed", "0.5"),
            (3, "running", None), (7, "ok", "0.001"), (7, "expired", "0"), (7, "skipped", "0"))):
        tidemark.query(
            "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, records, started_at, finished_at)"
            " SELECT %s, %s, 'quote', 'quote/a', now(), 1, %s, %s, at, at + %s * interval '1 second'"
            " FROM (SELECT now() - %s * interval '1 minute' AS at) AS runs",
            f"job/{number}", source, status, 10 * number, seconds, number)
    tidemark.query("UPDATE sources SET enabled = false WHERE name = 'coinbase'")
    wait_for("the runs are counted", lambda: api.get("/stats").json()["total_runs"] == 9)
    found = api.get("/stats").json()
    assert stats_of(found) == wanted_stats(tidemark)
    for source, value in found["by_source"].items():
        assert stats_of(value) == wanted_stats(tidemark, source), source
        assert value["by_status"] == dict(tidemark.query(
            "SELECT status, count(*) FROM runs JOIN sources USING (source_id) WHERE name = %s GROUP BY 1", source))
        assert value["enabled"] == (source != "coinbase")
    assert found["by_source"]["binance"]["by_status"] == {"dead": 1, "ok": 2, "waiting": 1}


def test_waiting_is_not_failing(tidemark):
    api = tidemark.start_api()
    tidemark.query(
        "INSERT INTO runs (job_id, source_id, kind, stream, slot, attempt, status, error_code)"
        " VALUES ('job/1', 2, 'history', 'a', now(), 1, 'waiting', 'provider.cooldown')")
    wait_for("the run is shown", lambda: api.get("/health").json()["etl_status"]["last_run"])
    found = api.get("/health").json()["etl_status"]
    assert found["sources"]["binance"]["status"] == "waiting"
    assert found["sources"]["binance"]["error"] == "provider.cooldown"
    assert found["status"] == "success", "as a source that is running"


def test_metrics_are_what_prometheus_takes(tidemark, rows):
    api = tidemark.start_api()
    api.get(PRICE)
    api.get("/nope")
    text = wait_for("the first look at the runs", lambda: (lambda found: "etl_runs_total" in found and found)(
        api.get("/metrics").text), timeout=5)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("api_requests_total", "api_latency_seconds_bucket"):
        assert f"\n{name}{{" in text
    for name in ("etl_runs_total", "etl_duration_seconds", "etl_records_processed", "tidemark_rollup_lag_seconds"):
        assert f"# TYPE {name} " in text
    assert tidemark.start_api(ENABLE_METRICS="false").get("/metrics").status_code == 404


def test_every_loop_of_a_process_hears_of_a_commit(tidemark, rows):
    rows.set_price("bitcoin", "usd", "1", announce=False)
    api = tidemark.start_api(API_THREADS="3", RATE_LIMIT_PER_MINUTE="1000000")
    clients = [requests.Session() for _ in range(24)]  # the kernel spreads them over the loops
    try:
        for price in (1, 2, 3):
            if price > 1:
                rows.set_price("bitcoin", "usd", str(price))
            for client in clients:
                wait_for(f"price {price}", lambda client=client, price=price: client.get(
                    api.url + PRICE, timeout=5).json()["bitcoin"]["usd"] == price, timeout=5, pause=0.002)
        assert metric(api, "api_events_total") == 6, "two commits, three loops"
    finally:
        for client in clients:
            client.close()


# Readers and writers that cross. More of parts that are away: test_parts_away.py.

def test_a_slow_reader_never_puts_an_older_price_back(tidemark, rows, proxy_to):
    rows.set_price("bitcoin", "usd", "1", announce=False)
    proxy = proxy_to(tidemark.postgres.port)
    url = tidemark.postgres.url(tidemark.database, "tidemark_api_login")
    slow = tidemark.start_api(DATABASE_READ_URL=url.replace(str(tidemark.postgres.port), str(proxy.port)),
                              RATE_LIMIT_PER_MINUTE="100000")
    fast = tidemark.start_api(RATE_LIMIT_PER_MINUTE="100000")
    proxy.delay(0.3)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        reading = pool.submit(slow.get, PRICE)
        wait_for("the slow reading is under way", lambda: metric(slow, "api_database_reads_total") >= 1)
        rows.set_price("bitcoin", "usd", "2")
        wait_for("the new price", lambda: price_of(fast) == 2, timeout=5)
        assert reading.result().status_code == 200
    for _ in range(50):
        assert price_of(fast) == 2, "neither from memory nor from Redis comes the older one"
    wait_for("the slow one too", lambda: price_of(slow) == 2, timeout=5)
    for _ in range(50):
        assert price_of(slow) == price_of(fast) == 2
