"""What every path of the API does with methods, pages of other origins and requests that go too far."""
import re

import pytest

from http_wire import exchange
from market_rows import MarketRows
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("http_statuses")

PRICE = "/simple_price?assets=bitcoin&currencies=usd"
PAGE = "https://app.example"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "GET",
             "Access-Control-Request-Headers": "x-cg-demo-api-key,x-stainless-os"}


@pytest.fixture(scope="module")
def market(services, replay_server, tmp_path_factory):
    """A database with one price, for all tests of this file."""
    system = Tidemark(services, "http_statuses", tmp_path_factory.mktemp("http_statuses"), replay_server)
    try:
        system.create()
        system.add_coins(("bitcoin",))
        MarketRows(system).set_price("bitcoin", "usd", "1", announce=False)
        yield system
    finally:
        system.remove()


@pytest.fixture(scope="module")
def api(market):
    return market.start_api(RATE_LIMIT_PER_MINUTE="100000")


@pytest.fixture(scope="module")
def listed(market):
    """One that only pages of two origins may read."""
    return market.start_api(RATE_LIMIT_PER_MINUTE="100000", CORS_ORIGINS=f"{PAGE}, http://localhost:3000")


def ask(api, text, method="GET"):
    """One request as bytes; \\n stands for a line end."""
    host = b"Host: a\r\nConnection: close\r\n"
    line, _, headers = text.partition("\n")
    request = line.encode() + b"\r\n" + host + headers.replace("\n", "\r\n").encode() + b"\r\n"
    [answer] = exchange(("127.0.0.1", api.port), request, [method])
    return answer


# Methods.

def test_the_server_as_a_whole_says_what_it_takes(api):
    answer = ask(api, "OPTIONS * HTTP/1.1")
    assert (answer.status, answer.body) == (204, b"")
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["allow"].split(", "))


def test_options_of_a_path_says_what_it_takes(api):
    answer = ask(api, "OPTIONS /health HTTP/1.1")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_options_of_no_path_is_not_found(api):
    assert ask(api, "OPTIONS /nothing HTTP/1.1").status == 404


@pytest.mark.parametrize("path", [PRICE, "/data", "/health", "/stats", "/livez", "/", "/nothing", "/data?page=0"])
def test_head_tells_what_get_tells(api, path):
    got, head = ask(api, f"GET {path} HTTP/1.1"), ask(api, f"HEAD {path} HTTP/1.1", "HEAD")
    assert (head.status, head.body) == (got.status, b"")
    changing = ("date", "x-request-id", "ratelimit", "content-length", "cache-status")  # or the time, or the request
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing}
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_method_is_told_which_there_are(api, method):
    answer = ask(api, f"{method} /health HTTP/1.1")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert b'"code":"method.not_allowed"' in answer.body


def test_who_cannot_be_given_what_it_accepts_is_given_json(api):
    """A browser that opens a link asks for HTML; an answer in JSON helps more than a 406."""
    answer = ask(api, f"GET {PRICE} HTTP/1.1\nAccept: text/html\n")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "application/json")


def test_every_route_says_its_methods_and_lets_pages_ask(api):
    """As the document has them, which is made of the same table."""
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        methods = {method.upper() for method in operations} & {"GET", "POST", "PUT", "PATCH", "DELETE"}
        wanted = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        url = api.url + re.sub(r"\{\w+\}", "x", path)
        answer = api.session.options(url, headers=PREFLIGHT, timeout=10)
        assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (204, wanted), path
        assert answer.headers["Access-Control-Allow-Methods"] == answer.headers["Allow"]
        for method in {"PUT", "DELETE"} - wanted:
            refused = api.session.request(method, url, timeout=10)
            assert (refused.status_code, refused.headers["Allow"]) == (405, answer.headers["Allow"]), path


# Requests that go too far: each status once, with a problem that says so.

@pytest.mark.parametrize("text, status, code", [
    ("GET /" + "a" * 17000 + " HTTP/1.1", 414, "http.request_line_too_long"),
    ("GET / HTTP/1.1\nX-Long: " + "a" * 9000 + "\n", 431, "http.headers_too_large"),
    ("GET / HTTP/1.1\n" + "X: y\n" * 101, 431, "http.headers_too_large"),
    ("POST /health HTTP/1.1\nContent-Length: 70000\n", 413, "http.body_too_large"),
    ("BREW / HTTP/1.1", 501, "http.method"),
    ("GET /a/../b HTTP/1.1", 400, "http.target"),
], ids=["path", "header", "headers", "body", "method", "target"])
def test_what_goes_too_far_is_a_problem_that_a_page_may_read(api, text, status, code):
    answer = ask(api, text)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert f'"code":"{code}"'.encode() in answer.body
    assert answer.headers["access-control-allow-origin"] == "*" and answer.headers["connection"] == "close"


# Pages of other origins.

@pytest.mark.parametrize("path, status", [(PRICE, 200), ("/health", 200), ("/nothing", 404), ("/data?page=0", 400)])
def test_every_page_may_read_every_answer_and_its_headers(api, path, status):
    answer = api.get(path, headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"etag", "link", "retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit",
            "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "warning", "cache-status",
            "content-disposition"} <= exposed


def test_what_all_pages_share_does_not_depend_on_which_asks(api):
    """Whatever asks first fills the shared caches."""
    one, other, none = (api.get(PRICE, headers=headers).headers
                        for headers in ({"Origin": PAGE}, {"Origin": "https://other.example"}, {}))
    names = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Vary", "ETag")
    assert [one[name] for name in names] == [other[name] for name in names] == [none[name] for name in names]
    assert "Origin" not in one["Vary"]


def test_what_has_not_changed_says_who_may_read_it(api):
    tag = api.get(PRICE).headers["ETag"]
    answer = api.get(PRICE, headers={"Origin": PAGE, "If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["Access-Control-Allow-Origin"]) == (304, b"", "*")


@pytest.mark.parametrize("path", [PRICE, "/nothing", "/api/v3/ping", "/udf/config", "/udf/k/a-key/config"])
def test_a_preflight_is_told_methods_headers_and_for_how_long(api, path):
    answer = api.session.options(api.url + path, headers=PREFLIGHT, timeout=10)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-cg-demo-api-key,x-stainless-os"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def test_preflights_cost_nothing_of_the_limit(api):
    answer = api.session.options(api.url + PRICE, headers=PREFLIGHT, timeout=10)
    assert "RateLimit" not in answer.headers


def test_only_listed_pages_may_read(listed):
    ours = listed.get(PRICE, headers={"Origin": PAGE}).headers
    assert ours["Access-Control-Allow-Origin"] == PAGE
    for other in ({"Origin": "https://other.example"}, {}):
        assert "Access-Control-Allow-Origin" not in listed.get(PRICE, headers=other).headers


@pytest.mark.parametrize("path", [PRICE, "/data", "/health", "/nothing"])
def test_caches_are_told_that_it_depends_on_the_page(listed, path):
    for headers in ({"Origin": PAGE}, {"Origin": "https://other.example"}, {}):
        vary = listed.get(path, headers=headers).headers["Vary"]
        assert "Origin" in [name.strip() for name in vary.split(",")]


def test_the_preflight_of_a_page_not_listed_is_told_nothing(listed):
    answer = listed.session.options(listed.url + PRICE, headers={**PREFLIGHT, "Origin": "https://other.example"},
                                    timeout=10)
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_setting_that_no_page_could_match_ends_the_start(market):
    done = market.start("tidemark-api", "api", CORS_ORIGINS="https://app.example/")
    assert done.wait(timeout=30) == 2
    assert "CORS_ORIGINS" in done.text() and "https://app.example/" in done.text()
