"""From records to what `status` shows."""

from __future__ import annotations

from schemas.messages import Progress, StageRun
from streams.progress import VideoProgress

RUNS = [StageRun("audio-extractor", 1, 1, 0), StageRun("transcriber", 1, 6, 0), StageRun("vision", 1, 4, 0)]


def known(*steps: tuple[str, int, int | None]) -> VideoProgress:
    video = VideoProgress("v")
    for stage, index, total in steps:
        video.update(Progress("v", 0, stage, index, 1, total, None, "ok", None, 0))
    return video


def test_a_video_that_is_through_shows_the_totals_of_its_result():
    video = known(("audio-extractor", -1, 6), ("frame-extractor", -1, 4), ("transcriber", 2, None), ("vision", 0, None))
    assert video.summary() == "speech 1/6 · pictures 1/4"
    video.finish(0, RUNS)
    assert video.summary() == "speech 6/6 · pictures 4/4"
    assert video.fraction("transcriber") == video.fraction("audio-extractor") == 1.0


def test_what_a_degraded_result_lacks_is_seen():
    video = known(("audio-extractor", -1, 8))
    video.finish(0, RUNS)
    assert video.summary() == "speech 6/8 · pictures 4/4"


def test_a_result_is_enough_when_its_progress_is_kept_no_more():
    video = known(("audio-extractor", -1, 8))  # of an older generation
    video.finish(2, RUNS)
    assert (video.generation, video.summary()) == (2, "speech 6/6 · pictures 4/4")
