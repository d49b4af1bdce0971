"""The way back from a served number to the bytes it came from, and who may have those."""
import base64
import datetime
import hashlib

import pytest

from market_rows import MarketRows, utc_now

ADMIN = "an-administrators-key-of-a-test"
BODY = bytes(range(256)) * 40 + b'{"price":"64123.50"}'


@pytest.fixture
def rows(tidemark):
    tidemark.add_coins(("bitcoin", "ethereum"))
    return MarketRows(tidemark)


def add_payload(tidemark, body, fetched_at=None, run_id=1, markets=None):
    """What a worker keeps of an answer: its payload_id."""
    moment = fetched_at or utc_now()
    tidemark.query("SELECT ensure_partition('raw_payloads', %s)", moment)
    [(payload_id,)] = tidemark.query(
        "INSERT INTO raw_payloads (run_id, source_id, fetched_at, target, http_status, content_type, verdict, sha256,"
        " body, markets) VALUES (%s, 2, %s, '/api/v3/ticker', 200, 'text/html', 'ok', sha256(%s), %s, %s)"
        " RETURNING payload_id", run_id, moment, body, body, markets)
    return payload_id


# Who may have the bytes.

def test_a_payload_is_given_to_administrators_byte_for_byte(tidemark):
    payload_id = add_payload(tidemark, BODY)
    api = tidemark.start_api(ADMIN_API_KEY=ADMIN)
    path = f"/api/v1/admin/payloads/{payload_id}"
    for headers in ({"X-API-Key": ADMIN}, {"Authorization": f"Bearer {ADMIN}"}):
        answer = api.get(path, headers={**headers, "Accept-Encoding": "identity"})
        assert answer.status_code == 200 and answer.content == BODY
        digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert answer.headers["X-Payload-Sha256"] == hashlib.sha256(BODY).hexdigest()
        assert answer.headers["Content-Type"] == "application/octet-stream", "never as what the provider called it"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert api.get("/api/v1/admin/payloads/999999", headers={"X-API-Key": ADMIN}).status_code == 404


def test_without_the_key_nobody_gets_a_payload_and_guessing_is_limited(tidemark):
    payload_id = add_payload(tidemark, BODY)
    api = tidemark.start_api(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="25")
    path = f"/api/v1/admin/payloads/{payload_id}"
    nobody = api.get(path)
    assert nobody.status_code == 401 and nobody.headers["WWW-Authenticate"].startswith("Bearer")
    refused = [api.get(path, headers={"X-API-Key": f"{ADMIN[:-1]}{digit}"}) for digit in range(4)]
    assert {each.status_code for each in refused} == {403}
    assert all(BODY not in each.content for each in refused)
    assert api.get(path, headers={"X-API-Key": ADMIN}).status_code == 429, "five tries of five tokens each"
    assert ADMIN[:-1] not in api.text()


def test_without_a_key_set_the_administrators_routes_are_closed(tidemark):
    api = tidemark.start_api()
    assert api.get("/api/v1/admin/payloads/1").status_code == 401
    for key in ("x", "undefined"):
        answer = api.get("/api/v1/admin/payloads/1", headers={"X-API-Key": key})
        assert answer.status_code == 403 and "ADMIN_API_KEY" in answer.json()["detail"]
