"""Prices that nobody has fetched yet, or not lately: a client's request has a worker fetch them; and what clients order."""
import concurrent.futures
import contextlib
import re
import socket
import time

import pytest
import requests

from programs import ROOT
from tidemark import crew_of
from waiting import wait_for

PRICE = "/simple_price?assets={}&currencies=usd"
SYNC, PREFETCH = "/api/v1/cryptocurrencies/sync", "/api/v1/prices/prefetch/"
WAIT_S = 4  # the longest: a busy machine takes its time
NAMED = ("bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin")


class OnDemand:
    """An API, and a worker for one aggregator and one exchange; nothing is scheduled."""

    def __init__(self, tidemark):
        tidemark.add_coins(NAMED)
        tidemark.settings.update(UPSTREAM_BUDGET_PERCENT="1000000", RATE_LIMIT_PER_MINUTE="1000000",
                                 ON_DEMAND_PER_MINUTE="1000", ON_DEMAND_WAIT=f"{WAIT_S}s")
        self.system = tidemark
        tidemark.query("UPDATE sources SET enabled = name IN ('coingecko', 'kraken')")
        self.worker = self.start_worker()
        self.api = self.start_api()

    def start_worker(self):
        worker = self.system.start_worker(crew_of("coingecko", "kraken"))
        self.system.vhost.wait_queue("jobs.kraken.live")
        return worker

    def start_api(self, **more):
        api = self.system.start_api(**more)
        api.wait_log(event="orders.connected")
        return api

    def price(self, asset, api=None):
        return (api or self.api).get(PRICE.format(asset))

    def order(self, path, key=None, **options):
        headers = {"Idempotency-Key": key} if key else {}
        return self.api.session.post(self.api.url + path, headers={**headers, **options.pop("headers", {})},
                                     timeout=30, **options)

    def status(self, accepted):
        answer = self.api.get(accepted["status_url"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_status(self, accepted, status):
        return wait_for(lambda: self.status(accepted),
                        lambda: self.status(accepted)["status"] == status and self.status(accepted))

    def runs(self):
        """[(job without its slot, status)]"""
        return [(job.rpartition("/")[0], status) for job, status in
                self.system.query("SELECT job_id, status FROM runs ORDER BY run_id")]


@pytest.fixture(name="demand")
def running(tidemark):
    return OnDemand(tidemark)


def count(api, series):
    found = re.search(re.escape(series) + r" (\d+)", api.get("/metrics").text)
    return int(found[1])


# ---- waiting for a price ----

def test_a_price_that_nobody_has_is_fetched_for_the_first_who_asks_and_cached_for_the_second(demand):
    hits = 'api_cache_lookups_total{layer="l1",result="fresh"}'
    first = demand.price("solana")
    assert first.status_code == 200 and first.json()["solana"]["usd"] > 0
    assert demand.runs() == [("kraken/live/SOLUSD", "ok")]
    before = count(demand.api, hits)
    assert demand.price("solana").text == first.text
    assert count(demand.api, hits) == before + 1


def test_what_the_first_source_cannot_give_the_next_one_does_within_the_same_request(demand):
    demand.system.replay.rule(source="kraken", status=500)
    assert demand.price("cardano").json()["cardano"]["usd_source"] == "coingecko"
    assert demand.runs() == [("kraken/live/ADAUSD", "failed"), ("coingecko/live/cardano/usd", "ok")]


def test_who_cannot_be_served_is_told_so_at_once_and_not_after_the_wait(demand):
    demand.system.replay.rule(status=500)
    started = time.monotonic()
    answer = demand.price("cardano")
    assert time.monotonic() - started < WAIT_S
    assert (answer.status_code, answer.json()["code"]) == (503, "price.on_its_way")
    assert int(answer.headers["Retry-After"]) > 0
    again = demand.price("cardano")
    assert (again.status_code, again.json()["code"]) == (503, "source.limited"), "they failed a moment ago"
    assert len(demand.runs()) == 2, "and so nobody was asked"


def test_a_currency_that_no_source_prices_it_in_is_unknown_and_nobody_is_asked(demand):
    assert demand.api.get("/simple_price?assets=dogecoin&currencies=fdusd").json() == {"dogecoin": {"fdusd": None}}
    assert demand.runs() == []


def test_an_old_price_is_made_new_and_served_as_stale_where_that_takes_too_long(demand):
    api = demand.start_api()  # one that has not cached what is made old

    def make_old():
        demand.system.query("UPDATE latest_prices SET observed_at = observed_at - interval '1 day'")
        demand.system.query("UPDATE runs SET job_id = job_id || '0'")  # of another second
        demand.system.redis.connect(demand.system.redis_number).flushdb()

    demand.price("bitcoin")
    make_old()
    assert demand.price("bitcoin", api).json()["bitcoin"]["usd_stale"] is False
    make_old()
    demand.system.replay.rule(delay_ms=10000, source="kraken")
    late = demand.start_api(ON_DEMAND_WAIT="400ms")
    started = time.monotonic()
    found = demand.price("bitcoin", late).json()["bitcoin"]
    assert 0.3 < time.monotonic() - started < WAIT_S
    assert found["usd"] > 0 and found["usd_stale"] is True
    assert count(late, 'tidemark_on_demand_answers_total{waited="timed_out"}') == 1


def crowd(api, size, stack):
    """So many clients, each of whom has just asked the same."""
    request = f"GET {PRICE.format('bitcoin,ethereum')} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode()
    clients = [stack.enter_context(socket.create_connection(("127.0.0.1", api.port))) for _ in range(size)]
    for client in clients:
        client.settimeout(30)
        client.sendall(request)
    return clients


def test_a_thousand_clients_of_two_replicas_who_ask_the_same_make_one_job(demand):
    replicas = [demand.api, demand.start_api(API_THREADS="2")]
    demand.system.replay.rule(source="kraken", delay_ms=700)
    with contextlib.ExitStack() as stack:
        clients = [client for api in replicas for client in crowd(api, 500, stack)]
        answers = [client.makefile("rb").read() for client in clients]
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 1000
    assert not any(b"null" in answer for answer in answers)
    assert [status for _, status in demand.runs()] == ["ok"]
    assert sum(count(api, "tidemark_orders_published_total") for api in replicas) == 1
    assert len(demand.system.replay.requests(source="kraken")) == 1


def test_without_rabbitmq_prices_are_served_and_others_are_refused_at_once(demand, proxy_to):
    proxy = proxy_to(demand.system.services.rabbitmq.port)
    api = demand.start_api(RABBITMQ_URL=demand.system.vhost.url_through(proxy.port))
    assert demand.price("bitcoin", api).status_code == 200
    demand.system.query("UPDATE latest_prices SET observed_at = observed_at - interval '1 day'")
    proxy.stop()
    api.wait_log(event="orders.away")
    wait_for("what was cached is not trusted any more",
             lambda: demand.price("bitcoin", api).json()["bitcoin"]["usd_stale"])
    took = []
    for asset in ("ripple", "solana", "cardano"):
        started = time.monotonic()
        answer = demand.price(asset, api)
        took.append(time.monotonic() - started)
        assert (answer.status_code, answer.json()["code"]) == (503, "broker.away")
        assert int(answer.headers["Retry-After"]) > 0
    assert min(took) < 0.1, f"at once, but for what a busy machine adds: {took}"
    order = api.session.post(api.url + SYNC, timeout=30)
    assert (order.status_code, order.json()["code"]) == (503, "broker.away")
    assert int(order.headers["Retry-After"]) > 0


def test_without_redis_prices_and_orders_are_fetched_and_only_promises_refused(demand, proxy_to):
    proxy = proxy_to(demand.system.redis.port)
    api = demand.start_api(REDIS_URL=f"redis://127.0.0.1:{proxy.port}/{demand.system.redis_number}")
    proxy.stop()
    assert demand.price("ripple", api).json()["ripple"]["usd"] > 0
    order = api.session.post(api.url + PREFETCH + "ripple", timeout=30)
    assert order.status_code == 202
    wait_for("it is known here", lambda: api.get(order.json()["status_url"]).json()["status"] == "succeeded")
    refused = api.session.post(api.url + PREFETCH + "ripple", headers={"Idempotency-Key": "a"}, timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (503, "idempotency.unknown")


def test_what_redis_keeps_of_a_promise_and_cannot_be_read_is_not_repeated(demand):
    redis = demand.system.redis.connect(demand.system.redis_number)
    assert demand.order(PREFETCH + "ripple", key="kept").status_code == 202
    (key,) = redis.keys("*.idem:*")
    fingerprint, status, rest = redis.get(key).split(b" ", 2)
    assert status == b"202"
    for spoilt in (b"", b"99", b"600", b"4294967498", b"-", b"202 "):
        redis.set(key, fingerprint + b" " + spoilt + (b"" if spoilt.endswith(b" ") else b"\t" + rest))
        answer = demand.order(PREFETCH + "ripple", key="kept")
        assert (spoilt, answer.status_code) == (spoilt, 409 if spoilt == b"-" else 503)


RIGHTS = re.findall(r"`(\^\S*amq\S*\$)`", (ROOT / "README.md").read_text())


def test_the_rights_in_rabbitmq_that_the_readme_names_are_enough(tidemark):
    rabbitmq, name = tidemark.services.rabbitmq, f"api-{tidemark.name}"
    worker = tidemark.start_worker(crew_of("kraken"))
    tidemark.vhost.wait_queue("jobs.kraken.live")
    worker.kill()  # its lanes stay
    tidemark.add_coins(("bitcoin",))
    rabbitmq.api("PUT", f"/api/users/{name}", {"password": "secret", "tags": ""})
    rabbitmq.api("PUT", f"/api/permissions/{tidemark.vhost.path}/{name}",
                 dict(zip(("configure", "write", "read"), RIGHTS, strict=True)))
    api = tidemark.start_api(RABBITMQ_URL=tidemark.vhost.url.replace("guest:guest", f"{name}:secret"))
    for event in ("orders.connected", "events.connected"):
        api.wait_log(event=event)
    assert api.session.post(api.url + PREFETCH + "bitcoin?source=kraken", timeout=30).status_code == 202
    rabbitmq.api("DELETE", f"/api/users/{name}")


# ---- orders ----

def test_a_prefetch_makes_a_price_newer_than_the_call_and_its_job_can_be_followed(demand):
    called_at = time.time()
    answer = demand.order(PREFETCH + "BTC")
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert answer.headers["Location"] == accepted["status_url"] == f"/api/v1/jobs/{accepted['job_id']}"
    done = demand.wait_status(accepted, "succeeded")
    assert (done["source"], done["kind"], done["records"], done["reason"]) == ("kraken", "quote", 1, None)
    [(observed_at,)] = demand.system.query("SELECT extract(epoch FROM observed_at) FROM latest_prices")
    assert observed_at > called_at
    assert demand.order(PREFETCH + "bitcoin").json()["job_id"] == accepted["job_id"], "within ten seconds"
    assert demand.api.get("/api/v1/jobs/Ym9ndXM").status_code == 404


def test_a_sync_waits_for_workers_and_brings_rows_newer_than_the_call(demand):
    demand.worker.kill()
    called_at = time.time()
    answer = demand.order(SYNC, json={"source": "coingecko", "pages": 2})
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert [(job["source"], job["page"]) for job in accepted["jobs"]] == [("coingecko", 1), ("coingecko", 2)]
    queued = demand.status(accepted)
    assert (queued["status"], queued["source"], queued["kind"]) == ("queued", "coingecko", "listing")
    assert queued["ordered_at"] and queued["started_at"] is None
    assert demand.order(SYNC, json={"source": "coingecko"}).json()["job_id"] == accepted["job_id"], "within a minute"
    demand.start_worker()
    for job in accepted["jobs"]:
        demand.wait_status(job, "succeeded")
    [(rows, oldest)] = demand.system.query("""
        SELECT count(*), min(extract(epoch FROM r.started_at))
        FROM listings l JOIN runs r USING (run_id)""")
    assert rows > 250 and oldest > called_at
    assert demand.system.query("SELECT count(*) FROM checkpoints") == [(0,)], "nothing goes on from there"


REFUSED = {
    "a body that is no JSON": (dict(data="pages=2", headers={"Content-Type": "text/plain"}), 415, "body.media_type"),
    "one that does not say what it is": (dict(data=b"{}"), 415, "body.media_type"),
    "half a body": (dict(data="{", headers={"Content-Type": "application/json"}), 400, "body.malformed"),
    "a list": (dict(json=[1]), 400, "body.malformed"),
    "a member that is a list": (dict(json={"pages": [1]}), 400, "body.malformed"),
    "a member that there is not": (dict(json={"page": 1}), 400, "parameter.undeclared"),
    "too many pages": (dict(json={"pages": 5}), 400, "parameter.range"),
    "half a page": (dict(json={"pages": 1.5}), 400, "parameter.malformed"),
    "a source that there is not": (dict(json={"source": "mtgox"}), 400, "parameter.unknown"),
    "one without market pages": (dict(json={"source": "kraken"}), 400, "source.no_listing"),
    "one that is switched off": (dict(json={"source": "coinpaprika"}), 409, "source.disabled"),
    "the same in query and body": (dict(json={"pages": 1}, params={"pages": 1}), 400, "parameter.doubled"),
    "a key with a blank": (dict(key="a b"), 400, "idempotency.malformed"),
    "a key that is cut off": (dict(key='"a'), 400, "idempotency.malformed"),
    "no key": (dict(key='""'), 400, "idempotency.malformed"),
    "a key that is too long": (dict(key="x" * 256), 400, "idempotency.malformed"),
}


def test_an_order_is_checked_and_one_with_a_key_is_placed_once(demand):
    for name, (options, status, code) in REFUSED.items():
        answer = demand.order(SYNC, **options)
        assert (name, answer.status_code, answer.json()["code"]) == (name, status, code)
    first = demand.order(SYNC, key='"8e03978e-40d5"', json={"pages": 1, "source": "coingecko"})
    assert first.status_code == 202 and "Idempotency-Replayed" not in first.headers
    again = demand.order(SYNC, key="8e03978e-40d5", params={"source": "coingecko"})
    assert (again.status_code, again.text) == (202, first.text), "the same request, told otherwise"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = demand.order(SYNC, key="8e03978e-40d5", json={"pages": 2})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")
    refused = demand.order(PREFETCH + "dogecoin?currency=fdusd", key="none")
    assert (refused.status_code, refused.json()["code"]) == (404, "price.no_source")
    assert demand.order(PREFETCH + "dogecoin?currency=fdusd", key="none").status_code == 404, "refusals are not kept"


def test_a_key_whose_first_request_is_under_way_is_a_conflict_until_its_answer_is_known(demand, proxy_to):
    """The broker is silent, so the first one waits for its confirmation."""
    proxy = proxy_to(demand.system.services.rabbitmq.port)
    api = demand.start_api(RABBITMQ_URL=demand.system.vhost.url_through(proxy.port))
    store = demand.system.redis.connect(demand.system.redis_number)

    def order():
        return requests.post(api.url + PREFETCH + "bitcoin", headers={"Idempotency-Key": "a-key"}, timeout=30)

    proxy.black_hole()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(order)
        wait_for("the first one has taken the key", lambda: list(store.scan_iter("*.idem:*")))
        second = order()
        proxy.pass_through()
        assert (second.status_code, second.json()["code"]) == (409, "idempotency.under_way")
        assert int(second.headers["Retry-After"]) == 1
        assert first.result().status_code == 202
    third = order()
    assert (third.status_code, third.text, third.headers["Idempotency-Replayed"]) == (202, first.result().text, "true")
