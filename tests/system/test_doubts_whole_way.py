"""What cannot be right, from a provider's page to everybody who is shown it."""
import datetime
import json

from job_kinds import listing, slot
from tidemark import crew_of
from waiting import wait_for

FUTURE = "2031-01-01T00:00:00Z"


def row(coin, price, at=None, market_cap=2000, volume=1000):
    at = at or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": coin, "symbol": coin[:3], "name": coin, "current_price": price, "market_cap": market_cap,
            "market_cap_rank": 1, "total_volume": volume, "last_updated": at}


def send(system, back, *rows):
    """The page as CoinGecko sends it; the run it became."""
    rule = system.replay.rule(source="coingecko", body=json.dumps(rows), headers={"Content-Type": "application/json"})
    job = listing(at=slot(back=back))
    system.vhost.publish(job)
    [(run,)] = wait_for(lambda: f"the run: {system.programs[0].text()[-2000:]}", lambda: system.query(
        "SELECT run_id FROM runs WHERE job_id = %s AND status = 'ok'", job["job_id"]))
    system.replay.remove_rules(rule)
    return run


def test_what_cannot_be_right_is_kept_raw_named_to_everybody_and_agreed_on_by_nobody(tidemark):
    coins = ("bitcoin", "ethereum", "solana", "cardano", "ripple")
    tidemark.add_coins(coins)
    tidemark.crew = crew_of("coingecko")
    tidemark.start_worker()
    api = tidemark.start_api()
    first = send(tidemark, 9, row("bitcoin", 100), row("ethereum", 50, at=FUTURE), row("solana", 0), row("cardano", -3),
                 row("ripple", 1, market_cap=3333370870735, volume=5.4))
    second = send(tidemark, 8, row("bitcoin", 100000))

    # What was refused: counted, with its reason, and as it came.
    shown = json.loads(tidemark.ctl("runs", "show", first, "--json").stdout)
    assert (shown["records"] > 0, shown["rejected"], shown["doubtful"]) == (True, 3, 1)
    assert [(one["where"], one["reason"], one["excerpt"]) for one in shown["rejects"]] == [
        ("[1]", "time.future", "1924992000000"), ("[2]", "price.not_positive", "0"), ("[3]", "price.not_positive", "-3")]
    [(raw,)] = tidemark.query("SELECT convert_from(body, 'UTF8') FROM raw_payloads WHERE run_id = %s", first)
    assert FUTURE in raw and '"current_price": -3' in raw
    assert tidemark.query("SELECT slug FROM latest_prices JOIN assets USING (asset_id) ORDER BY 1") == [("bitcoin",), ("ripple",)]

    # What was stored with a doubt: named wherever it is shown, and no consensus.
    doubts = {one["asset"]: one for one in json.loads(tidemark.ctl("doubts", "--json").stdout)}
    assert {asset: one["doubt"] for asset, one in doubts.items()} == {"bitcoin": ["jump"], "ripple": ["market_cap"]}
    assert (doubts["bitcoin"]["price"], doubts["bitcoin"]["sound_price"], doubts["bitcoin"]["run_id"]) == ("100000", "100", second)
    assert '["jump"]' in tidemark.ctl("doubts", "--asset", "bitcoin").stdout
    data = {one["coin_id"]: one for one in api.get("/data?source=coingecko").json()["data"]}
    assert {asset: one["doubt"] for asset, one in data.items()} == {"bitcoin": ["jump"], "ripple": ["market_cap"]}
    told = api.get("/api/v1/consensus/bitcoin?currency=usd").json()
    [said] = told["inputs"]
    assert (told["price"], said["used"], said["reason"], said["doubt"]) == (None, False, "doubtful", ["jump"])
    traced = api.get("/api/v1/lineage?asset=bitcoin&currency=usd&source=coingecko").json()["row"]
    assert (traced["run_id"], traced["doubt"]) == (second, ["jump"])
    assert 'tidemark_doubtful_prices{source="coingecko"} 2' in api.get("/metrics").text
