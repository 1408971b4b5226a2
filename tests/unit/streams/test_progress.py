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


def test_a_count_that_is_known_late_takes_nothing_back():
    video = VideoProgress("v")

    def told(stage: str, index: int, total: int | None, position_ms: int | None, generation: int = 0) -> float:
        video.update(Progress("v", generation, stage, index, 1, total, position_ms, "ok", None, 0))
        return video.overall

    told("metadata", -1, None, 60_000)
    # the last item comes first, as items in parallel do: by its time nearly all is done, by their number a fifth
    guess = told("transcriber", 4, None, 60_000)
    assert told("audio-extractor", -1, 5, None) == guess
    assert video.fraction("transcriber") == 0.2
    assert told("metadata", -1, None, 60_000, generation=1) < guess, "another generation begins anew"
