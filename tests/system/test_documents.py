"""The pages and documents that the API has inside of it, as browsers and caches see them."""
import re

import pytest

from http_wire import exchange

pytestmark = pytest.mark.xdist_group("documented")
PAGES = ["/docs", "/redoc"]
DOCUMENTS = [*PAGES, "/openapi.json", "/postman.json", "/docs/assets/licenses.txt"]


def assets(api):
    return sorted({path for page in PAGES for path in re.findall(r'"(/docs/assets/[^"]+)"', api.get(page).text)})


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_loads_is_there_and_kept_for_ever(documented_api, page):
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', documented_api.get(page).text)
    loaded.remove("/openapi.json")  # a link
    assert len(loaded) >= 3
    for path in loaded:
        answer = documented_api.get(path)
        assert answer.status_code == 200 and len(answer.content) > 50, path
        assert re.fullmatch(r"/docs/assets/[a-z-]+-[0-9a-f]{12}\.(js|css)", path)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_no_script_but_its_own(documented_api, page):
    answer = documented_api.get(page)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"] and "*" not in str(policy)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon[a-z]+=|https?://", answer.text)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_sent_once(documented_api, path):
    packed = documented_api.get(path)
    plain = documented_api.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert packed.content == plain.content and packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"] and packed.headers["Cache-Control"] == "public, max-age=60"
    for encoding, etag in (("gzip", packed.headers["ETag"]), ("identity", plain.headers["ETag"])):
        again = documented_api.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": etag})
        assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == etag


def test_head_tells_the_same_without_the_body(documented_api):
    for path in [*DOCUMENTS, *assets(documented_api)]:
        whole, head = documented_api.get(path), documented_api.session.head(documented_api.url + path, timeout=30)
        assert head.status_code == 200 and head.content == b""
        for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
            assert head.headers[name] == whole.headers[name], (path, name)


@pytest.mark.parametrize("name", [
    "..%2f..%2fetc%2fpasswd", "%2e%2e", "..", "%2e%2e%2fopenapi.json", "..%5c..%5cetc", "%00", "/etc/passwd", "x.js",
    "licenses.txt%00.js", "LICENSES.TXT", "licenses.txt.", "openapi.json", "a" * 65])
def test_no_name_leads_to_a_file(documented_api, name):
    """Sent as it stands: requests would tidy it up."""
    request = f"GET /docs/assets/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    [answer] = exchange(("127.0.0.1", documented_api.port), request)
    assert answer.status in (400, 404) and b"root:" not in answer.body
