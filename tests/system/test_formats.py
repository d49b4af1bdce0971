"""One answer in each of its forms, from one API: what was negotiated is a thing of its own to every cache."""
import csv
import io
import json

import pytest

from known_rows import NoProviders
from market_rows import MarketRows
from tidemark import Tidemark

DIGITS = "0.000000012345678901234567"


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "formats", tmp_path_factory.mktemp("formats"), NoProviders())
    try:
        system.create()
        system.add_coins(("bitcoin", "ethereum"))
        rows = MarketRows(system)
        rows.set_price("bitcoin", "usd", "105.000", announce=False)
        rows.set_price("ethereum", "usd", DIGITS, announce=False)
        rows.add_candles("bitcoin", "usd", ["101.10", "102.20", "103.30"], source="coinbase")
        yield system.start_api(RATE_LIMIT_PER_MINUTE="100000")
    finally:
        system.remove()


def accepting(api, target, accept, **headers):
    answer = api.get(target, headers={"Accept": accept, **headers})
    return answer.status_code, answer.headers["Content-Type"].split(";")[0], answer


def of_csv(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def test_a_target_means_to_each_client_what_it_accepts(api):
    # In turn, so that each finds what the one before left in the caches.
    for _ in range(2):
        for accept, media_type in (("*/*", "application/json"), ("text/csv", "text/csv"),
                                   ("application/x-ndjson", "application/x-ndjson"),
                                   ("application/json, text/plain, */*", "application/json"),
                                   ("text/html, text/*;q=0.1", "text/csv")):
            status, found, answer = accepting(api, "/data?symbol=ETH", accept)
            assert (status, found) == (200, media_type), accept
            assert answer.headers["Vary"] == "Accept, Accept-Encoding"
            assert DIGITS in answer.text


def test_the_parameter_counts_whatever_is_accepted(api):
    assert accepting(api, "/data?format=csv", "application/json")[1] == "text/csv"
    assert accepting(api, "/data?format=json", "text/csv")[1] == "application/json"
    assert api.get("/data?format=xml").json()["allowed"] == ["json", "csv", "ndjson"]


def test_what_is_not_had_is_refused_with_what_is(api):
    status, media_type, answer = accepting(api, "/data", "image/png")
    assert (status, media_type) == (406, "application/problem+json")
    assert answer.json()["code"] == "format.not_acceptable"
    assert answer.json()["allowed"][:2] == ["application/json", "text/csv"]
    assert accepting(api, "/data", "*/*")[0] == 200, "nor after that"
    assert accepting(api, "/data", "image/png")[0] == 406, "nor after that"


def without_age(rows):
    """A second may begin between two answers."""
    assert all(row["age_seconds"] >= 0 for row in rows)
    return [{name: value for name, value in row.items() if name != "age_seconds"} for row in rows]


def test_each_form_has_the_same_rows_with_the_same_digits(api):
    objects = api.get("/data").json()["data"]
    table = of_csv(api.get("/data?format=csv"))
    lines = [json.loads(line) for line in api.get("/data?format=ndjson").text.splitlines()]
    assert without_age(lines) == without_age(objects) and len(objects) == 2
    assert [list(row) for row in table] == [list(row) for row in objects], "the columns are the members, in their order"
    assert {row["coin_id"]: row["current_price"] for row in table} == {"bitcoin": "105.000", "ethereum": DIGITS}
    assert {row["market_cap_rank"] for row in table} == {""}, "what is unknown is nothing, not a zero"


def test_decimals_as_strings_are_the_same_digits(api):
    rows = {row["coin_id"]: row for row in api.get("/data?numbers=string").json()["data"]}
    assert (rows["bitcoin"]["current_price"], rows["ethereum"]["current_price"]) == ("105.000", DIGITS)
    assert rows["bitcoin"]["run_id"] == 1, "what is counted stays a number"


def test_prices_as_strings_are_the_same_digits(api):
    target = "/simple_price?assets=ethereum&currencies=usd"
    assert api.get(target + "&numbers=string").json()["ethereum"]["usd"] == DIGITS
    assert f'"usd":{DIGITS},' in api.get(target).text, "in a cache of its own"
    told = api.get("/api/v1/consensus/ethereum?numbers=string").json()
    assert (told["price"], told["inputs"][0]["price"], told["inputs"][0]["weight"]) == (DIGITS, DIGITS, "1.0000")
    assert told["sources"] == 1, "what is counted stays a number"


def test_a_limit_is_the_size_of_the_page(api):
    """Also beyond the 50 rows of a page that does not say."""
    answer = api.get("/data?limit=100")
    assert answer.json()["metadata"]["page_size"] == 100
    assert answer.headers["Link"] == '</data?limit=100>; rel="first", </data?limit=100>; rel="last"'


def test_a_table_in_pages_says_where_the_next_one_is(api):
    """In its head: CSV has nowhere else to say it."""
    seen, target = [], "/data?page_size=1&format=csv"
    while target:
        answer = api.get(target)
        seen += [row["coin_id"] for row in of_csv(answer)]
        target = answer.links.get("next", {}).get("url")
    assert sorted(seen) == ["bitcoin", "ethereum"]
    assert "first" in api.get("/api/v1/completeness?format=csv").links


def test_prices_and_charts_take_tickers(api):
    assert list(api.get("/simple_price?assets=BTC,ethereum&currencies=usd").json()) == ["bitcoin", "ethereum"]
    assert api.get(CHART.replace("bitcoin", "btc")).json()["asset"] == "bitcoin"


def test_forms_have_tags_of_their_own_and_each_is_honoured(api):
    tags = {}
    for form in ("csv", "ndjson"):
        for coding in ("identity", "gzip"):
            answer = api.get(f"/data?format={form}", headers={"Accept-Encoding": coding})
            tags[form, coding] = answer.headers["ETag"]
            again = api.get(f"/data?format={form}", headers={"Accept-Encoding": coding,
                                                             "If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
    assert tags["csv", "identity"] != tags["ndjson", "identity"]


def test_the_second_answer_is_marked_as_a_hit(api):
    target = "/data?symbol=BTC&page_size=7"
    assert api.get(target).headers["Cache-Status"] == "tidemark;fwd=miss;stored"
    assert api.get(target).headers["Cache-Status"] == "tidemark;hit"


def test_an_empty_list_is_empty_in_each_form(api):
    assert api.get("/data?symbol=NOBODY&format=ndjson").content == b""
    assert api.get("/data?symbol=NOBODY&format=csv").text.count("\n") == 1
    assert api.get("/api/v1/completeness?format=csv").text.startswith("source,asset,currency,interval,")


# Charts.

CHART = "/market_chart?asset=bitcoin&currency=usd&days=1&interval=hourly"


def test_the_points_of_a_chart_are_rows_as_well(api):
    chart = api.get(CHART).json()
    rows = of_csv(api.get(CHART + "&format=csv"))
    assert [row["price"] for row in rows] == ["101.10", "102.20", "103.30", "105.000"], "and the latest price"
    assert list(rows[0]) == ["time", "price", "volume", "total_volume", "market_cap"]
    lines = [json.loads(line) for line in api.get(CHART + "&format=ndjson").text.splitlines()]
    assert [line["price"] for line in lines] == [value for _, value in chart["prices"]]
    assert [line["total_volume"] for line in lines] == [value for _, value in chart["total_volumes"]]


def test_charts_take_seconds_that_rise(api):
    points = api.get(CHART + "&format=lwc").json()
    chart = api.get(CHART).json()
    assert [point["value"] for point in points] == [value for _, value in chart["prices"]]
    assert [point["time"] for point in points] == [at // 1000 for at, _ in chart["prices"]]
    assert all(a["time"] < b["time"] for a, b in zip(points, points[1:]))
    assert api.get(CHART + "&format=lwc&numbers=string").json()["code"] == "parameter.conflict"


def test_points_as_strings_are_the_same_digits(api):
    chart = api.get(CHART + "&numbers=string").json()
    assert [value for _, value in chart["prices"]] == ["101.10", "102.20", "103.30", "105.000"]
    assert chart["market_caps"][0][1] is None and chart["market_caps"][-1][1] == "2000"
    assert api.get(CHART).json()["prices"][0][1] == 101.1, "in a cache of its own"
