"""`bench progressive`: the marks of early results, what they are worth, and the command."""

from __future__ import annotations

import json

import orjson
import pytest
from typer.testing import CliRunner

from ops.bench.highlights.talks import highlights_of, talk, transcript_of
from ops.bench.progressive import FINAL_DEPTH, by_number, compared, of_item, pooled, run
from ops.bench.progressive_marks import marks_of
from ops.bench.segments_files import sources_of
from processors.domain import Span
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.segments.rank import rank
from streams.cli.whole import app
from streams.settings import Settings


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("talks")
    for number in (1, 7):  # a short one, and one of three speakers
        one = talk("test", 0, number)
        (folder / f"{one.name}.transcript.json").write_bytes(orjson.dumps(transcript_of(one)))
        (folder / f"{one.name}.highlights.json").write_bytes(orjson.dumps(highlights_of(one)))
    return folder


def items(folder):
    return [source.read() for source in sources_of(folder, ModelStore(None, Settings().cache_dir), None, 1)]


@pytest.mark.parametrize("duration_ms", [40_000, 600_000, 1_800_000, 3_600_000])
def test_marks_grow_and_the_first_is_at_most_a_quarter(duration_ms):
    marks = marks_of(duration_ms)
    assert marks == sorted(set(marks))
    assert 0 < marks[0] <= duration_ms / 4
    assert marks[-1] < duration_ms


def test_a_result_beside_the_final_one():
    final = [Span(0, 10_000), Span(50_000, 80_000)]
    found = compared([Span(20_000, 30_000), Span(0, 8_000)], final)
    assert found == {"segments": 2, "stays": True, "first_stays": False, "share_stays": 0.5, "best_iou": 0.8}
    assert compared([Span(0, 4_000)], final)["stays"] is False  # 0.4
    assert compared([Span(0, 5_000)], final)["stays"] is True  # 0.5 counts
    assert compared([Span(0, 5_000)], [])["best_iou"] == 0.0


def test_results_are_pooled_by_their_number():
    revision = {"stays": True, "first_stays": False, "share_stays": 0.5, "best_iou": 0.8, "possible": True}
    rows = by_number([[{**revision, "share_of_video": 0.05}, {**revision, "share_of_video": 0.1}], [], [
        {**revision, "stays": False, "share_of_video": 0.25}]])  # fmt: skip
    assert [len(row) for row in rows] == [2, 1]
    first = pooled(rows[0])
    assert (first["items"], first["stays"], first["share_of_video"]) == (2, 0.5, 0.15)
    assert first["stays_interval"] == [0.0, 1.0]
    assert first["best_iou_interval"] is None
    assert by_number([]) == []
    assert pooled([])["stays"] is None


def test_an_item_has_a_result_at_each_mark_that_gives_segments(talks):
    for item in items(talks):
        found = of_item(item)
        final = rank(item.parts).segments
        assert found["segments"] == min(FINAL_DEPTH, len(final))
        marks = [revision["until_ms"] for revision in found["revisions"]]
        assert marks
        assert set(marks) <= set(marks_of(item.duration_ms))
        for revision in found["revisions"]:
            early = rank(item.parts, until_ms=revision["until_ms"]).segments
            assert revision["segments"] == min(FINAL_DEPTH, len(early))
            assert all(segment.end_ms <= revision["until_ms"] for segment in early)
            assert revision["stays"] <= revision["possible"]


def test_the_command_prints_and_writes(talks, tmp_path):
    output = tmp_path / "progressive.json"
    done = CliRunner().invoke(app, ["bench", "progressive", "--data", str(talks), "-o", str(output)])
    assert done.exit_code == 0, done.output
    assert "one stays" in done.output
    found = json.loads(output.read_bytes())
    assert found["pooled"]["items"] == 2
    assert found["pooled"]["revisions"][0]["items"] + found["pooled"]["without_any"] == 2
    assert found["timed"] == []


def test_nothing_to_measure_is_said(tmp_path):
    with pytest.raises(InvalidMessage, match="nothing to measure"):
        run(Settings(), None, [])
    with pytest.raises(InvalidMessage, match="marked spans"):
        run(Settings(), tmp_path, [])


@pytest.mark.parametrize("option", ["--data", "--video"])
def test_what_is_not_there_is_said(tmp_path, option):
    done = CliRunner().invoke(app, ["bench", "progressive", option, str(tmp_path / "nothing")])
    assert isinstance(done.exception, InvalidMessage)
