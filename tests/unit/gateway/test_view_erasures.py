"""An order to erase reaches the view: what is newer than the order stays, in videos and events alike."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from schemas.messages import Control, Progress, VideoIngested
from streams import codec, topics
from streams.clock import SYSTEM_CLOCK
from streams.gateway.view import View
from streams.settings import Settings


def test_a_newer_generation_stays(tmp_path: Path) -> None:
    view = View(Settings(data_dir=tmp_path), SYSTEM_CLOCK)
    spec, progress = topics.VIDEO_INGESTED, topics.PROGRESS
    place = {
        one: next(n for n, at in enumerate(view.places) if view.place_of(at)[1] is one) for one in (spec, progress)
    }
    for generation in range(2):
        request = codec.encode(spec, VideoIngested("/v.mp4", video_id="v", generation=generation))
        step = codec.encode(progress, Progress("v", generation, "transcriber", 1, 1, 2, None, "ok", None, 1_500))
        for one, raw in ((spec, request), (progress, step)):
            view._take(place[one], one, SimpleNamespace(value=raw, offset=generation, timestamp=generation))
    start = (0,) * len(view.places)
    assert len(view.feed.behind(start, "v")) == 4
    view.erasures._note(Control("v", "erase", 1, 0), view._forget)
    video = view.videos.get("v")
    assert video is not None
    assert (video.status, video.generation, list(video.requests)) == ("running", 1, [1])
    assert [(entry.kind, entry.offset) for entry in view.feed.behind(start, "v")] == [("submitted", 1), ("progress", 1)]
    view.erasures._note(Control("v", "erase", 2, 1), view._forget)
    assert view.videos.get("v") is None
    assert not view.feed.behind(start, "v")
