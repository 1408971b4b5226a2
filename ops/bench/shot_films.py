"""Films with known transitions, joined from takes of given films: cuts, dissolves of 0.3 to 2 s, fades.

Takes are stretches within one shot, as the truth of the given films has them. Of a take a film shows another moment
each time, and pictures keep moving while they are blended. In some films the streams start at different times.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
from numpy.typing import NDArray

from ops.bench.shot_truth import Film, Transition
from processors.vision.boundaries import Kind

RATE: Final = 25
SIZE: Final = (640, 360)
_STEP_MS: Final = 1000 // RATE
# What a film consists of, in its order: a fifth are cuts, half dissolves.
_KINDS: Final[tuple[Kind, ...]] = ("cut", "dissolve", "fade", "dissolve", "cut", "dissolve", "fade", "dissolve")
_DISSOLVE_PICTURES: Final = (8, 50)
_FADE_PICTURES: Final = (10, 30)  # each of fade out and fade in
_PLAIN_PICTURES: Final = (2, 15)  # between them
_SHOT_PICTURES: Final = (50, 110)
SHORTEST_TAKE_MS: Final = (_SHOT_PICTURES[1] + _DISSOLVE_PICTURES[1]) * _STEP_MS
_WHITE: Final = 0.25  # share of fades that are through white
# The ends of a shot in a truth are exact to a picture or two only.
_GUARD_MS: Final = 200
# Films open and close with fades, and their pictures may end before their sound.
_EDGE_MS: Final = 4_000
_LATE_MS: Final = 834
_SOUND_HZ: Final = 48_000

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of one shot."""

    path: Path
    start_ms: int
    end_ms: int


def takes_of(films: Sequence[Film]) -> list[Take]:
    """All stretches between the transitions of films, long enough for a shot."""
    found = []
    for film in films:
        inner = [edge for one in film.transitions for edge in (one.start_ms, one.end_ms)]
        edges = [_EDGE_MS - _GUARD_MS, *inner, film.duration_ms - _EDGE_MS + _GUARD_MS]
        for start_ms, end_ms in zip(edges[::2], edges[1::2], strict=True):
            take = Take(film.path, start_ms + _GUARD_MS, end_ms - _GUARD_MS)
            if take.end_ms - take.start_ms >= SHORTEST_TAKE_MS:
                found.append(take)
    return found


def make_film(folder: Path, takes: Sequence[Take], seed: int, late: str = "") -> Film:
    """One film; the same arguments give the same pictures.

    Args:
        folder: where it is written.
        takes: at least two.
        seed: decides which takes, and the lengths of shots and transitions.
        late: "video" or "audio" for a film in which that stream starts 834 ms after the other.
    """
    chance = random.Random(f"shots {seed}")
    name = f"made-{seed}{f'-{late}-late' if late else ''}"
    path = folder / f"{name}.mp4"
    start_ms = _LATE_MS if late == "video" else 0
    writer = _Writer(path, start_ms, sound_ms=_LATE_MS if late == "audio" else 0 if late else None)
    transitions: list[Transition] = []
    order = [chance.choice(takes)]
    while len(order) <= len(_KINDS):
        order.append(chance.choice([take for take in takes if take != order[-1]]))
    shot = _shot(order[0], chance)
    for kind, take in zip(_KINDS, order[1:], strict=True):
        writer.write(next(shot) for _ in range(chance.randint(*_SHOT_PICTURES)))
        after = _shot(take, chance)
        first = writer.count
        if kind == "dissolve":
            count = chance.randint(*_DISSOLVE_PICTURES)
            parts = [(number + 1) / (count + 1) for number in range(count)]
            writer.write(_mixed(next(shot), next(after), part) for part in parts)
        elif kind == "fade":
            plain = np.full((SIZE[1], SIZE[0], 3), 235 if chance.random() < _WHITE else 0, np.uint8)
            out, back = (chance.randint(*_FADE_PICTURES) for _ in range(2))
            writer.write(_mixed(next(shot), plain, (number + 1) / (out + 1)) for number in range(out))
            writer.write([plain] * chance.randint(*_PLAIN_PICTURES))
            writer.write(_mixed(plain, next(after), (number + 1) / (back + 1)) for number in range(back))
        last = writer.count
        transitions.append(Transition(kind, start_ms + first * _STEP_MS, start_ms + last * _STEP_MS))
        shot = after
    writer.write(next(shot) for _ in range(chance.randint(*_SHOT_PICTURES)))
    writer.close()
    return Film(name, path, start_ms + writer.count * _STEP_MS, transitions, made=True)


def _shot(take: Take, chance: random.Random) -> Iterator[Image]:
    """Pictures of a take from some moment on; where it ends, backwards again."""
    begin_ms = chance.randint(take.start_ms, take.end_ms - SHORTEST_TAKE_MS)
    images = list(pictures_of(take, begin_ms, begin_ms + SHORTEST_TAKE_MS))

    def endless() -> Iterator[Image]:
        while True:
            yield from images
            yield from images[-2:0:-1]

    return endless()


def pictures_of(take: Take, from_ms: int, to_ms: int, size: tuple[int, int] = SIZE) -> Iterator[Image]:
    """Decoded pictures at `RATE`, uint8 (height, width, 3), RGB: of each moment the picture that is shown then."""
    from processors.media.container import open_container, pick_streams, zero_of
    from processors.timeline import pts_to_ms

    with open_container(take.path) as container:
        streams = pick_streams(container, None)
        stream: Any = streams[1]
        zero_s = zero_of(container, streams)
        container.seek(
            int((Fraction(from_ms, 1000) + zero_s) / stream.time_base), stream=stream
        )  # to a key frame before
        next_ms = from_ms
        shown: Any = None
        for frame in container.decode(stream):
            ms = pts_to_ms(frame.pts, stream.time_base, zero_s)
            while shown is not None and next_ms < min(ms, to_ms):
                yield shown
                next_ms += _STEP_MS
            if ms >= to_ms:
                return
            if ms >= from_ms - 2 * _STEP_MS:
                shown = _scaled(frame, size)
        while shown is not None and next_ms < to_ms:
            yield shown
            next_ms += _STEP_MS


def _scaled(frame: Any, size: tuple[int, int]) -> Image:
    return cast(Image, frame.reformat(width=size[0], height=size[1], format="rgb24").to_ndarray())


def _mixed(first: Image, second: Image, part: float) -> Image:
    return (first * np.float32(1 - part) + second * np.float32(part)).astype(np.uint8)


class _Writer:
    """Writes pictures, and, where `sound_ms` says when it begins, a quiet tone."""

    def __init__(self, path: Path, start_ms: int, sound_ms: int | None) -> None:
        self._output: Any = av.open(str(path), "w")
        self._stream = self._output.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "threads": "2"})
        self._stream.width, self._stream.height = SIZE
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, 1000)
        self._sound = self._output.add_stream("aac", rate=_SOUND_HZ, layout="mono") if sound_ms is not None else None
        self._start_ms, self._sound_ms = start_ms, sound_ms or 0
        self.count = 0

    def write(self, images: Sequence[Image] | Iterator[Image]) -> None:
        for image in images:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = self._start_ms + self.count * _STEP_MS, Fraction(1, 1000)
            self._output.mux(self._stream.encode(frame))
            self.count += 1

    def close(self) -> None:
        self._output.mux(self._stream.encode(None))
        if self._sound is not None:
            seconds = (self._start_ms + self.count * _STEP_MS - self._sound_ms) / 1000
            tone = 0.05 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * _SOUND_HZ)) / _SOUND_HZ)
            block = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), format="fltp", layout="mono")
            block.sample_rate = _SOUND_HZ
            block.pts, block.time_base = self._sound_ms * _SOUND_HZ // 1000, Fraction(1, _SOUND_HZ)
            self._output.mux([*self._sound.encode(block), *self._sound.encode(None)])
        self._output.close()


__all__ = ["RATE", "SHORTEST_TAKE_MS", "Take", "make_film", "pictures_of", "takes_of"]
