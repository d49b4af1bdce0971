"""Ten times what PostgreSQL can answer: what is begun is finished, the rest is refused at once, and then all is as before."""
import concurrent.futures
import itertools
import json
import subprocess
import sys

import pytest
import requests

from known_rows import KnownRows
from market_rows import utc_now
from programs import ROOT
from test_api import metric
from waiting import wait_for

ADMIN = "an-administrators-key-of-a-test"
CACHED = "/simple_price?assets=bitcoin&currencies=usd"
PAYLOAD = "/api/v1/admin/payloads/1"
ANSWER_S = 0.025  # each way: four connections answer eighty queries a second
CAPACITY = 40     # answers a second, of two queries each
SECONDS = 2
SHED_S = 0.005


@pytest.fixture
def api(tidemark, proxy_to):
    tidemark.add_coins(("bitcoin",))
    rows, now = KnownRows(tidemark), utc_now()
    rows.tick("coinbase", "bitcoin", "usd", now, "64123.5")
    rows.candles("coinbase", "bitcoin", "usd", now.replace(minute=0, second=0, microsecond=0), ["1"], now)
    proxy = proxy_to(tidemark.postgres.port)
    url = tidemark.postgres.url(tidemark.database, "tidemark_api_login")
    running = tidemark.start_api(ADMIN_API_KEY=ADMIN, RATE_LIMIT_PER_MINUTE="100000000", API_THREADS="1", API_CONNECTIONS_PER_CLIENT="10000",
                                 DATABASE_READ_URL=url.replace(str(tidemark.postgres.port), str(proxy.port)))
    proxy.delay(ANSWER_S)
    # Each is asked once, so nobody has it cached.
    running.fresh = (f"/api/v1/prices/bitcoin?start_time={1700000000000 + number}" for number in itertools.count(10 ** 6))
    return running


def all_answered(api):
    """To as many clients as there are connections."""
    targets = [api.url + next(api.fresh) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda target: requests.get(target, timeout=30), targets))
    return all(answer.status_code == 200 for answer in answers)


def test_ten_times_what_the_database_can_answer(api):
    """
    All connections are busy all the time, so what they give is told from what they are asked in vain: queries of answers that
    nobody gets in the end.
    """
    assert api.get(CACHED).status_code == 200 and all_answered(api)
    asked, payloads = metric(api, "api_database_queries_total"), []
    flood = subprocess.Popen([sys.executable, ROOT / "tests/system/flood.py", f"{api.url}/api/v1/prices/bitcoin?start_time=17{{:011}}",
                              str(10 * CAPACITY), str(SECONDS)], stdout=subprocess.PIPE, text=True)
    wait_for("some are refused", lambda: metric(api, "api_requests_total", status="503") > 0)
    while flood.poll() is None:
        for path in ("/livez", "/readyz", "/health", "/metrics", CACHED):
            assert api.get(path).status_code == 200, path
        payloads.append(api.session.get(api.url + PAYLOAD, headers={"X-API-Key": ADMIN}, timeout=30).status_code)
    told = json.loads(flood.stdout.read())
    assert set(told) <= {"200", "503 pool.full", "503 pool.waited"}, told
    assert payloads.count(200) > 0.8 * len(payloads), "administrators go first"
    asked = metric(api, "api_database_queries_total") - asked
    assert 2 * told["200"] + len(payloads) >= 0.8 * asked, told
    took = sorted(line["duration_seconds"] for line in api.log(event="http.request", status=503))
    assert took[len(took) // 10] < SHED_S, "a busy machine may delay some, not all"
    wait_for("all is as before", lambda: all_answered(api), timeout=5)
