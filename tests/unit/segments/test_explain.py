from __future__ import annotations

import io
from dataclasses import asdict, replace
from typing import Any

import pytest
from rich.console import Console

from processors.domain import Engagement
from processors.errors import InvalidMessage
from processors.segments import rank
from processors.segments.explain import chosen, explained
from processors.segments.finishing import finish
from streams.cli.explain import print_explained
from tests.unit.segments.builders import talk


def result(**change: Any) -> dict[str, Any]:
    of = talk(5)
    segments, _ = finish(rank(of), of.facts, of.options)
    known = [replace(segment, engagement=Engagement(0.6, 0.4, 0.8), modalities={"speech": 0.7}) for segment in segments]
    made = {"video_id": "talk", "generation": 0, "revision": 1, "status": "final", "missing": [], "error": None}
    return {**made, "segments": [asdict(segment) for segment in known], **change}


def shown(found: dict[str, Any]) -> str:
    target = Console(file=io.StringIO(), width=140, highlight=False)
    print_explained(found, target)
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue()


def test_the_sum_is_the_score() -> None:
    whole = result()
    for segment in whole["segments"]:
        found = explained(whole, segment)
        assert found["sum_is_score"]
        assert found["weights"] == 1.0
        assert found["sum"] == pytest.approx(sum(each["product"] for each in found["signals"]), abs=1e-5)
        assert [each["product"] for each in found["signals"]] == sorted(
            (each["product"] for each in found["signals"]), reverse=True
        )
        assert {each["group"] for each in found["signals"]} <= {"speech", "audio", "vision", "structure"}
        text = shown(found)
        assert f"{found['sum']:.4f}, the score" in text
        for reason in segment["reasons"]:
            assert reason["signal"] in text


def test_a_sum_that_is_not_the_score_is_told() -> None:
    whole = result()
    wrong = {**whole["segments"][0], "score": whole["segments"][0]["score"] + 0.0002}
    found = explained(whole, wrong)
    assert not found["sum_is_score"]
    assert "not the score, which is" in shown(found)


def test_everything_else_that_is_known() -> None:
    whole = result()
    whole["segments"][0]["suggestions"] = ["Cut [it]"]
    text = " ".join(shown(explained(whole, whole["segments"][0])).split())
    assert "engagement 0.60, 90 % interval 0.40 to 0.80" in text
    assert "(speech 0.70)" in text
    assert "suggestions Cut [it]" in text  # no markup
    for name in ("tiktok", "shorts", "reels", "x", "linkedin"):
        assert f"{name} fits " in text


def test_results_of_older_versions_are_explained_as_well() -> None:
    whole = result()
    later = ("description", "hashtags", "engagement", "modalities", "platforms", "suggestions", "insight", "topics")
    old = {name: value for name, value in whole["segments"][0].items() if name not in later}
    found = explained({"segments": [old]}, old)
    assert found["sum_is_score"]
    assert "sum of percentile" in shown(found)


def test_a_segment_by_rank_or_id() -> None:
    whole = result()
    second = whole["segments"][1]
    assert chosen(whole, "2") is chosen(whole, "#2") is chosen(whole, second["segment_id"]) is second


@pytest.mark.parametrize("wanted", ["0", "99", "no", "-1", ""])
def test_a_missing_segment_tells_which_there_are(wanted: str) -> None:
    whole = result()
    with pytest.raises(InvalidMessage) as refused:
        chosen(whole, wanted)
    assert f"There is no segment '{wanted}'" in refused.value.reason
    for segment in whole["segments"]:
        assert segment["segment_id"] in refused.value.remedy


def test_a_result_without_segments_says_why() -> None:
    none = {"video_id": "v", "segments": [], "missing": ["segments: none, the video is 10 ms long"], "error": None}
    with pytest.raises(InvalidMessage, match="has no segments: segments: none, the video is 10 ms long"):
        chosen(none, "1")
    with pytest.raises(InvalidMessage, match="has no segments: It is no video"):
        chosen({**none, "missing": [], "error": "It is no video"}, "1")
