"""What is asked of a worker's own port."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from ops.local.ports import choose_port
from streams.clock import SYSTEM_CLOCK
from streams.health import LOOPBACK, Health, health_of, serve


def test_it_is_asked_directly_whatever_proxy_there_is(monkeypatch):
    nobody = choose_port(None, "a proxy that is not there")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{nobody}")
    health = Health("metadata", SYSTEM_CLOCK)
    port = serve(health, CollectorRegistry())
    told = health_of(LOOPBACK, port, 10.0)
    assert told is not None
    assert told["ok"]
    assert health_of(LOOPBACK, nobody, 10.0) is None
    monkeypatch.setattr(health, "report", lambda: (False, {"ok": False}))
    assert health_of(LOOPBACK, port, 10.0) is None
