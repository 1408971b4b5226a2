"""`replay --day` against a real broker, on topics of their own: what is of a day, what is left out, what is sent."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from processors.blobs import BlobStore
from schemas.messages import Control, Segments, VideoIngested
from streams import codec, topics
from streams.admin import create_topics
from streams.cli.whole import app
from streams.client import read_all
from streams.reading import to_environment
from streams.replay import replay_video
from streams.replay_day import CANCELLED, UNDER_WAY, OfDay, bounds_ms, replay_day
from streams.settings import Settings
from tests.databases import result

pytestmark = [pytest.mark.stream, pytest.mark.timeout(120)]
DAY = datetime.now().astimezone().date() - timedelta(days=9)  # the broker deletes what is older than a month
SHORT = date(2026, 3, 29)  # clocks go forward in Berlin
START_MS, END_MS = bounds_ms(DAY)
NOON_MS = (START_MS + END_MS) // 2

# id, (time, generation, replay) of its requests, (generation, status) of its newest result, what becomes of it
CASES = (
    ("first-ms", [(START_MS, 0, False)], (0, "final"), OfDay("first-ms", 1, "")),
    ("last-ms", [(END_MS - 1, 0, False)], (0, "degraded"), OfDay("last-ms", 1, "")),
    ("day-before", [(START_MS - 1, 0, False)], (0, "final"), None),
    ("day-behind", [(END_MS, 0, False)], (0, "final"), None),
    ("replayed-since", [(NOON_MS, 0, False), (END_MS, 1, True)], (1, "final"), OfDay("replayed-since", 2, "")),
    ("replayed-then", [(START_MS - 1, 0, False), (NOON_MS, 1, True)], (1, "final"), None),
    ("sent-again", [(START_MS - 1, 0, False), (NOON_MS, 0, False)], (0, "final"), OfDay("sent-again", 1, "")),
    ("fresh-at-first", [(NOON_MS, 0, True)], (0, "failed"), OfDay("fresh-at-first", 1, "")),
    ("under-replay", [(NOON_MS, 0, False), (END_MS, 1, True)], (0, "final"), OfDay("under-replay", 1, UNDER_WAY)),
    ("early", [(NOON_MS, 0, False)], (0, "provisional"), OfDay("early", 0, UNDER_WAY)),
    ("nothing-yet", [(NOON_MS, 0, False)], None, OfDay("nothing-yet", 0, UNDER_WAY)),
    ("stopped", [(NOON_MS, 0, False)], (0, "cancelled"), OfDay("stopped", 0, CANCELLED)),
    ("erased", [(NOON_MS, 0, False)], None, None),
)  # fmt: skip


@pytest.fixture(scope="module")
def settings(cluster_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics of their own, with the requests and results of the cases."""
    own = cluster_settings.model_copy(update={"topic_prefix": "day.", "data_dir": tmp_path_factory.mktemp("day")})
    blobs = BlobStore(own.store)

    async def fill() -> None:
        await create_topics(own)
        async with AIOKafkaProducer(bootstrap_servers=own.bootstrap_servers()) as producer:

            async def send(spec: topics.TopicSpec, message: object, video_id: str, at_ms: int | None = None) -> None:
                value = codec.encode(spec, message)
                await producer.send_and_wait(own.topic(spec.name), value, key=video_id.encode(), timestamp_ms=at_ms)

            for video_id, wanted, held, _ in CASES:
                for at_ms, generation, is_replay in wanted:
                    request = VideoIngested("/talk.mp4", video_id, generation=generation)
                    if is_replay:
                        request = replace(request, replay_from="all", fresh=True)
                    await send(topics.VIDEO_INGESTED, request, video_id, at_ms)
                if held is not None:
                    made: Segments = result(blobs, video_id, held[0], status=held[1])
                    await send(topics.SEGMENTS, made, video_id)
            await send(topics.CONTROL, Control("erased", "erase", NOON_MS), "erased")

    asyncio.run(fill())
    return own


def of_day(settings: Settings, *, dry_run: bool) -> list[OfDay]:
    async def collect() -> list[OfDay]:
        return [one async for one in replay_day(settings, DAY, "transcriber", fresh=True, dry_run=dry_run)]

    return asyncio.run(collect())


def requests_of(settings: Settings) -> list[VideoIngested]:
    async def collect() -> list[VideoIngested]:
        found = [request async for request in read_all(settings, topics.VIDEO_INGESTED)]
        return sorted(found, key=lambda one: (one.video_id or "", one.generation, one.fresh))

    return asyncio.run(collect())


def test_a_day_is_found_and_sent_once(settings):
    expected = sorted((one for *_, one in CASES if one is not None), key=lambda one: one.video_id)
    before = requests_of(settings)
    assert of_day(settings, dry_run=True) == expected
    assert requests_of(settings) == before
    assert of_day(settings, dry_run=False) == expected
    sent = [request for request in requests_of(settings) if request not in before]
    assert sorted((one.video_id, one.generation) for one in sent) == [
        (one.video_id, one.generation) for one in expected if not one.left_out
    ]
    assert {(one.replay_from, one.fresh, one.priority) for one in sent} == {("transcriber", True, -1)}
    # given again before they are through: nothing comes twice
    assert all(one.left_out for one in of_day(settings, dry_run=False))
    assert len(requests_of(settings)) == len(before) + len(sent)


def test_a_later_replay_of_one_of_them_goes_as_the_video_was_submitted(settings):
    again = asyncio.run(replay_video(settings, "first-ms", None, fresh=False, dry_run=True))
    assert (again.generation, again.priority) == (2, 0)


def test_who_waits_for_a_replay_is_not_given_the_result_before_it(settings):
    def asked(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["results", *arguments], env=to_environment(settings))
        return done.exit_code, done.stderr

    assert asked("under-replay") == (0, "")
    assert asked("under-replay", "--wait", "0.1") == (1, "No final result yet: under-replay\n")
    assert asked("stopped", "--wait", "0.1")[0] == 0


def test_a_day_that_is_none_is_refused(settings):
    env = to_environment(settings)
    done = CliRunner().invoke(app, ["replay", "--day", "yesterday"], env=env)
    assert done.exit_code == 2
    assert "write 2026-11-21" in done.stderr
    empty = CliRunner().invoke(app, ["replay", "--day", str(DAY - timedelta(days=9)), "--json"], env=env)
    assert json.loads(empty.stdout) == {"dry_run": False, "videos": []}


@pytest.mark.parametrize(("zone", "hours"), [("Europe/Berlin", 23), ("UTC", 24)])
def test_a_day_is_as_long_as_it_is(monkeypatch, zone, hours):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        start_ms, end_ms = bounds_ms(SHORT)
        assert datetime.fromtimestamp(start_ms / 1000, UTC).astimezone().isoformat()[:19] == "2026-03-29T00:00:00"
        assert (end_ms - start_ms) // 3_600_000 == hours
    finally:
        monkeypatch.undo()
        time.tzset()
