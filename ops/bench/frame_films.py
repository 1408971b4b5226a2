"""A film of 1080p three times over, with key frames where shots begin, at fixed distances, and only at its start.

Its shots are takes of given films, each take at one moment; some come again later, as they were: those are the
near-duplicates. Pictures are enlarged to 1080p, which is quicker to decode than camera pictures of that size, for both
sides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from ops.bench.shot_films import RATE, Take, pictures_of

SIZE: Final = (1920, 1080)
# What x264 does by default (a key frame where a shot begins, at most 250 pictures apart), what live and adaptive
# streams have, and no help at all.
KINDS: Final[dict[str, dict[str, str]]] = {
    "key frames at shots": {},
    "a key frame every 2 s": {"g": str(2 * RATE), "sc_threshold": "0"},
    "no key frames": {"g": "1000000", "sc_threshold": "0"},
}
_SHOT_PICTURES: Final = (100, 400)
_STEP_MS: Final = 1000 // RATE
OnPicture = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A shot of a film, and the shot before it that it repeats."""

    start_ms: int
    end_ms: int
    repeats: int | None = None


def make_films(
    folder: Path, takes: Sequence[Take], seed: int, on_picture: OnPicture = lambda done, total: None
) -> tuple[dict[str, Path], list[Shown]]:
    """Make the films.

    Args:
        folder: where they are written.
        takes: at least three.
        seed: decides the order, moments and lengths of shots.
        on_picture: told how many pictures are made, and how many there will be.

    Returns:
        Their paths by kind, and their shots, which are the same in all.
    """
    chance = random.Random(f"frames {seed}")
    order = list(range(len(takes)))
    chance.shuffle(order)
    again = chance.sample(order[:-2], len(takes) // 3)
    for one in again:  # never beside its first time
        order.insert(chance.randint(order.index(one) + 2, len(order)), one)
    spans = [_span(take, chance) for take in takes]
    total = sum(end_ms - start_ms for start_ms, end_ms in (spans[one] for one in order)) // _STEP_MS
    paths = {kind: folder / f"{kind.replace(' ', '-')}.mp4" for kind in KINDS}
    shown: list[Shown] = []
    first: dict[int, int] = {}
    count = 0
    with ExitStack() as stack:
        writers = [_writer(stack, paths[kind], options) for kind, options in KINDS.items()]
        for one in order:
            began = count
            for image in pictures_of(takes[one], *spans[one], SIZE):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
                for output, stream in writers:
                    frame.pts, frame.time_base = count, Fraction(1, RATE)
                    output.mux(stream.encode(frame))
                count += 1
                on_picture(count, total)
            shown.append(Shown(began * _STEP_MS, count * _STEP_MS, first.get(one)))
            first.setdefault(one, len(shown) - 1)
        for output, stream in writers:
            output.mux(stream.encode(None))
    return paths, shown


def _span(take: Take, chance: random.Random) -> tuple[int, int]:
    length_ms = min(chance.randint(*_SHOT_PICTURES) * _STEP_MS, take.end_ms - take.start_ms)
    start_ms = chance.randint(take.start_ms, take.end_ms - length_ms)
    return start_ms, start_ms + length_ms


def _writer(stack: ExitStack, path: Path, options: dict[str, str]) -> tuple[Any, Any]:
    output: Any = stack.enter_context(av.open(str(path), "w"))
    stream = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "threads": "2", **options})
    stream.width, stream.height = SIZE
    stream.pix_fmt = "yuv420p"
    return output, stream


__all__ = ["KINDS", "RATE", "SIZE", "Shown", "make_films"]
