"""Make the bundled sample video, its ground truth and the note of its origin.

``python -m ops.sample.make_sample [-o DIR]`` writes ``sample.mp4``, ``sample.truth.json`` and ``SOURCE.md``. It needs
Flite for the voices (``ops/sample/install_tts.sh``); everything else is drawn and computed here, without chance: the
same packages give the same file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ops.sample import encode, scene_presenter, scenes_sea, scenes_talk, sound, speech, storyboard
from ops.sample.canvas import HEIGHT_PX, WIDTH_PX, Canvas, Moment
from ops.sample.source_note import source_note
from ops.sample.storyboard import CUES, DISSOLVE_MS, FPS, FRAME_MS, LINES, VOICES, Timeline

NAME: Final = "sample"
SCENES: Final[dict[str, Callable[[Moment], Canvas]]] = {
    "island": scenes_sea.island,
    "underwater": scenes_sea.underwater,
    "moonlit": scenes_sea.moonlit,
    "dawn": scenes_sea.dawn,
    "presenter": scene_presenter.presenter,
    "earth": scenes_talk.earth,
    "beach-map": scenes_talk.beach_map,
    "one-in-a-thousand": scenes_talk.one_in_a_thousand,
    "hotel": scenes_talk.hotel,
}
"""The drawing of each look that the storyboard names."""


def draw_frame(timeline: Timeline, shot: int, time_ms: int, voice: float) -> NDArray[np.uint8]:
    """Return one frame of a shot, before any dissolve.

    ``time_ms`` counts from the start of the film and may lie up to half a dissolve outside the shot; ``voice`` is how
    far the speaker's mouth is open, 0 to 1.
    """
    span = timeline.shots[shot]
    lead = DISSOLVE_MS // 2 if CUES[shot].dissolve else 0
    seconds = (time_ms - span.start_ms + lead) / 1000
    share = min(1.0, seconds * 1000 / (span.end_ms - span.start_ms + lead))
    return SCENES[CUES[shot].look](Moment(seconds, share, voice)).pixels()


def frames(timeline: Timeline, mouth: Sequence[float] | NDArray[np.float32]) -> Iterator[NDArray[np.uint8]]:
    """Draw the film: uint8 RGB frames of shape (360, 640, 3), 25 a second.

    Around a bound with a dissolve both shots are drawn and mixed; every other bound is a hard cut.
    """
    shot = 0
    for number in range(timeline.duration_ms // FRAME_MS):
        time_ms = number * FRAME_MS
        while time_ms >= timeline.shots[shot].end_ms:
            shot += 1
        picture = draw_frame(timeline, shot, time_ms, float(mouth[number]))
        for other, bound in ((shot + 1, timeline.shots[shot].end_ms), (shot - 1, timeline.shots[shot].start_ms)):
            entering = max(shot, other)
            if not (0 <= other < len(CUES) and CUES[entering].dissolve and abs(time_ms - bound) < DISSOLVE_MS // 2):
                continue
            share = 0.5 + (time_ms - bound) / DISSOLVE_MS  # of the entering shot
            beside = draw_frame(timeline, other, time_ms, float(mouth[number]))
            weight = share if entering == shot else 1.0 - share
            picture = (weight * picture + (1.0 - weight) * beside).round().astype(np.uint8)
        yield picture


def truth(timeline: Timeline) -> dict[str, Any]:
    """Return the ground truth of the sample; all times in ms, ends exclusive."""
    shots: list[dict[str, Any]] = []
    for cue, span in zip(CUES, timeline.shots, strict=True):
        shot: dict[str, Any] = {"start_ms": span.start_ms, "end_ms": span.end_ms, "look": cue.look}
        shots.append(shot | ({"dissolve_ms": DISSOLVE_MS} if cue.dissolve else {}))
    spoken = [
        {
            "start_ms": span.start_ms,
            "end_ms": span.end_ms,
            "speaker": line.speaker,
            "lang": storyboard.LANGUAGE,
            "text": line.text,
        }
        for line, span in zip(LINES, timeline.lines, strict=True)
    ]
    silence = {"start_ms": timeline.silence.start_ms, "end_ms": timeline.silence.end_ms}
    head = {"name": NAME, "duration_ms": timeline.duration_ms, "fps": FPS, "width": WIDTH_PX, "height": HEIGHT_PX}
    pairs = [list(pair) for pair in storyboard.DUPLICATES]
    return {**head, "shots": shots, "speech": spoken, "silences": [silence], "duplicates": pairs}


def make(folder: Path) -> Path:
    """Write the sample, its truth and its note into ``folder`` and return the path of the video.

    Raises:
        FileNotFoundError: when Flite is not installed.
    """
    clips = [speech.clip(VOICES[line.speaker], line.text) for line in LINES]
    timeline = storyboard.lay_out([len(clip) // speech.SAMPLES_PER_MS for clip in clips])
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"{NAME}.mp4"
    mouth = sound.mouth(clips, timeline, "guide")
    encode.write(video, frames(timeline, mouth), sound.track(clips, timeline), storyboard.TITLE)
    (folder / f"{NAME}.truth.json").write_text(json.dumps(truth(timeline), indent=1) + "\n", encoding="utf-8")
    (folder / "SOURCE.md").write_text(source_note(timeline), encoding="utf-8")
    return video


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, make the sample, and say where it lies."""
    parser = argparse.ArgumentParser(prog="python -m ops.sample.make_sample", description=str(__doc__).split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent, metavar="DIR", help="target folder")
    video = make(parser.parse_args(arguments).output)
    print(f"{video} ({video.stat().st_size / 1e6:.2f} MB)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
