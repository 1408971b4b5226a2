"""What a child asks of services is told by its worker."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import ClassVar

from processors.service.tally import tokens_in
from streams.metrics import registry_of
from streams.metrics.services import SERVICES
from streams.pool import ChildPool
from streams.settings import Settings
from tests.unit.observe.values import value


class Asking(ChildPool):
    """A pool of children that ask."""

    child: ClassVar[tuple[str, ...]] = ("tests.unit.observe.asking_child",)


async def test_requests_and_breakers_of_a_child_are_told_by_its_worker(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    registry, pool = registry_of("enricher"), Asking(1, Settings(data_dir=tmp_path), "enricher")

    def told(outcome: str) -> float:
        return value(registry, "clipstream_service_requests_total", stage="enricher", outcome=outcome)

    def breakers(state: str) -> float:
        SERVICES.refresh()
        return value(registry, "clipstream_breakers", stage="enricher", state=state)

    failed, stopped = told("failed"), told("stopped")
    try:
        assert [body async for body, _ in pool.run("quiet", {})] == [b'{"asked":false}']
        assert (told("failed"), breakers("OPEN")) == (failed, 0)
        assert [body async for body, _ in pool.run("ask", {"url": nobody})] == [b'{"asked":true}']
        # three tries, two more that open it at the fifth failure, and what came after was not sent
        assert told("failed") - failed == 5
        assert told("stopped") - stopped >= 1
        assert breakers("OPEN") == 1
    finally:
        await pool.stop()
    assert breakers("OPEN") == 0, "it went with its child"


def test_tokens_are_what_the_answer_says() -> None:
    assert tokens_in(b'{"usage": {"total_tokens": 12, "prompt_tokens": 9}}') == 12
    for body in (
        b"",
        b"[]",
        b'{"usage": null}',
        b'{"usage": {"total_tokens": "x"}}',
        b'{"usage": {"total_tokens": -3}}',
    ):
        assert tokens_in(body) == 0
    assert tokens_in(b'{"usage": {"total_tokens": true}}') == 0
