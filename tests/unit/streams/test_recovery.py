"""Before partitions are sought, the fetcher has to hold no record: also where the process stood still meanwhile."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from streams import recovery


def parts(*, stopping: bool = False) -> tuple[SimpleNamespace, SimpleNamespace]:
    return SimpleNamespace(should_stop=stopping), SimpleNamespace(can_resume_flow=asyncio.Event())


async def test_a_process_that_stood_still_waits_for_its_fetch_all_the_same(monkeypatch):
    monkeypatch.setattr(recovery, "_LOOKS", 20)
    (fetcher, consumer), held = parts(), True

    async def fetch() -> None:
        nonlocal held
        time.sleep(0.5)  #  more than all looks take: the loop stands still with the fetch under way
        for _ in range(3):
            await asyncio.sleep(0)
        held = False
        await consumer.can_resume_flow.wait()

    fetching = asyncio.ensure_future(fetch())
    assert await recovery.parked(fetcher, consumer)
    assert not held
    consumer.can_resume_flow.set()
    await fetching


@pytest.mark.parametrize("stopping", [True, False])
async def test_a_fetch_that_never_ends_is_told_and_a_fetcher_that_has_ended_holds_none(monkeypatch, stopping):
    monkeypatch.setattr(recovery, "_LOOKS", 3)
    assert await recovery.parked(*parts(stopping=stopping)) is stopping
