"""The bench of topic boundaries: its reading of meetings, its baseline, the shape of what it gives."""

from __future__ import annotations

import json

import pytest

from ops.bench.meetings import read_meetings
from ops.bench.texttiling import text_tiling
from ops.bench.topics import run, run_alone
from processors.errors import ClipstreamError, InvalidMessage
from processors.models.store import ModelStore
from streams.settings import Settings

# a topic is a vocabulary of its own
WORDS = [
    ["river", "boat", "fish", "water", "bridge", "harbour", "wave", "sailor", "net", "island"],
    ["engine", "wheel", "brake", "motor", "garage", "tyre", "fuel", "driver", "road", "lorry"],
    ["piano", "violin", "melody", "choir", "concert", "rhythm", "singer", "drum", "chord", "opera"],
]


def turns(topic: int, count: int) -> list[dict[str, str]]:
    said = []
    for turn in range(count):
        names = [WORDS[topic][(turn + step) % 10] for step in range(6)]
        said.append({"speaker": "A", "content": f"The {names[0]} and the {' '.join(names[1:])} are here . {{laugh}}"})
    return said


def meeting(*counts: int) -> dict[str, object]:
    spoken: list[dict[str, str]] = []
    topics = []
    for topic, count in enumerate(counts):
        topics.append({"topic": str(topic), "relevant_text_span": [[str(len(spoken)), str(len(spoken) + count - 1)]]})
        spoken += turns(topic, count)
    return {"meeting_transcripts": spoken, "topic_list": topics}


@pytest.fixture
def folder(tmp_path):
    lines = [meeting(60, 60, 60), meeting(80, 70), meeting(50)]
    (tmp_path / "made.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return tmp_path


def test_meetings_are_read_with_their_boundaries(folder):
    first, second = read_meetings(folder)  # the third has one topic only
    assert (first.name, first.starts) == ("made:0", [60, 120])
    assert second.starts == [80]
    assert first.sentences[0] == "The river and the boat fish water bridge harbour are here."
    assert first.turns == list(range(180))


def test_slips_of_the_annotation_are_no_topics(tmp_path):
    content = meeting(60, 60)
    content["topic_list"] = [{"topic": "a", "relevant_text_span": [["2", "59"], ["60", "62"], ["63", "117"]]}]
    (tmp_path / "slips.jsonl").write_text(json.dumps(content), encoding="utf-8")
    assert read_meetings(tmp_path)[0].starts == [60]


def test_texttiling_finds_what_differs_in_vocabulary(folder):
    (first, _) = read_meetings(folder)
    found = text_tiling(first.sentences, first.turns)
    assert all(min(abs(start - near) for near in found) <= 4 for start in first.starts)
    assert text_tiling(["One two."], [0]) == []


def test_the_json_has_the_shape_of_all_benches(folder):
    seen: list[tuple[int, int]] = []
    found = run(folder, ModelStore(None, Settings().cache_dir), lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    assert found["bench"] == "topics"
    assert [(row["item"], row["half"]) for row in found["rows"]] == [("made:0", "tuned"), ("made:1", "reported")]
    assert set(found["baselines"]) == {"even", "random", "texttiling", "none"}
    assert found["pooled"]["meetings"] == 1
    assert found["pooled"]["pk"] == found["rows"][1]["pk"] < found["baselines"]["random"]["pk"]
    assert found["rows"][0]["boundaries"] == 2
    assert found == run(folder, ModelStore(None, Settings().cache_dir))
    json.dumps(found)


def test_a_folder_without_meetings_is_named(tmp_path):
    with pytest.raises(InvalidMessage, match="no meetings"):
        run(tmp_path, ModelStore(None, Settings().cache_dir))


BROKEN = [
    "{",
    "5",
    json.dumps({"meeting_transcripts": [{"speaker": "A"}], "topic_list": []}),
    json.dumps({"meeting_transcripts": [], "topic_list": [{"relevant_text_span": [["one", "2"]]}]}),
    json.dumps({"meeting_transcripts": 5, "topic_list": []}),
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_is_no_meeting_is_named(line, folder):
    path = folder / "made.jsonl"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidMessage, match=r"made\.jsonl, line 5, is no meeting"):
        read_meetings(folder)


def test_errors_of_the_process_that_measures_are_told(tmp_path):
    (tmp_path / "made.jsonl").write_text("{")
    with pytest.raises(ClipstreamError, match=r"made\.jsonl, line 1, is no meeting") as caught:
        run_alone(tmp_path, Settings())
    assert "docs/quality.md" in caught.value.remedy
