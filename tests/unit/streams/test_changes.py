"""What a revision changes against what was published before it."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from processors.domain import Changes, Segment
from schemas.messages import Progress, Run, Segments
from streams.changes import changes_between
from streams.cli.revisions import revision_told
from streams.cli.status import _summary
from streams.newest import Newest
from streams.progress import VideoProgress
from streams.settings import Settings

RUN = Run(stages=[], models=[], cost_usd=0.0, started_at_ms=0, finished_at_ms=0)


def result(ids: list[str], generation: int = 0, revision: int = 1, video_id: str = "v", **fields) -> Segments:
    segments = [Segment(one, rank, 0, 9_000, 0.5, 0.5, "t", "t", [], None) for rank, one in enumerate(ids, start=1)]
    values = {"status": "provisional", "changes": None, "enriched": False, "until_ms": None, **fields}
    return Segments(
        video_id=video_id, generation=generation, revision=revision, error=None, duration_ms=100_000, title="",
        languages=[], confidence=0.0, segments=segments, missing=[], request_digest=None, document_uri=None, run=RUN,
        **values,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "added", "removed", "moved"),
    [
        ("", "", "", "", ""),
        ("", "ab", "ab", "", ""),
        ("ab", "", "", "ab", ""),
        ("ab", "ab", "", "", ""),
        ("ab", "ba", "", "", "ba"),
        ("abc", "adc", "d", "b", ""),
        ("abc", "xab", "x", "c", "ab"),
    ],
)
def test_changes(before, after, added, removed, moved):
    assert changes_between(list(before), list(after)) == Changes(list(added), list(removed), list(moved))


@pytest.fixture
def newest(tmp_path) -> Newest:
    return Newest(Settings(data_dir=tmp_path))


def test_changes_are_against_the_newest_that_is_published(newest):
    assert newest.changes("v", (0, 1, False), ["v-0-9"]) is None
    newest.note(result(["v-0-9", "v-9-20"]))
    newest.note(result(["v-1-2"], revision=3))
    newest.note(result(["v-7-8"], revision=2))  # comes late and counts for nothing
    assert newest.changes("v", (0, 4, False), ["v-5-6", "v-1-2"]) == Changes(["v-5-6"], [], ["v-1-2"])
    assert newest.changes("v", (1, 1, False), []) == Changes([], ["v-1-2"], []), "of an older generation, too"
    assert newest.changes("another", (0, 1, False), ["v-1-2"]) is None


@pytest.mark.parametrize("told", [None, Changes(["v-9-20"], ["other", "v-3-4"], [])])
def test_a_result_that_is_brought_back_tells_what_it_told(newest, told):
    newest.note(result(["v-0-9", "other"], revision=2, changes=told))
    assert newest.changes("v", (0, 2, False), ["v-0-9", "other"]) == told
    # made by another algorithm, it differs anyway: then against what was shown
    assert newest.changes("v", (0, 2, False), ["other"]) == Changes([], ["v-0-9"], ["other"])


def test_an_enriched_result_keeps_the_changes(newest):
    one = result(["v-0-9"], revision=2, changes=Changes(["v-0-9"], [], []))
    newest.note(one)
    newest.note(replace(one, enriched=True))
    assert newest.changes("v", (0, 2, True), ["v-0-9"]) == one.changes


def test_a_video_takes_less_than_a_kilobyte(newest):
    ids = [f"3f2a9c0d11e4b7a6-{at * 60_000}-{at * 60_000 + 45_000}" for at in range(10)]
    changes = Changes(ids[:5], ids[5:], ids[:3])
    tracemalloc.start()
    for number in range(1_000):
        name = f"{number:016x}"
        mine = [one.replace("3f2a9c0d11e4b7a6", name) for one in ids]
        told = Changes(*([one.replace("3f2a9c0d11e4b7a6", name) for one in part] for part in vars_of(changes)))
        newest.note(result(mine, video_id=name, changes=told))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 1_000 < 1_000


def vars_of(changes: Changes) -> tuple[list[str], list[str], list[str]]:
    return changes.added, changes.removed, changes.moved


@pytest.mark.parametrize(
    ("changes", "until_ms", "status", "told"),
    [
        (None, 30_000, "provisional", "provisional up to 0:30 of 1:40, 2 segments"),
        (
            Changes(["v-1"], ["x"], []),
            60_000,
            "degraded",
            "degraded up to 1:00 of 1:40, 2 segments, 1 new, 1 gone",
        ),
        (Changes([], [], ["v-1", "v-2"]), None, "final", "final, 2 segments, 2 at another rank"),
        (Changes([], [], []), None, "final", "final, 2 segments, unchanged"),
    ],
)
def test_a_revision_is_told_in_a_few_words(changes, until_ms, status, told):
    assert revision_told(result(["v-1", "v-2"], changes=changes, until_ms=until_ms, status=status)) == told


def test_status_says_what_is_known_of_a_video_under_way():
    progress = VideoProgress("v")
    progress.update(Progress("v", 0, "transcriber", 3, 1, None, 30_000, "running", None, 5))
    early = result(["v-1"], changes=Changes(["v-1"], [], []), until_ms=30_000)
    summary = _summary(progress, "provisional", early)
    assert summary == "provisional up to 0:30 of 1:40, 1 segment, 1 new; speech 1/?"
    assert _summary(progress, "final", replace(early, status="final", until_ms=None)) == "speech 1/?"
