"""A file whose decoder dies: given up after two deaths, and the videos around it know nothing of it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from schemas.messages import DeadLetter
from streams import topics
from tests import media
from tests.pipeline import Pipeline, request, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(1000)]


def decoder_of(worker: int, file: Path) -> int | None:
    """The child of a worker that has a file open."""
    for child in psutil.Process(worker).children():
        try:
            if str(file) in {opened.path for opened in child.open_files()}:
                return child.pid
        except psutil.Error:
            continue
    return None


def test_a_file_whose_decoder_dies_twice_is_given_up_and_the_others_are_unharmed(pipeline: Pipeline, tmp_path):
    """No decoder that we have dies of a file that is small enough for a test: it is killed while it reads this one."""
    video = media.opening(tmp_path / "opening.mp4")
    clean = pipeline.canonical(pipeline.process(request(video, "no-deaths"))[0])
    # 20 minutes: 8 s of decoding, looked at every 50 ms
    deadly = media.repeated(tmp_path / "deadly.mp4", 16, kinds=("video",))
    worker, crashes = pipeline.pid("frame-extractor"), pipeline.crashes("frame-extractor")
    killed: list[int] = []

    def killed_another() -> bool:
        found = decoder_of(worker, deadly)
        if found is None or found in killed:
            return False
        try:
            os.kill(found, signal.SIGKILL)
        except ProcessLookupError:  # it ended in the meantime
            return False
        killed.append(found)
        return True

    def kill_it_twice() -> None:
        for _ in range(2):
            until(killed_another, "the decoder reads the file", 120)

    killer = threading.Thread(target=kill_it_twice)
    killer.start()
    before, dead, after = pipeline.process(
        request(video, "death-before", fresh=True),
        request(deadly, "death-itself"),
        request(video, "death-after", fresh=True),
        limit_s=240,
    )
    killer.join()

    assert len(set(killed)) == 2
    for result in (before, after):
        assert result.status == "final"
        assert pipeline.canonical(result).replace(result.video_id.encode(), b"no-deaths") == clean
    # degraded where pictures had come out before the second death, else nothing of this video is there
    assert dead.status in ("degraded", "failed")
    told = [dead.error or "", *dead.missing]
    assert any("process that worked on this item died (signal 9)" in text for text in told), told

    def letters() -> list[DeadLetter]:
        return [letter for letter in pipeline.read(topics.DEAD_LETTER) if letter.video_id == "death-itself"]

    until(lambda: len(letters()) > 0, "the dead letter", 120)
    (letter,) = letters()
    assert (letter.stage, letter.error_class, letter.attempts) == ("frame-extractor", "ChildDied", 2)
    assert "signal 9" in letter.reason
    assert pipeline.crashes("frame-extractor") == crashes, "its worker lives on"
    # it was the decoder, not the file: sent again, it is whole
    assert pipeline.process(request(deadly, "death-itself", generation=1))[0].status == "final"
