"""Documents of batches, and what a repeat under an Idempotency-Key is answered; what takes items in is a fake here."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from schemas.messages import VideoIngested
from streams.clock import SYSTEM_CLOCK
from streams.gateway.app import create_app
from streams.gateway.batches import Batches
from streams.gateway.guard import Caller
from streams.gateway.problems import Problem
from streams.gateway.routes import batches as routes
from streams.gateway.videos import Videos
from streams.settings import Settings

ONE = {"items": [{"uri": "https://media.example.org/1.mp4"}, {"uri": "https://media.example.org/2.mp4"}]}
OTHER = {"items": [{"uri": "https://media.example.org/3.mp4"}]}


@pytest.fixture(params=["folder", "memory"])
def batches(request: pytest.FixtureRequest, tmp_path: Path) -> Batches:
    store = str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    return Batches(Settings(store_url=store))


def test_many_at_a_time(batches: Batches):
    """Of one process, to names that are one file and to names that are not."""
    names = [uuid.UUID(int=number % 100).hex for number in range(400)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: batches.put(name, {"digest": name}), names))
    assert all(batches.get(name) == {"digest": name} for name in names)


def test_nothing_else_is_left(tmp_path: Path):
    batches = Batches(Settings(store_url=str(tmp_path)))
    name = uuid.uuid4().hex
    for _ in range(2):
        batches.claim(name, {"digest": "a"})
        batches.put(name, {"digest": "a"})
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{name}.json"]


def test_one_of_many_is_the_first(batches: Batches):
    name, at_once = uuid.uuid4().hex, threading.Barrier(8)

    def claim(number: int) -> dict[str, Any]:
        at_once.wait(60)
        return batches.claim(name, {"digest": number})

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(claim, range(8)))
    assert all(one == batches.get(name) for one in told)


class _Taking:
    """In place of Kafka: which items were asked for, and what is said to them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: Callable[[str], None] = lambda _: None
        self.up_to_date = True  # the view
        self.held = Videos(10)

    async def __call__(self, _gateway: Any, submission: Any, *_: Any) -> Any:
        self.asked.append(submission.uri)
        self.says(submission.uri)
        return SimpleNamespace(video=SimpleNamespace(video_id=submission.uri[-5]))


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> _Taking:
    found = _Taking()
    monkeypatch.setattr(routes, "take", found)
    return found


@pytest.fixture
def client(tmp_path: Path, taking: _Taking) -> httpx.AsyncClient:
    async def fresh() -> bool:
        return taking.up_to_date

    settings = Settings(data_dir=tmp_path, broker_url="kafka://127.0.0.1:1")
    app = create_app(settings, SYSTEM_CLOCK)
    view = SimpleNamespace(videos=taking.held)
    app.state.gateway = SimpleNamespace(settings=settings, batches=Batches(settings), fresh=fresh, view=view)

    async def known(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"caller": Caller("tests")}}, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(known), base_url="http://gateway")


async def _post(client: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await client.post("/v1/batches", json=body, headers={"Idempotency-Key": "k"})


def _away(status: int) -> Callable[[str], None]:
    def says(uri: str) -> None:
        if uri.endswith("2.mp4"):
            raise Problem(status, "Not now.")

    return says


@pytest.mark.parametrize("status", [429, 503])
async def test_an_item_that_may_be_taken_later(client: httpx.AsyncClient, taking: _Taking, status: int):
    taking.says = _away(status)
    first = await _post(client, ONE)
    assert [item["accepted"] for item in first.json()["items"]] == [True, False]
    assert (await client.get(first.headers["location"])).json()["refused"] == 1, "it can be looked at meanwhile"
    assert (await _post(client, OTHER)).status_code == 422
    taking.says = lambda _: None
    again = await _post(client, ONE)
    assert [item["accepted"] for item in again.json()["items"]] == [True, True]
    assert taking.asked == [item["uri"] for item in [*ONE["items"], ONE["items"][1]]], "only that one again"
    last = await _post(client, ONE)
    assert (last.json(), last.headers["idempotent-replayed"]) == (again.json(), "true")
    assert len(taking.asked) == 3


async def test_a_refusal_stays(client: httpx.AsyncClient, taking: _Taking):
    taking.says = _away(422)
    first = await _post(client, ONE)
    taking.says = lambda _: None
    assert (await _post(client, ONE)).json() == first.json()
    assert len(taking.asked) == 2


async def test_two_batches_under_one_key_at_the_same_time(client: httpx.AsyncClient, taking: _Taking):
    answers: list[httpx.Response] = []
    whole = routes.take

    async def while_one_is_taken(*arguments: Any) -> Any:
        if not answers:
            answers.append(await _post(client, OTHER))
        return await whole(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(routes, "take", while_one_is_taken)
        first = await _post(client, {"items": ONE["items"][:1]})
    assert (first.status_code, answers[0].status_code) == (202, 422)
    assert answers[0].json()["type"].endswith("idempotency-key-reused")
    assert taking.asked == [ONE["items"][0]["uri"]]
    assert (await client.get(first.headers["location"])).json()["total"] == 1


async def test_a_gateway_that_ended_in_between(client: httpx.AsyncClient, taking: _Taking):
    """Its claim holds nobody up who repeats what it was asked."""

    def says(_: str) -> None:
        raise RuntimeError

    taking.says = says
    with pytest.raises(RuntimeError):
        await _post(client, ONE)
    taking.says = lambda _: None
    assert (await _post(client, OTHER)).status_code == 422
    assert (await _post(client, ONE)).json()["accepted"] == 2


async def test_a_video_that_is_gone_holds_nothing_up(client: httpx.AsyncClient, taking: _Taking):
    """Where the view has read all there is; one that is behind may just not have seen it."""
    at = (await _post(client, ONE)).headers["location"]
    taking.held.submitted("1", VideoIngested("/1.mp4"), 1, (0, 0))

    async def told() -> tuple[dict[str, int], bool]:
        answer = (await client.get(at)).json()
        return answer["statuses"], answer["through"]

    assert await told() == ({"queued": 1, "gone": 1}, False)
    taking.held.forget("1", 0)
    assert await told() == ({"gone": 2}, True)
    taking.up_to_date = False
    assert await told() == ({"unknown": 2}, False)
