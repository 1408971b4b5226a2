"""The join's table of cases, row by row as it stands in the machine's docstring, and what the rows do not say."""

from __future__ import annotations

import asyncio
import re

import orjson
import pytest

from processors.domain import MAX_ITEMS, MAX_SOUNDS, Sound
from processors.options import Options
from schemas.messages import END_INDEX, Header
from streams.join import machine
from streams.join.marks import highest_mark
from streams.join.row import Ending
from streams.join.state import JoinState
from streams.topics import KEPT_INPUT_MS
from tests.unit.join.records import SOUNDS, raw, record, records, with_content
from tests.unit.join.world import World

COMPLETE = "M T0 T1 T/2 V0 V/1"


def cases() -> list[tuple[str, str, str]]:
    """(case, arrived, emitted) of each row between the rule and the blank line behind it."""
    _, _, table = (machine.__doc__ or "").partition("-" * 25 + "\n")
    rows = table.partition("\n\n")[0].splitlines()
    found = [tuple(re.split(r"\s{2,}", row.strip())) for row in rows]
    assert all(len(row) == 3 for row in found), found
    return found  # type: ignore[return-value]


def test_the_docstring_has_its_table():
    assert len(cases()) >= 65
    assert len({case for case, _, _ in cases()}) == len(cases())


@pytest.mark.parametrize(("arrived", "emitted"), [row[1:] for row in cases()], ids=[row[0] for row in cases()])
def test_cases(arrived, emitted):
    assert " ".join(World().run(arrived)) == emitted.replace("nothing", "")


def test_provisional_reaches_to_the_quarter():
    world = World()
    world.run("M V0 V1 V2 T0 T1 T2")
    assert world.emitted[0].until_ms == 25_000


def test_each_early_result_reaches_twice_as_far():
    world = World()
    assert world.run("M V0 V1 V2 T0 T1 T2") == ["provisional"]
    world.run("V3 T3")  # 40 s of 50
    world.run("V4 T4 V5 V6 V7 V8 V9 T5 T6 T7 T8")
    assert [one.until_ms for one in world.emitted] == [25_000, 50_000]
    assert [one.revision for one in world.emitted] == [1, 2]


@pytest.mark.parametrize(
    ("duration_ms", "first_ms"),
    [(2, 1), (40_000, 10_000), (120_000, 30_000), (600_000, 30_000), (3_600_000, 180_000)],
)
def test_the_first_mark_is_half_a_minute_or_a_twentieth_and_at_most_a_quarter(duration_ms, first_ms):
    state = JoinState("v", 0, 0, duration_ms=duration_ms)
    for stream in (state.transcript, state.vision):
        stream.reach_ms = first_ms
    assert highest_mark(state, duration_ms) == first_ms
    state.vision.reach_ms = first_ms - 1
    assert highest_mark(state, duration_ms) == 0


@pytest.mark.parametrize("duration_ms", [1, 7, 39_999, 100_000, 3_600_000, 86_400_000])
def test_all_early_results_together_rank_less_than_twice_the_video(duration_ms):
    state, marks = JoinState("v", 0, 0, duration_ms=duration_ms), set()
    for reach_ms in range(-1, duration_ms + 1, max(1, duration_ms // 1_000)):
        state.transcript.reach_ms = state.vision.reach_ms = reach_ms
        marks.add(highest_mark(state, duration_ms))
    assert len(marks - {0}) <= 6  # a twentieth, doubled four times, and rounding
    assert sum(marks) < 2 * duration_ms
    assert max(marks) < duration_ms


def test_a_state_of_an_older_build_goes_on():
    """It has no content, and says of an early result only that there was one."""
    world = World()
    world.run("M V0 V1 V2 T0 T1 T2 C0 C1 C2")
    old = orjson.loads(world.rows.state("v").to_bytes())
    del old["content"], old["shown_ms"]
    world.store[b"|v"] = world.changelog[b"|v"] = orjson.dumps(old)
    for place in (world.store, world.changelog):
        for key in [key for key in place if b"|content|" in key]:
            del place[key]
    assert world.run("T/3 V/3") == ["provisional"]
    assert world.run("C0 C1 C2 C/3") == ["provisional", "final"]
    assert [part.start_ms for part in world.parts(world.emitted[-1]).contents] == [0, 10_000, 20_000]


def test_an_intent_of_an_older_build_is_carried_out():
    world = World()
    world.run("M T0! T/1 V0 C0! C/1")
    assert asyncio.run(world.take(record("V/1"), crash_at=3))  # the state with its intent is kept, nothing published
    world.restart()
    old = orjson.loads(world.store[b"|v"])
    assert old.pop("content")
    assert old["intent"]["emit"]["completeness"] == "degraded"
    world.store[b"|v"] = world.changelog[b"|v"] = orjson.dumps(old)
    assert world.run("V/1 T0") == ["degraded", "final"]


def test_the_end_record_of_content_tells_nothing_twice():
    world = World()
    world.run("M T0 T/1~ V0 V/1")
    (joined,) = world.emitted
    assert joined.missing == ["speech: ends early"]
    runs = {run.stage: run.records for run in joined.stages}
    assert runs["content"] == 1
    assert runs["audio-extractor"] == 1


def test_revisions_grow_and_the_error_names_the_cause():
    world = World()
    world.run("M! T/0! V/0!")
    assert world.emitted[-1].error == "the file is broken"
    assert world.emitted[-1].missing == []  # three stages that say the same thing say it once
    world = World()
    world.run("M T0! T/1 V0 V/1 T0")
    assert [one.revision for one in world.emitted] == [1, 2]
    assert world.emitted[0].missing == ["speech: part 1: T0 is broken"]
    assert world.emitted[1].missing == []


def test_what_is_missing_is_counted_from_its_time():
    world = World()
    world.run("M T0 T2 T/5 V0 V/1 deadline")
    assert world.emitted[-1].missing == ["speech: 3 of 5 parts, first one from 0:10: nothing came"]


async def _take(world: World, wanted: list) -> None:
    for one in wanted:
        await world.take(one)


def test_rows_go_with_final_and_stay_with_degraded():
    world = World()
    world.run(COMPLETE)
    assert world.row_keys == set()
    world = World()
    world.run("M T0! T/1 V0 V/1")
    assert len(world.row_keys) == 8  # with what all parts share
    world.run("T0")
    assert world.row_keys == set()


def test_rows_of_an_older_generation_go():
    world = World()
    world.run("M T0 V0 T/3")
    world.run("M'")
    assert world.row_keys == {"v|1|about|0", "v|1|metadata|0"}
    world.run("T1")  # too late; and what a crash left of it goes too
    assert world.row_keys == {"v|1|about|0", "v|1|metadata|0"}


def test_expiry_deletes_the_rows_and_later_the_marker():
    world = World()
    world.run("M T0 deadline")
    assert world.row_keys
    world.run("expiry")
    assert world.row_keys == set()
    assert world.rows.state("v") is not None
    world.run("expiry")  # the watchdog may have said it twice
    assert world.rows.state("v") is not None
    world.run("forget")
    assert world.store == {}
    assert world.changelog == {}


def test_a_time_that_was_over_before_the_newest_part_means_nothing():
    world = World()
    early = records("deadline", now_ms=world.clock.ms)
    world.run("M T0")
    asyncio.run(_take(world, early))
    assert world.log == []


def test_a_video_may_be_called_like_anything():
    """Keys of states and rows never meet, whatever the id."""
    world = World()
    for name in ("state", "about", "0", "v"):
        asyncio.run(_take(world, [record(word, name) for word in ("M", "T0")]))
    assert sorted(state.video_id for state in world.rows.states()) == ["0", "about", "state", "v"]


def test_reasons_are_bounded_for_the_emission_is_one_record():
    many = 3_000
    world = World()
    world.run(" ".join(["M", "V0", "V/1", *(f"T{n}!" for n in range(many)), f"T/{many}"]))
    missing = world.emitted[-1].missing
    assert len(missing) == machine.MAX_REASONS + 1
    assert missing[-1] == f"speech: {many} parts failed in all"


def test_sounds_of_the_end_record_reach_the_parts_and_are_bounded():
    world = World()
    world.run("M T0 T/1 V0 V/1")
    assert world.parts(world.emitted[-1]).sounds == SOUNDS
    many = tuple(Sound(n * 2_000, n * 2_000 + 1_000, "noise", 0.5) for n in range(2 * MAX_SOUNDS))
    header = Header("v", 0, "audio-extractor", END_INDEX, "ok", None, 1, Options(), None, 3, False)
    end = machine.Part("transcript", header, b"", -1, expected=0, sounds=many)
    assert Ending.from_bytes(machine._row(end, 0).content).sounds == many[:MAX_SOUNDS]


def test_an_end_of_an_older_build_has_no_sounds():
    assert Ending.from_bytes(b'{"expected":2,"error":null,"duration_ms":9,"warnings":[]}') == Ending(2, None, 9, ())


@pytest.mark.parametrize("word", [f"T{MAX_ITEMS}", f"T/{MAX_ITEMS + 1}", "M1"])
def test_absurd_indexes_are_dead_letters(word):
    world = World()
    wanted = record(word)
    if word == "M1":
        from dataclasses import replace

        from streams import codec, topics

        message = codec.decode(topics.VIDEO_METADATA, wanted.value)
        wanted = raw(topics.VIDEO_METADATA, replace(message, header=replace(message.header, index=1)))
    asyncio.run(_take(world, [wanted]))
    assert len(world.letters) == 1
    assert world.store == {}


@pytest.mark.parametrize("video", ["a|0", "|a", "", "x" * 129])
def test_ids_that_would_break_keys_are_dead_letters(video):
    world = World()
    asyncio.run(_take(world, [record("T0", video)]))
    assert len(world.letters) == 1
    assert world.store == {}


def test_the_state_is_small_whatever_the_parts():
    world = World()
    sizes = []
    for number in range(200):
        world.run(f"T{number} V{number}")
        state = world.rows.state("v")
        assert isinstance(state, JoinState)
        sizes.append(len(state.to_bytes()))
    assert max(sizes) < 300
    assert max(sizes) - sizes[0] < 40  # digits of numbers


def test_the_marker_outlives_the_inputs():
    world = World()
    world.run(COMPLETE)
    world.clock.ms += KEPT_INPUT_MS - 1_000
    world.run("deadline expiry")
    assert world.rows.state("v") is not None


def cut_off(world: World, word: str) -> None:
    """The word's row is in the changelog, the state that counts it is not; then a new process."""
    assert asyncio.run(world.take(record(word), crash_at=1))
    world.restart()


def test_a_row_that_was_cut_off_and_swept_past_is_deleted_when_its_event_comes_again():
    world = World()
    world.run("M T0")
    cut_off(world, "V0")
    world.run("M'")
    assert "v|0|vision|0" in world.row_keys
    world.run("V0")
    assert world.row_keys == {"v|1|about|0", "v|1|metadata|0"}


def test_a_row_that_was_cut_off_and_closes_a_gap_behind_an_early_result_is_news_again():
    world = World()
    world.run("M T0 T1 T2 T4 T/5 V0 V1 V/3")
    cut_off(world, "T3")
    assert world.run("V2") == ["provisional"]
    assert world.run("T3") == ["provisional", "final"]


def test_a_row_that_was_cut_off_and_is_in_an_emission_is_no_news_again():
    world = World()
    world.run("M T0! T1 V0 V/1")
    cut_off(world, "T/2")
    assert world.run("deadline") == ["degraded"]
    assert world.emitted[0].missing == ["speech: part 1: T0 is broken"]
    assert world.run("T/2") == ["degraded"]


def test_a_better_row_that_was_cut_off_after_degraded_is_news_again():
    world = World()
    assert world.run("M T0! T/1 V0 V/1") == ["degraded"]
    cut_off(world, "T0")
    assert world.run("T0") == ["degraded", "final"]


def test_parts_that_come_in_one_millisecond_are_kept():
    """Such a part may leave the state as it was: of parts that come backwards all but the first are only rows."""
    world = World()

    async def take_all() -> None:
        for one in records(" ".join(with_content("T2 T1 T0 T/3 V0 V/1 M"))):
            await world.runner.take(one)  # the clock stands still

    asyncio.run(take_all())
    assert [one.completeness for one in world.emitted] == ["final"]
