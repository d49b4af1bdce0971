"""The goals of reading that need more than a cached answer: from Redis, from PostgreSQL, large charts, and how soon a commit is seen."""
import gzip
import itertools
import json
import pathlib
import statistics
import time
import urllib.request

import pika

from peers import Client, load, start_fastapi, start_nginx
from waiting import wait_for

ASSETS = 2000  # distinct latest prices: two requests seldom wait for the same one
SOURCES = 7  # that have each of them
VISIBLE_ROUNDS = 300

# Each request another path, in turn.
ROTATE = """
local paths = {{ {paths} }}
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""


def rotate(folder, name, paths):
    script = pathlib.Path(folder) / f"{name}.lua"
    script.write_text(ROTATE.format(paths=",".join(json.dumps(path) for path in paths)))
    return "-s", script


def measure(servers, rounds, seconds):
    """{name: (CPU us a request, requests a second)}: medians of interleaved rounds; servers are (pids, url, options)."""
    results = {name: [] for name in servers}
    for pids, url, options in servers.values():
        load(pids, url, 1, *options)
    for _ in range(rounds):
        for name, (pids, url, options) in servers.items():
            results[name].append(load(pids, url, seconds, *options))
    print(f"  {'server':<28} {'CPU us/request':>15} {'requests/s':>11}")
    medians = {name: tuple(statistics.median(each[place] for each in measured) for place in (0, 1))
               for name, measured in results.items()}
    for name, (cpu, rate) in medians.items():
        print(f"  {name:<28} {cpu:>15.2f} {rate:>11.0f}")
    return medians


def bench_redis(system, folder, coins, rounds, seconds):
    """No answer is in our memory: the same one again and again, and all sets of four to six coins in turn."""
    same = f"/simple_price?assets={','.join(coins)}&currencies=usd"
    sets = [each for size in (4, 5, 6) for each in itertools.combinations(coins, size)]
    paths = [f"/simple_price?assets={','.join(each)}&currencies=usd" for each in sets]
    api = system.start_api(API_L1_MIB="0")
    body, *_ = [urllib.request.urlopen(api.url + path).read() for path in (same, *paths)]
    nginx, nginx_url = start_nginx(f"{folder}/nginx-redis", body, "off")
    pids = [api.pid, system.redis.process.pid]
    print(f"from Redis, our L1 off, {len(body)} bytes:")
    try:
        found = measure({"tidemark-api + Redis": (pids, api.url + same, ()), "nginx file": ([nginx.pid], nginx_url, ()),
                         f"the same, {len(paths)} in turn": (pids, api.url, rotate(folder, "redis", paths))}, rounds, seconds)
    finally:
        nginx.kill()
    ours, turns = (cpu / found["nginx file"][0] for name, (cpu, _) in found.items() if name != "nginx file")
    print(f"  ratio to nginx {ours:.2f} (goal: at most 1.5); {turns:.2f} where no two requests wait for one look\n"
          "  limited by Redis: a script looks for the entry and for changes of what it is made of, and takes the lock if there is none")


def add_latest_prices(system):
    """Of each asset a price of each of so many sources, a little apart."""
    system.query("INSERT INTO assets (slug, symbol, name, origin) SELECT 'bench-' || n, 'B' || n, 'Bench ' || n, 'listing'"
                 f" FROM generate_series(1, {ASSETS}) AS n")
    system.query("INSERT INTO latest_prices (source_id, quote_id, asset_id, observed_at, run_id, payload_id, origin, price)"
                 " SELECT source_id, 1, asset_id, now(), 1, 1, 'tick', 1000.5 + source_id * 0.01 FROM assets,"
                 f" (SELECT source_id FROM sources ORDER BY (name = 'coinbase') DESC, source_id LIMIT {SOURCES}) AS s"
                 " WHERE slug LIKE 'bench-%%'")
    system.query("VACUUM ANALYZE latest_prices, assets")


def bench_uncached(system, folder, rounds, seconds):
    """Every latest price is read from PostgreSQL: there is neither an L1 nor a Redis."""
    add_latest_prices(system)
    query = [f"?assets=bench-{n}&currencies=usd" for n in range(1, ASSETS + 1)]
    uncached = system.start_api(API_L1_MIB="0", REDIS_URL="redis://127.0.0.1:1/0")
    cached = system.start_api()
    wait_for("the new assets are known", lambda: all(
        urllib.request.urlopen(f"{api.url}/simple_price{query[-1]}").status == 200 for api in (uncached, cached)))
    fastapi, fastapi_url = start_fastapi(folder, system.redis.url(system.redis_number),
                                         system.postgres.url(system.database, "tidemark_api_login"))

    def paths(name, path, more=""):
        return rotate(folder, name, [f"{path}{each}{more}" for each in query])

    print(f"latest price, {ASSETS} of them in turn, {SOURCES} sources each, 64 connections:")
    try:
        found = measure({
            "one source, no cache": ([uncached.pid], uncached.url, paths("one", "/simple_price", "&source=coinbase")),
            "one source, cached": ([cached.pid], cached.url, paths("one", "/simple_price", "&source=coinbase")),
            "FastAPI + asyncpg, a row": ([fastapi.pid], fastapi_url, paths("row", "/latest")),
            "consensus, no cache": ([uncached.pid], uncached.url, paths("all", "/simple_price")),
            "consensus, cached": ([cached.pid], cached.url, paths("all", "/simple_price")),
            "FastAPI + asyncpg, the median": ([fastapi.pid], fastapi_url, paths("median", "/median"))}, rounds, seconds)
    finally:
        fastapi.kill()
    for what, peer in (("one source", "a row"), ("consensus", "the median")):
        ours, kept, theirs = (found[name] for name in (f"{what}, no cache", f"{what}, cached", f"FastAPI + asyncpg, {peer}"))
        print(f"  {what}: our process costs {ours[0] / kept[0]:.2f} of its cached route (goal: at most 2);"
              f" {ours[1] / theirs[1]:.1f} times as many requests as FastAPI (goal: at least 8)")
    print("  limited by PostgreSQL, which shares the processors with both and is asked for all prices of a turn of the loop at once")


def bench_cached_charts(system, folder, rounds, seconds):
    """The chart of bench_chart, all of it and less than half (the size that the goal names)."""
    for days in ("max", "170"):
        bench_cached_chart(system, pathlib.Path(folder) / f"chart-{days}", days, rounds, seconds)


def bench_cached_chart(system, folder, days, rounds, seconds):
    """Too large for anything but the memory of the process, plain and packed."""
    path = f"/market_chart?asset=bitcoin&currency=usd&interval=hourly&days={days}"
    api = system.start_api()
    folder.mkdir()
    folder.chmod(0o755)
    plain = urllib.request.urlopen(api.url + path).read()
    asked = urllib.request.Request(api.url + path, headers={"Accept-Encoding": "gzip"})
    packed = urllib.request.urlopen(asked).read()
    assert gzip.decompress(packed) == plain
    accepting = "-H", "Accept-Encoding: gzip"
    servers, files = {}, []
    for name, body, options in (("plain", plain, ()), ("gzip", packed, accepting)):
        files.append(start_nginx(f"{folder}/nginx-{name}", body, "off"))
        servers[f"tidemark-api, {name}"] = ([api.pid], api.url + path, options)
        servers[f"nginx file, {name}"] = ([files[-1][0].pid], files[-1][1], ())
    print(f"cached chart, {len(plain)} bytes, packed {len(packed)}:")
    try:
        found = measure(servers, rounds, seconds)
        client = Client(api.port)
        alone = statistics.median(client.timed_get(path)[0] for _ in range(50)) / 1000
    finally:
        for process, _ in files:
            process.kill()
    for name in ("plain", "gzip"):
        ours, nginx = found[f"tidemark-api, {name}"], found[f"nginx file, {name}"]
        print(f"  {name}: {ours[1] / nginx[1]:.2f} of nginx's requests (goal: at least 0.95) for {ours[0] / nginx[0]:.2f} of its CPU")
    print(f"  one client alone waits {alone:.2f} ms (goal: no step of 40 ms)")


def bench_visible(system, rows):
    """From the return of the commit, event included, until each of two replicas serves the price."""
    replicas = [system.start_api(), system.start_api()]
    path = "/simple_price?assets=bitcoin&currencies=usd"
    clients = [Client(api.port) for api in replicas]
    broker = pika.BlockingConnection(pika.URLParameters(system.vhost.url))
    channel, took = broker.channel(), []
    for turn in range(VISIBLE_ROUNDS):
        price = f"{70000 + turn}"
        version = rows.set_price("bitcoin", "usd", price, announce=False)
        event = json.dumps({"v": 1, "job_id": "coinbase/quote/bench/1", "source": "coinbase", "kind": "quote", "run_id": 1,
                            "version": str(version), "committed_at": "2026-11-21T00:00:00.000Z", "prices": ["bitcoin/usd"],
                            "candles": [], "listings": False}).encode()
        started = time.perf_counter()
        channel.basic_publish("tidemark.events", "", event)
        for client in clients:
            while f'"usd":{price},'.encode() not in client.body_of(path):
                if time.perf_counter() - started > 5:
                    raise SystemExit("a commit was not seen within five seconds")
            took.append((time.perf_counter() - started) * 1000)
    broker.close()
    took.sort()
    print(f"commit to visible on two replicas, {VISIBLE_ROUNDS} commits:\n"
          f"  median {statistics.median(took):.2f} ms, 99th percentile {took[len(took) * 99 // 100]:.2f} ms (goal: at most 20)")
