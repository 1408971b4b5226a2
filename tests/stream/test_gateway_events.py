"""Events and repeats through two gateways, on topics without agents: the test writes what these would write."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from schemas.messages import Progress, Run, Segments, VideoIngested
from streams import codec, topics
from streams.admin import create_topics
from streams.client import read_all
from streams.clock import SYSTEM_CLOCK
from streams.connection import client_options
from streams.settings import Settings
from tests.gateways import SECRET, Event, Follower, GatewayProcess, Receiver
from tests.pipeline import until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
Gateways = tuple[GatewayProcess, GatewayProcess]
VIDEOS = 10
REVISIONS = 20


@pytest.fixture(scope="module")
def settings(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics of our own, so that no agent takes what is submitted."""
    found = cluster_settings.model_copy(
        update={
            "topic_prefix": "gateway-",
            "data_dir": tmp_path_factory.mktemp("events"),
            "gateway_events_kept": 100,
            "gateway_webhook_secret": SecretStr(SECRET),
        }
    )
    asyncio.run(create_topics(found))
    return found


@pytest.fixture(scope="module")
def two(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    logs = tmp_path_factory.mktemp("logs")
    with (
        GatewayProcess(settings, logs / "one.log", gateway_requests_per_minute=0.0) as one,
        GatewayProcess(settings, logs / "other.log", gateway_requests_per_minute=0.0) as other,
    ):
        yield one, other


def _result(video_id: str, revision: int, status: str = "provisional") -> Segments:
    run = Run([], [], 0.0, 1_000, 1_000 + revision)
    return Segments(video_id, 0, revision, False, status, None, 60_000, "", ["en"], 0.5, [], [], None, None, run)  # type: ignore[arg-type]


async def _write(settings: Settings, go_on: threading.Event, slow: float = 0.0) -> None:
    """Revisions of many videos as the segmenter writes them, each with progress and one record in five twice."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        for revision in range(1, REVISIONS + 1):
            for number in range(VIDEOS):
                video_id = f"video-{number}"
                partition = topics.video_partition(video_id, topics.VIDEO_PARTITIONS)
                step = Progress(video_id, 0, "transcriber", revision, 1, REVISIONS, None, "ok", None, 1_000 + revision)
                result = _result(video_id, revision, "final" if revision == REVISIONS else "provisional")
                for spec, message in ((topics.PROGRESS, step), (topics.SEGMENTS, result)):
                    for _ in range(2 if revision % 5 == 0 else 1):
                        await producer.send_and_wait(
                            settings.topic(spec.name), codec.encode(spec, message),
                            key=video_id.encode(), partition=partition,
                        )  # fmt: skip
            if revision == REVISIONS // 3:
                go_on.set()
            await asyncio.sleep(slow)
    finally:
        await producer.stop()


def _revisions(seen: list[Event]) -> Counter[tuple[str, int]]:
    return Counter((event.data["video_id"], event.data["revision"]) for event in seen if event.kind == "segments")


def _done(seen: list[Event]) -> dict[str, int]:
    """How far each video is, by the last that was told of it."""
    told = {event.data["video_id"]: event.data for event in seen if event.kind == "progress"}
    return {video: last["stages"]["transcriber"]["done"] for video, last in told.items()}


def test_nothing_is_lost_and_nothing_comes_twice(settings: Settings, two: Gateways):
    """Readers of one gateway, of both in turn, and of one video, while one is killed and started again."""
    one, other = two
    went = threading.Event()
    with (
        Follower([one.url], "/v1/events") as faithful,
        Follower([one.url, other.url], "/v1/events") as changing,
        ThreadPoolExecutor(1) as writer,
    ):
        start = other.ask("GET", "/v1/videos").json()["event_id"]
        writing = writer.submit(lambda: asyncio.run(_write(settings, went, 0.05)))
        assert went.wait(60)
        one.kill()
        one.start()
        one.wait_ready()
        writing.result(60)
        wanted = Counter({(f"video-{n}", r): 1 for n in range(VIDEOS) for r in range(1, REVISIONS + 1)})
        for reader in (faithful, changing):
            reader.wait(lambda seen: len(_revisions(seen)) == len(wanted), "all results are told", 60)
            assert _revisions(reader.seen) == wanted
            assert reader.connections > 1
        for reader in (faithful, changing):
            reader.wait(lambda seen: _done(seen) == {f"video-{n}": REVISIONS for n in range(VIDEOS)}, "all is done")
    # who comes back after all this: from Kafka, since the gateway has 100 events in memory
    for url in (one.url, other.url):
        with Follower([url], "/v1/events", last=start) as late:
            assert _revisions(late.seen) == wanted
        with Follower([url], "/v1/videos/video-7/events", last=start) as late:
            assert _revisions(late.seen) == Counter({("video-7", r): 1 for r in range(1, REVISIONS + 1)})


def test_a_new_reader_is_told_how_a_video_stands(settings: Settings, two: Gateways):
    asyncio.run(_one(settings, _result("standing", 3)))
    with Follower([two[1].url], "/v1/videos/standing/events") as reader:
        assert [(event.kind, event.data.get("revision")) for event in reader.seen][:2] == [
            ("progress", None),
            ("segments", 3),
        ]


async def _one(settings: Settings, result: Segments) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all")
    await producer.start()
    try:
        partition = topics.video_partition(result.video_id, topics.VIDEO_PARTITIONS)
        await producer.send_and_wait(
            settings.topic(topics.SEGMENTS.name), codec.encode(topics.SEGMENTS, result),
            key=result.video_id.encode(), partition=partition,
        )  # fmt: skip
    finally:
        await producer.stop()


def _submitted(settings: Settings) -> list[VideoIngested]:
    async def read() -> list[VideoIngested]:
        return [message async for message in read_all(settings, topics.VIDEO_INGESTED)]

    return asyncio.run(read())


def test_repeats_at_the_same_time_are_one_video(settings: Settings, two: Gateways, tmp_path: Path):
    video = tmp_path / "talk.mp4"
    video.write_bytes(b"talk")
    body = {"uri": str(video)}

    def submit(number: int) -> httpx.Response:
        return two[number % 2].ask("POST", "/v1/videos", json=body, headers={"Idempotency-Key": "same"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(submit, range(32)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["video_id"] for answer in answers}) == 1
    video_id = answers[0].json()["video_id"]
    assert {(one.video_id, one.generation) for one in _submitted(settings) if one.uri == str(video)} == {(video_id, 0)}
    later = two[1].ask("POST", "/v1/videos", json=body, headers={"Idempotency-Key": "same"})
    assert (later.status_code, later.headers["idempotent-replayed"]) == (202, "true")
    other = two[0].ask("POST", "/v1/videos", json={**body, "priority": 1}, headers={"Idempotency-Key": "same"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:clipstream:problem:idempotency-key-reused")


def test_one_key_with_two_bodies_at_the_same_time(settings: Settings, two: Gateways, tmp_path: Path):
    """The one that is first on the topic is taken; the other is refused, and cancelled where it had gone out."""
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for video in videos:
        video.write_bytes(video.name.encode())

    def submit(number: int) -> httpx.Response:
        body = {"uri": str(videos[number % 2])}
        headers = {"Idempotency-Key": "contested"}
        return two[number % 2].ask("POST", "/v1/videos", json=body, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(16)))
    taken = {answer.json()["video_id"] for answer in answers if answer.status_code == 202}
    assert len(taken) == 1
    assert sorted({answer.status_code for answer in answers}) == [202, 422]
    sent = {one.video_id for one in _submitted(settings) if one.uri in map(str, videos)}

    async def cancelled() -> set[str]:
        return {order.video_id async for order in read_all(settings, topics.CONTROL)}

    assert sent - taken <= asyncio.run(cancelled())


def test_pages(two: Gateways, settings: Settings, tmp_path: Path):
    names = [f"page-{number}" for number in range(7)]
    video = tmp_path / "pages.mp4"
    video.write_bytes(b"pages")
    for number, name in enumerate(names):
        answer = two[number % 2].ask("POST", "/v1/videos", json={"uri": str(video), "video_id": name})
        assert answer.status_code == 202
    for order, expected in (("oldest", names), ("newest", names[::-1])):
        found, cursor, pages = [], None, 0
        while True:
            query = {"q": "page-", "order": order, "limit": 3, **({"cursor": cursor} if cursor else {})}
            page = two[pages % 2].ask("GET", "/v1/videos", params=query).json()
            found += [one["video_id"] for one in page["videos"]]
            cursor, pages = page["next"], pages + 1
            if cursor is None:
                break
        assert (found, pages, page["total"]) == (expected, 3, 7)


def test_a_callback_comes_although_all_gateways_are_killed(settings: Settings, two: Gateways, tmp_path: Path):
    """Between the first try and the delivery; what was not delivered was not committed."""
    video = tmp_path / "called.mp4"
    video.write_bytes(b"called")
    with Receiver() as receiver:
        receiver.broken.set()
        body = {"uri": str(video), "video_id": "called", "callback_url": f"http://127.0.0.1:{receiver.port}/hook"}
        taken = two[0].ask("POST", "/v1/videos", json=body)
        assert taken.status_code == 202, taken.text
        run = Run([], [], 0.0, SYSTEM_CLOCK.now_ms(), SYSTEM_CLOCK.now_ms())
        asyncio.run(_one(settings, replace(_result("called", 1, "final"), run=run)))
        until(lambda: bool(receiver.got), "there is a first try", 90)
        for gateway in two:
            gateway.kill()
        receiver.broken.clear()
        before = len(receiver.got)
        for gateway in two:
            gateway.start()
        for gateway in two:
            gateway.wait_ready()
        until(lambda: len(receiver.got) > before, "it is delivered", 90)
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        assert len({content for _, content in receiver.got}) == 1


def test_a_reader_that_takes_nothing_is_closed(settings: Settings, tmp_path: Path):
    """Its queue is bounded; it is told to come back, and then has missed nothing."""
    with GatewayProcess(settings, tmp_path / "small.log", gateway_event_backlog=10) as small:
        told: list[bytes] = []
        with httpx.stream("GET", f"{small.url}/v1/events", timeout=60) as answer:
            raw = answer.iter_raw()
            told.append(next(raw))
            asyncio.run(_burst(settings, 400))
            until(lambda: "overruns_total 1.0" in small.ask("GET", "/metrics").text, "its queue is full", 60)
            told += list(raw)
        text = b"".join(told).decode()
        assert text.rstrip().splitlines()[-2] == "event: resume"
        last = [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")][-1]
        seen = {line for line in text.splitlines() if line.startswith("data: ") and "burst-" in line}
        with Follower([small.url], "/v1/events", last=last) as late:
            late.wait(
                lambda events: len(seen) + sum("burst-" in str(event.data) for event in events) >= 400, "the rest", 30
            )
            assert len(seen) + sum("burst-" in str(event.data) for event in late.seen) == 400


async def _burst(settings: Settings, count: int) -> None:
    producer = AIOKafkaProducer(**client_options(settings), acks="all", linger_ms=200)
    await producer.start()
    try:
        sent = []
        for number in range(count):
            result = _result(f"burst-{number}", 1)
            partition = topics.video_partition(result.video_id, topics.VIDEO_PARTITIONS)
            raw = codec.encode(topics.SEGMENTS, result)
            name = settings.topic(topics.SEGMENTS.name)
            sent.append(await producer.send(name, raw, key=result.video_id.encode(), partition=partition))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
