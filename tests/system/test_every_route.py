"""
What holds for every route of the table, found in the OpenAPI document that is made of it, so that a new route is held to it
by itself: replicas give equal tags, no header changes what others get, equal requests share an answer, bad values and
forged cursors are refused before anything is asked, and a commit is seen wherever it shows.
"""
import concurrent.futures
import json
import time
import urllib.parse

import pytest

import documented_rows
from documented_calls import operations, read_document
from known_rows import NoProviders
from market_rows import MarketRows
from programs import ROOT
from test_api import metric
from tidemark import Tidemark
from waiting import wait_for

pytestmark = pytest.mark.xdist_group("every_route")  # one process makes what they share

ADMIN = documented_rows.ADMIN
NAMES = sorted(path.stem for path in (ROOT / "api/openapi/operations").glob("*.json")
               if json.loads(path.read_text(encoding="utf-8"))["route"].startswith("GET "))
FOREIGN = {  # what proxies, browsers and attackers send, and no answer of ours may depend on
    "Host": "evil.example", "Origin": "https://evil.example", "Referer": "https://evil.example/", "Cookie": "a=evil",
    "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example", "X-Original-URL": "/evil", "X-Rewrite-URL": "/evil",
    "X-HTTP-Method-Override": "POST", "Accept-Language": "de", "User-Agent": "evil", "Range": "bytes=0-1", "Pragma": "no-cache",
    "Cache-Control": "no-cache", "If-Modified-Since": "Sat, 21 Nov 2099 00:00:00 GMT", "Accept-Charset": "utf-7", "DNT": "1",
}
BY_TIME = {"coingeckoGlobal"}  # sums up the whole market, so it is read anew after a while and not with each price
PLAIN = {"Accept-Encoding": "identity"}
# What asks PostgreSQL, Redis or the broker; a connection to Redis that is idle is asked by itself now and then.
ASKED = ("api_cache_lookups_total", "api_database_queries_total", "api_flights_total", "api_limit_leases_total",
         "tidemark_orders_published_total")


@pytest.fixture(scope="module")
def documented():
    return operations(read_document())


@pytest.fixture(scope="module")
def system(services, tmp_path_factory):
    system = Tidemark(services, "every_route", tmp_path_factory.mktemp("every_route"), NoProviders())
    try:
        system.create()
        documented_rows.fill(system)
        system.settings.update(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="100000000")
        yield system
    finally:
        system.remove()


@pytest.fixture(scope="module")
def replicas(system):
    """Two that share no cache: what is equal is so because both read the same."""
    return [system.start_api(CACHE_NAMESPACE=f"replica{number}") for number in (1, 2)]


def ask(api, operation, headers=None, target=None):
    method, documented_target, body = operation.call()
    sent = {**PLAIN, **({"X-API-Key": ADMIN} if operation.told["security"] else {}), **(headers or {})}
    return api.session.request(method, api.url + (target or documented_target), json=body, headers=sent, timeout=30)


def shared(answer):
    """Whether it comes out of the cache that all clients share."""
    return answer.status_code == 200 and "Age" in answer.headers and "public" in answer.headers["Cache-Control"]


def is_foreign(operation):
    return operation.path.startswith(("/api/v3", "/udf"))


@pytest.mark.parametrize("name", NAMES)
def test_replicas_that_read_for_themselves_give_equal_tags(replicas, documented, name):
    one, other = (ask(api, documented[name]) for api in replicas)
    if not shared(one):
        pytest.skip("made for one request")
    assert one.headers["ETag"] == other.headers["ETag"]
    weak = one.headers["ETag"].startswith("W/")
    assert weak == ("request_id" in one.text), "weak where it tells its own request, else strong"
    packed = ask(replicas[0], documented[name], {"Accept-Encoding": "gzip"})
    if packed.headers.get("Content-Encoding") == "gzip" and not weak:
        assert packed.headers["ETag"] != one.headers["ETag"] and not packed.headers["ETag"].startswith("W/")
        assert packed.headers["ETag"] == ask(replicas[1], documented[name], {"Accept-Encoding": "gzip"}).headers["ETag"]
        assert packed.content == one.content, "unpacked"
    assert "Accept-Encoding" in one.headers["Vary"]


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_is_known_has_no_body(replicas, documented, name):
    answer = ask(replicas[0], documented[name])
    if answer.status_code != 200 or "ETag" not in answer.headers:
        pytest.skip("has no tag")
    for api in replicas:
        known = ask(api, documented[name], {"If-None-Match": f'"other", {answer.headers["ETag"]}'})
        assert known.status_code == 304 and known.content == b"" and known.headers["ETag"] == answer.headers["ETag"]
        assert "Content-Length" not in known.headers or known.headers["Content-Length"] == "0"


def test_no_header_changes_what_others_get(system, replicas, documented):
    """The first who asks a replica sends everything that could poison its cache."""
    poisoned = system.start_api(CACHE_NAMESPACE="poisoned")
    for name in NAMES:
        wanted = ask(replicas[0], documented[name])
        first, then = ask(poisoned, documented[name], FOREIGN), ask(poisoned, documented[name])
        assert "evil" not in first.text + str(first.headers), name
        assert first.status_code == then.status_code == wanted.status_code, name
        if shared(wanted):
            assert first.headers["ETag"] == then.headers["ETag"] == wanted.headers["ETag"], name
            assert first.headers["Content-Type"] == then.headers["Content-Type"] == wanted.headers["Content-Type"], name


def spellings(target):
    """The same request in other words."""
    path, _, query = target.partition("?")
    pairs = [pair for pair in query.split("&") if pair]
    yield path + "/" + ("?" + query if query else "")
    if len(pairs) > 1:
        yield path + "?" + "&".join(reversed(pairs))
    if pairs:
        name, _, value = pairs[0].partition("=")
        yield path + "?" + "&".join([f"{name}={''.join(f'%{ord(letter):02x}' for letter in urllib.parse.unquote(value))}", *pairs[1:]])


@pytest.mark.parametrize("name", NAMES)
def test_equal_requests_share_an_answer(replicas, documented, name):
    api, operation = replicas[0], documented[name]
    wanted = ask(api, operation)
    if not shared(wanted):
        pytest.skip("made for one request")
    reads = metric(api, "api_database_reads_total")
    for target in spellings(operation.call()[1]):
        answer = ask(api, operation, target=target)
        assert answer.headers["ETag"] == wanted.headers["ETag"], target
        assert answer.headers["Cache-Status"] == "tidemark;hit", target
    assert metric(api, "api_database_reads_total") == reads


# Bad values.

def bad_values(schema):
    """Values beyond what the document allows."""
    for one in schema.get("anyOf", [schema]):
        if one.get("type") == "integer":
            yield from (one[bound] + step for bound, step in (("minimum", -1), ("maximum", 1)) if bound in one)
            yield from ("1.5", "1e3", "0x10", "9" * 40, "-" + "9" * 40, "1%00", "%F0%9F%92%A9")
        elif "enum" in one:
            yield from ("nope", one["enum"][0] + "x", one["enum"][0] + "%00")
        elif one.get("format") in ("date", "date-time"):
            yield from ("never", "2026-13-01", "0001-01-01T00:00:00Z", "12026-11-21T00:00:00Z", "2026-11-21T08:00:00+99:00")
        elif one.get("type") == "array":
            yield ",".join(f"a{number}" for number in range(one.get("maxItems", 0) + 1))
            yield ",".join(["bitcoin"] * 20000)
        else:
            yield from ("a" * 5000, "%27%20OR%201=1", "..%2f..%2f", "%00", "%ff", "a%0d%0aSet-Cookie:%20a=b")


def bad_targets(operation):
    _, target, _ = operation.call()
    path, _, query = target.partition("?")
    pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    for parameter in operation.parameters:
        if parameter["in"] not in ("path", "query"):
            continue
        for value in bad_values(parameter["schema"]):
            if parameter["in"] == "query":
                told = {**pairs, parameter["name"]: value}
                yield parameter["name"], path + "?" + "&".join(f"{key}={each}" for key, each in told.items())
            elif "%2f" not in str(value):
                yield parameter["name"], urllib.parse.quote(operation.path, safe="/{}").replace(
                    f"{{{parameter['name']}}}", str(value)) + ("?" + query if query else "")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_out_of_bounds_is_refused_before_anything_is_asked(replicas, documented, name):
    api, operation = replicas[0], documented[name]
    before = [metric(api, counter) for counter in ASKED]
    asked = 0
    for parameter, target in bad_targets(operation):
        answer = ask(api, operation, target=target)
        if is_foreign(operation):  # lenient: bounds are bounds, and what there is not is left out
            assert answer.status_code < 500, target
            continue
        asked += 1
        assert answer.status_code in (400, 404, 414), (target[:300], answer.text[:500])
        assert answer.status_code == 414 or "{" in target or answer.json().get("parameter") in (parameter, None), answer.text
        assert "allowed" in answer.json() or answer.json().get("parameter") is None, "the bound is named"
    if asked:
        assert [metric(api, counter) for counter in ASKED] == before, "caches, PostgreSQL, the broker and the limit were left alone"


# Cursors.

def forged(cursor):
    yield from ("", "x", cursor[:-1], cursor + "A", cursor[::-1], "A" * len(cursor), cursor * 2, "=" + cursor)
    for place in range(0, len(cursor), max(len(cursor) // 24, 1)):
        letter = "A" if cursor[place] != "A" else "B"
        yield cursor[:place] + letter + cursor[place + 1:]


def lists(documented):
    """Targets of all that is paged by cursors, without a limit, by path."""
    window = f"start_time={int(time.time() - 86400) * 1000}"
    found = {"/api/v1/prices/{symbol}": f"/api/v1/prices/bitcoin?{window}", "/api/v1/prices": f"/api/v1/prices?asset=bitcoin&{window}"}
    for operation in documented.values():
        if operation.path not in found and any(each["name"] == "cursor" for each in operation.parameters):
            path, _, query = operation.call()[1].partition("?")
            found[operation.path] = path + "?" + "&".join(pair for pair in query.split("&") if not pair.startswith("limit="))
    return found


def page(api, target, **more):
    return api.get(target + ("&" if "?" in target else "?") + urllib.parse.urlencode({"limit": 1, **more}))


def test_no_cursor_can_be_made_or_used_elsewhere(replicas, documented):
    api, cursors = replicas[0], {}
    for target in lists(documented).values():
        first = page(api, target)
        assert first.status_code == 200, (target, first.text)
        cursors[target] = first.json()["next_cursor"]
    assert sum(cursor is not None for cursor in cursors.values()) > 1, "some have a second page"
    before = [metric(api, counter) for counter in ASKED]
    for target, own in cursors.items():
        foreign = [cursor for other, cursor in cursors.items() if other != target and cursor]
        for cursor in [*(forged(own) if own else ()), *foreign]:
            answer = page(api, target, cursor=cursor)
            assert answer.status_code == 400 and answer.json()["parameter"] == "cursor", (target, cursor, answer.text)
    assert [metric(api, counter) for counter in ASKED] == before, "nothing was asked"
    for target, own in cursors.items():
        if own:
            assert page(replicas[1], target, cursor=own).status_code == 200, "another replica goes on from it"


# Changes.

def commit(system, price):
    """All sources that are asked say it, and everybody hears so."""
    rows = MarketRows(system)
    for source in ("coinbase", "kraken", "coingecko"):
        version = rows.set_price("bitcoin", "usd", price, source=source, announce=False)
    rows.announce(version, prices=["bitcoin/usd"], candles=["bitcoin/usd"], listings=True)


def moved_by(system, truth, documented, price):
    """The routes that a commit of this price moves."""
    old = {name: ask(truth, documented[name]) for name in NAMES}
    commit(system, price)
    wait_for("the price", lambda: price in ask(truth, documented["getSimplePrice"]).text)
    return [name for name, answer in old.items() if shared(answer) and name not in BY_TIME
            and ask(truth, documented[name]).headers["ETag"] != answer.headers["ETag"]]


def test_no_reader_gets_an_older_price_after_a_newer_one(system, documented, proxy_to):
    """
    PostgreSQL has read for a slow replica when a commit comes, and its answers arrive long after everybody knows: what they say is
    shown to nobody, on no replica, by no route. As many routes at once as a replica has connections.
    """
    proxy = proxy_to(system.postgres.port)
    url = system.postgres.url(system.database, "tidemark_api_login")
    slow = system.start_api(CACHE_NAMESPACE="race", DATABASE_READ_URL=url.replace(str(system.postgres.port), str(proxy.port)))
    fast, truth = system.start_api(CACHE_NAMESPACE="race"), system.start_api(CACHE_NAMESPACE="truth")
    for api in (slow, fast, truth):
        wait_for("events", lambda api=api: api.get("/health").json()["rabbitmq"] == "connected")
    moved = moved_by(system, truth, documented, "32000.25")
    assert {"getSimplePrice", "getLatestPrice", "getMarketChart", "getCryptocurrency", "listCryptocurrencies", "coingeckoSimplePrice",
            "coingeckoMarkets", "udfQuotes"} <= set(moved)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for turn in range(0, len(moved), 4):
            race(system, {name: documented[name] for name in moved[turn:turn + 4]}, slow, fast, truth, proxy, pool, f"{33000 + turn}.25")


def is_refused(answer):
    """On a busy machine an answer is held for so long that the replica takes PostgreSQL for away, and says so."""
    return answer.status_code in (503, 504) or "111" in answer.headers.get("Warning", "")


def race(system, routes, slow, fast, truth, proxy, pool, price):
    old = {name: ask(truth, operation).headers["ETag"] for name, operation in routes.items()}
    heard = metric(slow, "api_events_total")
    proxy.hold_answers()
    early = {name: pool.submit(ask, slow, operation) for name, operation in routes.items()}
    wait_for("PostgreSQL has read", lambda: proxy.held >= len(routes) or any(answer.done() for answer in early.values()))
    commit(system, price)
    wait_for("the slow replica knows", lambda: metric(slow, "api_events_total") > heard)
    late = {name: pool.submit(ask, slow, operation) for name, operation in routes.items()}
    proxy.pass_through()
    for name, operation in routes.items():
        shown = price in ask(truth, operation).text
        assert early[name].result().status_code == 200 or is_refused(early[name].result()), "it may be of before the commit"
        for answer in (late[name].result(), ask(fast, operation), ask(slow, operation)):
            if not is_refused(answer):
                assert answer.status_code == 200 and answer.headers["ETag"] != old[name], f"{name}: the older one"
                assert price in answer.text or not shown, f"{name}: not the newest one"
        wait_for(f"the slow one gives {name} again", lambda operation=operation: not is_refused(ask(slow, operation)))


def test_a_commit_is_seen_wherever_it_shows(system, documented):
    """
    Of what a cold replica shows after it, a warm one has nothing older: each answer is tagged with all that it is made of.
    """
    warm = system.start_api(CACHE_NAMESPACE="warm")
    old = {name: ask(warm, documented[name]) for name in NAMES if documented[name].method == "GET"}
    old = {name: answer for name, answer in old.items() if shared(answer)}
    rows = MarketRows(system)
    rows.set_price("bitcoin", "usd", "31000.25", source="coinbase", announce=False)
    rows.set_price("bitcoin", "usd", "31000.25", source="kraken", announce=False)
    version = rows.set_price("bitcoin", "usd", "31000.25", source="coingecko", announce=False)
    rows.announce(version, prices=["bitcoin/usd"], candles=["bitcoin/usd"], listings=True)
    cold = system.start_api(CACHE_NAMESPACE="cold")
    changed = [name for name, answer in old.items() if ask(cold, documented[name]).headers["ETag"] != answer.headers["ETag"]]
    assert {"getSimplePrice", "getConsensus", "getMarketChart", "getData"} <= set(changed)
    for name in set(changed) - BY_TIME:
        wanted = ask(cold, documented[name]).headers["ETag"]
        wait_for(f"{name} is new", lambda: ask(warm, documented[name]).headers["ETag"] == wanted, timeout=3)
