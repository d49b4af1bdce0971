"""A network that swallows everything between a program and the broker, without a word."""

import os
import time

import pytest

from test_broker import Probe

HEARTBEAT_S = 20


@pytest.mark.skipif(os.environ.get("TIDEMARK_FAULTS") != "long", reason="waits for heartbeats")
def test_a_dead_peer_is_found_within_two_heartbeats(services, proxy_to):
    rabbitmq = services.rabbitmq
    proxy = proxy_to(rabbitmq.port)
    probe = Probe(rabbitmq.url.replace(f":{rabbitmq.port}/", f":{proxy.port}/"), "cut")
    probe.ok("consume jobs.cut")
    since = time.monotonic()
    proxy.black_hole()

    answer = probe("next 120000")

    assert answer.code == "broker.away"
    assert time.monotonic() - since <= 2 * HEARTBEAT_S + 2
    proxy.pass_through()
    probe.ok_soon("connect-consumer")
    assert probe.close() == 0
