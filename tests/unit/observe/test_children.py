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


async def test_what_a_cancelled_job_asked_is_told_and_a_child_without_memory_is_not_kept(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("streams.pool.CANCEL_GRACE_S", 30.0)  # on a busy machine it takes its time to give up
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    registry, pool = registry_of("enricher"), Asking(1, Settings(data_dir=tmp_path), "enricher")

    async def cancelled(job: str) -> None:
        outputs = pool.run(job, {"url": nobody})
        await anext(outputs)
        await outputs.aclose()  # type: ignore[attr-defined]

    def told() -> float:
        return value(registry, "clipstream_service_requests_total", stage="enricher", outcome="failed")

    try:
        before = told()
        await cancelled("ask-for-long")
        assert told() - before == 5
        assert len(pool._all) == 1
        await cancelled("hungry")
        assert not pool._all, "nobody knows what else was half done in it"
    finally:
        await pool.stop()


def test_the_breakers_of_an_actor_go_with_it(tmp_path: Path, monkeypatch) -> None:
    import ray

    killed: list[object] = []
    monkeypatch.setattr(ray, "kill", killed.append)  # without a cluster it looks for one, for minutes
    from streams.ray_pool import RayPool

    registry, pool, actor = registry_of("vision"), RayPool(1, Settings(data_dir=tmp_path), "vision"), object()

    def half_open() -> float:
        SERVICES.refresh()
        return value(registry, "clipstream_breakers", stage="vision", state="HALF_OPEN")

    SERVICES.told("vision", actor, {"requests": [], "breakers": [0.0]})
    assert half_open() == 1
    pool._kill(actor)
    assert killed == [actor]
    assert half_open() == 0


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
