"""How errors and lenient requests look in each dialect: one API process for all of it."""
import socket

import pytest

from known_rows import NoProviders
from tidemark import Tidemark

pytestmark = pytest.mark.xdist_group("dialects")  # one process makes what they share

JSON = "application/json; charset=utf-8"


@pytest.fixture(scope="module")
def api(services, tmp_path_factory):
    system = Tidemark(services, "dialects", tmp_path_factory.mktemp("dialects"), NoProviders())
    try:
        system.create()
        yield system.start_api()
    finally:
        system.remove()


def raw(api, data):
    """Status, head and body of the one answer to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, body


# What the route table and the HTTP layer refuse, before anything is known but the path.

def test_refusals_of_routes_speak_the_dialect_of_the_path(api):
    for method, path, status in (("GET", "/nope", 404), ("POST", "/ping", 405)):
        answer = api.session.request(method, api.url + "/api/v3" + path, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON)
        assert list(answer.json()) == ["error"] and isinstance(answer.json()["error"], str)
    answer = api.get("/udf/nope")
    assert answer.status_code == 404 and answer.json()["s"] == "error" and answer.json()["errmsg"]
    assert api.get("/nope").headers["Content-Type"] == "application/problem+json"


BROKEN = [
    ("a request line that is too long", b"GET %s/ping?x=" + b"a" * 20000 + b" HTTP/1.1\r\n", 414),
    ("headers that are too long", b"GET %s/ping HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n", 431),
    ("a body that is too long", b"POST %s/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n", 413),
    ("a bad escape", b"GET %s/ping?x=%%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("a method that is none", b"BREW %s/ping HTTP/1.1\r\nHost: x\r\n\r\n", 501),
]


@pytest.mark.parametrize("name, data, status", BROKEN)
def test_refusals_of_the_http_layer_do_so_too(api, name, data, status):
    for prefix, expected in ((b"/api/v3", '"error'), (b"/udf", '{"s":"error","errmsg":'), (b"", '{"type":')):
        got, head, body = raw(api, data.replace(b"%s", prefix).replace(b"%%", b"%"))
        assert got == status, name
        assert expected in body, (name, body)
        assert ("problem+json" in head) == (prefix == b"")


# What other programs get away with.

def test_coingecko_clients_may_be_sloppy(api):
    for path in ("/ping", "/ping/", "/ping?", "/ping/?x=1", "/ping?a=1&a=2&x", "/ping?x_cg_demo_api_key=K"):
        answer = api.get("/api/v3" + path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON), path
        assert isinstance(answer.json()["gecko_says"], str)


def test_an_answer_from_memory_has_a_tag(api):
    answer = api.get("/api/v3/ping")
    again = api.get("/api/v3/ping", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.content and again.headers["ETag"] == answer.headers["ETag"]
    head = api.session.head(api.url + "/api/v3/ping", timeout=10)
    assert head.headers["Content-Length"] == str(len(answer.content)) and not head.content


def test_udf_takes_a_doubled_slash_and_nobody_else(api):
    assert api.get("/udf//nope").json()["s"] == "error"
    assert raw(api, b"GET /api/v3//ping HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 400


def test_a_native_client_is_told_of_what_is_ignored_elsewhere(api):
    assert api.get("/health?x_cg_demo_api_key=K").status_code == 400


def test_keys_do_not_show_in_the_log_or_in_problems(api):
    for path in ("/api/v3/ping?x_cg_demo_api_key=SECRET-2", "/api/v3/nope?x_cg_pro_api_key=SECRET-2",
                 "/udf/k/SECRET-2/config", "/nope?X_CG_PRO_API_KEY=SECRET-2"):
        assert "SECRET-2" not in api.get(path).text
    api.get("/api/v3/ping", headers={"x-cg-demo-api-key": "SECRET-2", "x-cg-pro-api-key": "SECRET-2"})
    api.wait_log(event="http.request", target="/nope?X_CG_PRO_API_KEY=***")
    assert "SECRET-2" not in api.text()
