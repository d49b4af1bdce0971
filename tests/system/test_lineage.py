"""The way back from a served number to the bytes it came from, and who may have those."""
import base64
import datetime
import decimal
import hashlib
import json

import pytest

from job_kinds import history, listing, quote
from known_rows import KnownRows, NoProviders
from market_rows import utc_now
from tidemark import Tidemark, crew_of
from waiting import wait_for

ADMIN = "an-administrators-key-of-a-test"
BODY = json.dumps({"text": "<script>alert(1)</script>", "price": "64123.50"})
HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)
NOON = utc_now().replace(minute=0, second=0, microsecond=0) - 48 * HOUR


def ms(moment):
    return int(moment.timestamp() * 1000)


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def fill(rows):
    """ethereum: six ticks of kraken's, rolled to five minutes, an hour and a day; bitcoin: candles of binance, one corrected."""
    for minute in range(6):
        rows.tick("kraken", "ethereum", "usd", NOON + minute * MINUTE, f"10{minute}.5")
    rows.roll(NOON, NOON.replace(hour=0))
    rows.candles("binance", "bitcoin", "usd", NOON - HOUR, ["8"], known_at=NOON + 5 * MINUTE)
    rows.candles("binance", "bitcoin", "usd", NOON - HOUR, ["8.1"], known_at=NOON + 20 * MINUTE)


@pytest.fixture(name="api", scope="module")
def running_api(services, tmp_path_factory):
    system = Tidemark(services, "lineage", tmp_path_factory.mktemp("lineage"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum", "ripple"))
        rows = KnownRows(system)
        fill(rows)
        running = system.start_api(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="1000000")
        running.rows, running.system = rows, system
        yield running
    finally:
        system.remove()


def lineage(api, **asked):
    answer = api.get("/api/v1/lineage", params=asked)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=str, parse_int=str)


# Who may have the bytes.

def test_a_payload_is_given_to_administrators_byte_for_byte(api):
    _, payload_id = api.rows.payload("binance", NOON, BODY)
    path = f"/api/v1/admin/payloads/{payload_id}"
    for headers in ({"X-API-Key": ADMIN}, {"Authorization": f"Bearer {ADMIN}"}):
        answer = api.get(path, headers={**headers, "Accept-Encoding": "identity"})
        assert answer.status_code == 200 and answer.text == BODY
        digest = hashlib.sha256(BODY.encode())
        assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert answer.headers["X-Payload-Sha256"] == digest.hexdigest()
        assert answer.headers["Content-Type"] == "application/octet-stream", "never as what the provider called it"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="payload-{payload_id}"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert api.get("/api/v1/admin/payloads/999999", headers={"X-API-Key": ADMIN}).status_code == 404


def test_without_the_key_nobody_gets_a_payload_and_guessing_is_limited(tidemark):
    api = tidemark.start_api(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="25")
    path = "/api/v1/admin/payloads/1"
    nobody = api.get(path)
    assert nobody.status_code == 401 and nobody.headers["WWW-Authenticate"].startswith("Bearer")
    refused = [api.get(path, headers={"X-API-Key": f"{ADMIN[:-1]}{digit}"}) for digit in range(4)]
    assert {each.status_code for each in refused} == {403}
    assert api.get(path, headers={"X-API-Key": ADMIN}).status_code == 429, "five tries of five tokens each"
    assert ADMIN[:-1] not in api.text()


# Link by link.

def test_a_tick_leads_to_its_run_its_payload_and_its_name_in_there(api):
    found = lineage(api, asset="ethereum", currency="usd", source="kraken", at=ms(NOON + 1.5 * MINUTE))
    assert found["value"] == "101.5" and found["row"]["table"] == "ticks"
    assert found["row"]["observed_at"] == iso(NOON + MINUTE) == found["row"]["known_at"]
    assert found["inputs"] is None and found["run"]["run_id"] == found["row"]["run_id"]
    payload = found["payload"]
    assert payload["symbols"] == ["SYMBOL"] and payload["kept"] and payload["fetched_at"] == iso(NOON + MINUTE)
    body = api.get(payload["download"], headers={"X-API-Key": ADMIN}).content
    assert hashlib.sha256(body).hexdigest() == payload["sha256"] and len(body) == int(payload["bytes"])
    assert json.loads(body, parse_float=str)["price"] == found["value"]


def test_a_price_of_several_sources_leads_to_each_of_them(api):
    for source, number in (("kraken", "200"), ("coinbase", "204"), ("binance", "900")):
        api.rows.tick(source, "ripple", "eur", NOON, number)
    asked = {"asset": "ripple", "currency": "eur"}
    found = lineage(api, **asked, at=ms(NOON + MINUTE))
    assert (found["source"], found["row"]["state"], found["value"]) == ("consensus", "ok", "202")
    assert {(row["source"], row["used"], row["reason"]) for row in found["inputs"]["rows"]} == {
        ("kraken", True, None), ("coinbase", True, None), ("binance", False, "outlier")}
    for row in found["inputs"]["rows"]:
        link = lineage(api, **asked, source=row["source"], at=row["observed_at"])
        assert (link["value"], link["payload"]["payload_id"]) == (row["price"], row["payload_id"])


def test_a_rolled_candle_leads_through_shorter_ones_to_its_ticks(api):
    asked = {"asset": "ethereum", "currency": "usd", "source": "kraken"}
    link = lineage(api, **asked, interval="1d", at=ms(NOON.replace(hour=0) + 24 * HOUR))
    seen = []
    while link["row"]["table"] == "candles":
        assert link["row"]["origin"] in ("ticks", "candles") and link["value"] == "105.5"
        rows = link["inputs"]["rows"]
        assert int(link["inputs"]["count"]) == len(rows) and link["inputs"]["next_after"] is None
        seen.append((link["row"]["interval"], len(rows)))
        last = rows[-1]
        if last["table"] == "ticks":
            link = lineage(api, **asked, at=last["observed_at"])
        else:
            link = lineage(api, **asked, interval=last["interval"], at=last["close_time"])
    assert seen == [("1d", 1), ("1h", 2), ("5m", 1)]
    assert link["value"] == "105.5" and link["payload"]["kept"]


@pytest.mark.parametrize("interval, hours, inputs", [("15m", 0.25, 2), ("4h", 4, 1)])
def test_a_candle_that_is_rolled_while_it_is_read_leads_to_those_it_is_made_of(api, interval, hours, inputs):
    midnight = NOON.replace(hour=0)
    close = NOON - (NOON - midnight) % (hours * HOUR) + hours * HOUR  # where the bucket ends that noon is in
    found = lineage(api, asset="ethereum", currency="usd", source="kraken", interval=interval, at=ms(close))
    assert (found["row"]["table"], found["row"]["close_time"], found["value"]) == ("computed", iso(close), "105.5")
    assert int(found["inputs"]["count"]) == len(found["inputs"]["rows"]) == inputs
    assert found["inputs"]["rows"][-1]["run_id"] == found["row"]["run_id"]
    answer = api.get("/api/v1/lineage", params={"asset": "ethereum", "currency": "usd", "interval": "1w", "at": ms(NOON)})
    assert answer.status_code == 404, "a week that is not over, or that nothing is of"


def test_a_late_tick_makes_another_candle_and_as_of_still_leads_to_the_ticks_of_before(api):
    asked = {"asset": "ripple", "currency": "jpy", "source": "kraken", "interval": "5m", "at": ms(NOON + 5 * MINUTE)}
    api.rows.tick("kraken", "ripple", "jpy", NOON, "70")
    api.rows.roll()
    api.rows.tick("kraken", "ripple", "jpy", NOON + 2 * MINUTE, "71", known_at=NOON + HOUR)
    api.rows.roll()
    before, after = (lineage(api, **asked, as_of=ms(NOON + minutes * MINUTE)) for minutes in (59, 60))
    assert [(each["value"], each["row"]["revision"], [row["price"] for row in each["inputs"]["rows"]])
            for each in (before, after)] == [("70", "0", ["70"]), ("71", "1", ["70", "71"])]
    assert before["row"]["known_until"] == after["row"]["known_at"] == iso(NOON + HOUR)


def test_inputs_come_in_pages(api):
    asked = {"asset": "ethereum", "currency": "usd", "source": "kraken", "interval": "5m",
             "at": ms(NOON + 5 * MINUTE), "limit": 2}
    prices, after = [], 0
    while after is not None:
        page = lineage(api, **asked, after=after)["inputs"]
        assert page["count"] == "5" and len(page["rows"]) <= 2
        prices += [row["price"] for row in page["rows"]]
        after = page["next_after"]
    assert prices == ["100.5", "101.5", "102.5", "103.5", "104.5"]


@pytest.mark.parametrize("minutes, value, revision, until", [(5, "8", "0", NOON + 20 * MINUTE), (20, "8.1", "1", None)])
def test_a_replaced_candle_leads_to_the_payload_it_was_made_of(api, minutes, value, revision, until):
    found = lineage(api, asset="bitcoin", currency="usd", source="binance", interval="1h", at=ms(NOON),
                    as_of=ms(NOON + minutes * MINUTE))
    assert (found["value"], found["row"]["revision"]) == (value, revision)
    assert found["row"]["known_until"] == (until and iso(until))
    body = api.get(found["payload"]["download"], headers={"X-API-Key": ADMIN}).text
    assert json.loads(body) == [value]


def test_a_payload_that_retention_dropped_says_so(api):
    payload_id = api.rows.tick("kraken", "ripple", "usd", NOON, "0.5")
    api.system.query("DELETE FROM raw_payloads WHERE payload_id = %s", payload_id)
    found = lineage(api, asset="ripple", currency="usd", source="kraken")
    assert found["value"] == "0.5" and found["run"]["job_id"]
    assert found["payload"] == {"payload_id": str(payload_id), "kept": False, "archive": None}
    partition = f"raw_payloads_{NOON:%Y%m%d}"
    api.system.query(
        "INSERT INTO archives (parent, partition, range_from, range_to, row_count, plain_bytes, packed_bytes, archived_at,"
        " verified_at, dropped_at, schema_version, plain_sha256, packed_sha256, fingerprint, location)"
        " SELECT parent, partition, range_from, range_to, 1, 1, 1, now(), now(), now(), 1, sha256(''), sha256(''), '1', 'x'"
        " FROM partitions WHERE partition = %s", partition)
    assert lineage(api, asset="ripple", currency="usd", source="kraken", field="market_cap")["payload"]["archive"] == partition


def test_ids_lead_on_as_well(api):
    row = lineage(api, asset="bitcoin", currency="usd", source="binance", interval="1h")["row"]
    by_payload = lineage(api, payload_id=row["payload_id"])
    assert by_payload["run"]["run_id"] == row["run_id"] and by_payload["payload"]["payload_id"] == row["payload_id"]
    by_run = lineage(api, run_id=row["run_id"])
    assert [each["payload_id"] for each in by_run["payloads"]["rows"]] == [row["payload_id"]]
    both = lineage(api, run_id=row["run_id"], payload_id=row["payload_id"])
    assert both["payload"] == by_payload["payload"]


def test_a_change_that_the_latest_price_has_none_of_is_the_listings(api):
    source, asset, quote = api.rows.market("coingecko", "ripple", "chf")
    listed = api.rows.payload("coingecko", NOON, '[{"id":"ripple","change":2.5}]')
    drawn = api.rows.candles("coingecko", "ripple", "chf", NOON, ["0.6"], known_at=NOON + HOUR)
    api.system.query("INSERT INTO listings (source_id, asset_id, quote_id, observed_at, run_id, payload_id,"
                     " change_24h_percent) VALUES (%s, %s, %s, %s, %s, %s, 2.5)", source, asset, quote, NOON, *listed)
    api.system.query("INSERT INTO latest_prices (source_id, asset_id, quote_id, observed_at, run_id, payload_id, origin,"
                     " price) VALUES (%s, %s, %s, %s, 1, %s, 'candle', 0.6)", source, asset, quote, NOON + HOUR, drawn)
    asked = {"asset": "ripple", "currency": "chf", "source": "coingecko"}
    change = lineage(api, **asked, field="price_change_percentage_24h")
    assert (change["value"], change["row"]["table"], change["payload"]["payload_id"]) == ("2.5", "listings", str(listed[1]))
    price = lineage(api, **asked)
    assert (price["value"], price["row"]["table"], price["payload"]["payload_id"]) == ("0.6", "candles", str(drawn))


BAD = [({}, "asset"), ({"asset": "bitcoin"}, "currency"), ({"asset": "bitcoin", "currency": "usd", "run_id": 1}, "asset"),
       ({"run_id": 1, "as_of": 1763712000000}, "as_of"), ({"asset": "bitcoin", "currency": "usd", "field": "open"}, "field"),
       ({"asset": "bitcoin", "currency": "usd", "field": "rank", "interval": "1h"}, "field"),
       ({"asset": "bitcoin", "currency": "usd", "field": "rank", "at": 1763712000000}, "field"),
       ({"asset": "bitcoin", "currency": "usd", "interval": "2h"}, "interval")]


@pytest.mark.parametrize("asked, parameter", BAD)
def test_what_names_no_number_is_refused(api, asked, parameter):
    answer = api.get("/api/v1/lineage", params=asked)
    assert answer.status_code == 400 and answer.json()["parameter"] == parameter, answer.text
    assert answer.json()["allowed"], "what goes together"


@pytest.mark.parametrize("asked", [{"asset": "ripple", "currency": "gbp"}, {"run_id": 99999},
                                   {"asset": "ethereum", "currency": "usd", "source": "kraken", "at": ms(NOON - MINUTE)}])
def test_a_number_that_there_is_not_is_not_found(api, asked):
    answer = api.get("/api/v1/lineage", params=asked)
    assert answer.status_code == 404 and answer.json()["code"] == "lineage.nothing", answer.text
    assert ("such run" in answer.json()["detail"]) == ("run_id" in asked)


# From every number that is served to bytes that say it.

class Tracer:
    """Follows numbers of one running system to the bytes of the providers."""

    def __init__(self, api):
        self.api, self.bodies = api, {}

    def numbers_in(self, payload):
        """Every number of a payload, downloaded once and checked against its hash."""
        if payload["payload_id"] not in self.bodies:
            body = self.api.get(payload["download"], headers={"X-API-Key": ADMIN}).content
            assert hashlib.sha256(body).hexdigest() == payload["sha256"]
            found = set()
            collect(json.loads(body, parse_float=decimal.Decimal, parse_int=decimal.Decimal), found)
            self.bodies[payload["payload_id"]] = found
        return self.bodies[payload["payload_id"]]

    def follow(self, number, asset, currency="usd", **asked):
        """`number` as it was served, a text."""
        found = lineage(self.api, asset=asset, currency=currency, **asked)
        assert found["value"] == number, (asked, found)
        assert found["run"]["run_id"] == found["row"]["run_id"] == found["payload"]["run_id"]
        assert len(found["payload"]["symbols"]) == 1
        assert decimal.Decimal(number) in self.numbers_in(found["payload"]), (asked, found)


def collect(value, found):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            collect(each, found)
        return
    try:
        found.add(decimal.Decimal(value))
    except (decimal.InvalidOperation, TypeError, ValueError):
        pass


def served(api, path):
    return json.loads(api.get(path).text, parse_float=str, parse_int=str)


def test_every_number_that_is_served_is_in_the_bytes_it_leads_to(tidemark):
    tidemark.add_coins(("bitcoin", "ethereum"))
    tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000")
    tidemark.start_worker(crew_of("coingecko", "binance"))
    jobs = [listing(), history("coingecko", "bitcoin/usd", "1h", 7), history("binance", "BTCUSDT", "1h", 7),
            quote("binance", ["BTCUSDT", "ETHUSDT"])]
    for job in jobs:
        tidemark.vhost.publish(job)
    wait_for("all is stored", lambda: tidemark.query(
        "SELECT count(*) FROM runs WHERE status = 'ok'") == [(len(jobs),)])
    api = tidemark.start_api(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="1000000")
    tracer = Tracer(api)

    for source in ("coingecko", "binance"):
        answer = served(api, f"/simple_price?assets=bitcoin,ethereum&currencies=usd,usdt&source={source}")
        for asset in ("bitcoin", "ethereum"):
            for currency in ("usd", "usdt"):
                if answer[asset][currency] is not None:
                    tracer.follow(answer[asset][currency], asset, currency, source=source)

    for source, currency in (("coingecko", "usd"), ("binance", "usdt")):
        chart = served(api, f"/market_chart?asset=bitcoin&currency={currency}&days=7&interval=hourly&source={source}")
        for field in ("prices", "market_caps", "total_volumes", "volumes"):
            points = chart[field]
            for at, number in (points[1], points[len(points) // 2], points[-2]):
                if number is not None:
                    tracer.follow(number, "bitcoin", currency, source=source, interval="1h", at=at, field=field)
            if points[-1][1] is not None and field != "volumes":
                tracer.follow(points[-1][1], "bitcoin", currency, source=source, at=points[-1][0], field=field)

    numbers = 0
    for row in served(api, "/data?symbol=btc&page_size=10")["data"]:
        for field in ("current_price", "market_cap", "market_cap_rank", "total_volume", "price_change_24h",
                      "price_change_percentage_24h", "high_24h", "low_24h", "circulating_supply", "total_supply",
                      "max_supply"):
            if row[field] is not None:
                tracer.follow(row[field], row["coin_id"], row["currency"], source=row["source"], field=field)
                numbers += 1
        assert lineage(api, run_id=row["run_id"], payload_id=row["payload_id"])["payload"]["kept"]
    assert numbers > 12
