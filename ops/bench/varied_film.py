"""A long film of which no shot is like another: `python -m ops.bench.varied_film OUT.mp4 MINUTES VIDEO...`.

Videos that are repeated to a length show the same pictures again, which are chosen once and asked about once. Here each
shot is a stretch of one of the given videos at another moment, a quarter of its picture, mirrored or not, its colours
turned. The same arguments give the same film. It has no sound.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import cv2
import numpy as np

from ops.bench.shot_films import RATE, Image, Take, pictures_of
from processors.media.container import open_container

SIZE: Final = (640, 360)
# Films and talks cut every 4 to 16 s.
SHOT_MS: Final = (4_000, 16_000)
_STEP_MS: Final = 1000 // RATE
_HUES: Final = 180  # of OpenCV, in steps of two degrees


def varied_film(path: Path, videos: Sequence[Path], minutes: float, seed: int = 0) -> int:
    """Write it.

    Args:
        path: of the new film.
        videos: longer than 2 s each.
        minutes: its length.
        seed: decides all that is left to chance.

    Returns:
        How many shots it has.
    """
    chance = random.Random(f"varied {seed}")
    lengths_ms = [_length_ms(video) for video in videos]
    left, shots, written = round(minutes * 60_000 / _STEP_MS), 0, 0
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "threads": "2"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        while left > 0:
            number = chance.randrange(len(videos))
            length_ms = min(chance.randint(*SHOT_MS), lengths_ms[number] - 1_000, left * _STEP_MS)
            begin_ms = chance.randint(0, lengths_ms[number] - 1_000 - length_ms)
            look, count = _look(chance), 0
            take = Take(videos[number], begin_ms, begin_ms + length_ms)
            for image in pictures_of(take, begin_ms, begin_ms + length_ms, (2 * SIZE[0], 2 * SIZE[1])):
                frame = av.VideoFrame.from_ndarray(look(image), format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = written, Fraction(1, RATE)
                output.mux(stream.encode(frame))
                written, left, count = written + 1, left - 1, count + 1
            shots += 1
            if count == 0:
                raise ValueError(f"{videos[number].name} shows nothing at {begin_ms} ms")
        output.mux(stream.encode(None))
    return shots


def _length_ms(video: Path) -> int:
    with open_container(video) as container:
        return (container.duration or 0) * 1000 // int(av.time_base)


def _look(chance: random.Random) -> Callable[[Image], Image]:
    left, top = chance.randint(0, SIZE[0]), chance.randint(0, SIZE[1])
    mirrored, turned = chance.random() < 0.5, chance.randrange(_HUES)

    def of(image: Image) -> Image:
        part = image[top : top + SIZE[1], left : left + SIZE[0]]
        hsv = cv2.cvtColor(np.ascontiguousarray(part[:, ::-1] if mirrored else part), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.uint16) + turned) % _HUES
        return cast(Image, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))

    return of


if __name__ == "__main__":
    print(varied_film(Path(sys.argv[1]), [Path(name) for name in sys.argv[3:]], float(sys.argv[2])), "shots")
