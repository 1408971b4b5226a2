"""What choosing pictures costs beside reading all of them with OpenCV, and what is chosen: `bench frames`.

Processor seconds of decoding and choosing, by each shot detector, and of `cv2.VideoCapture.read` to the end of the same
film, in one process. A shot counts as covered when a picture of it, or of the shot that it repeats, is chosen; as a
duplicate counts each picture of a shot that repeats one that has a picture. Independently of any truth, pictures are
alike whose structural similarity (Wang et al., 2004; 160x90, grey) is 0.9 or more.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray

from ops.bench.frame_films import Shown, make_films
from ops.bench.machine import describe
from ops.bench.shot_films import SHORTEST_TAKE_MS, takes_of
from ops.bench.shot_truth import Film, films_in
from ops.bench.shots import OURS, Detector, detectors
from processors.domain import Shot
from processors.errors import InvalidMessage
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.video import VideoReader
from processors.models.store import ModelStore
from processors.vision.dedup import Duplicates
from processors.vision.learned_shots import SHOT_MODEL, ShotNetwork
from processors.vision.scan import Scanner

SEED: Final = 1
ALIKE: Final = 0.9
_ALIKE_SIZE: Final = (160, 90)
DECIMALS: Final = 4
OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Choice:
    cpu_s: float
    decoded: int
    times_ms: list[int]
    greys: list[NDArray[np.float32]]  # of the chosen pictures


def run(data: Path, models: ModelStore, on_step: OnStep = lambda what, done, total: None) -> dict[str, Any]:
    """Measure.

    Args:
        data: folder of films with known shots (`shot_truth`), whose takes the films of 1080p are made of.
        models: has the network for shots.
        on_step: told what is done, how many of it, and how many there are.

    Raises:
        InvalidMessage: no such films, or none with a shot that is long enough.
    """
    ours = detectors(ShotNetwork(models.path(SHOT_MODEL), threads=1))
    given = [(film, _shots_of(film)) for film in films_in(data)]
    sources = [film for film, _ in given if not film.path.with_name(f"{film.path.stem}.truth.json").is_file()]
    takes = takes_of(sources or [film for film, _ in given])
    if not takes:
        raise InvalidMessage(f"{data} has no film with a shot of {SHORTEST_TAKE_MS / 1000:g} s or more.")
    rows = []
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        paths, shown = make_films(Path(folder), takes, SEED, lambda done, all_: on_step("making films", done, all_))
        for number, (kind, path) in enumerate(paths.items()):
            on_step("films of 1080p", number, len(paths))
            rows.append(_row(kind, path, shown, ours, made=True))
    for number, (film, shots) in enumerate(given):
        on_step("given films", number, len(given))
        rows.append(_row(film.name, film.path, shots, ours, made=False))
    return {"bench": "frames", "machine": describe(), "rows": rows, "pooled": _pooled(rows)}


def _shots_of(film: Film) -> list[Shown]:
    """The shots between a film's known transitions; which of them repeat others its truth says."""
    edges = [0, *(edge for one in film.transitions for edge in (one.start_ms, one.end_ms)), film.duration_ms]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    truth = film.path.with_name(f"{film.path.stem}.truth.json")
    pairs = orjson.loads(truth.read_bytes()).get("duplicates", []) if truth.is_file() and not film.ambiguous else []
    repeats = {max(pair): min(pair) for pair in pairs}
    return [Shown(start, end, repeats.get(number)) for number, (start, end) in enumerate(spans)]


def _row(name: str, path: Path, shots: Sequence[Shown], ours: dict[str, Detector], *, made: bool) -> dict[str, Any]:
    started = time.process_time()
    pictures, seconds = _read_all(path), (shots[-1].end_ms - shots[0].start_ms) / 1000
    opencv_s = time.process_time() - started
    row: dict[str, Any] = {
        "item": name,
        "made": made,
        "seconds": round(seconds, 1),
        "pictures": pictures,
        "shots": len(shots),
        "distinct": sum(shot.repeats is None for shot in shots),
        "opencv_cpu_s": round(opencv_s, 3),
    }
    for way in OURS:
        choice = _choose(path, ours[way])
        row[way] = {
            "cpu_s": round(choice.cpu_s, 3),
            "less": round(opencv_s / choice.cpu_s, 2),
            "decoded": choice.decoded,
            "chosen": len(choice.times_ms),
            "covered": _covered(shots, choice.times_ms),
            "duplicates": _duplicates(shots, choice.times_ms),
            "alike": _alike(choice.greys),
        }
    return row


def _read_all(path: Path) -> int:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count


def _choose(path: Path, detector: Detector) -> _Choice:
    started = time.process_time()
    with open_container(path) as container:
        streams = pick_streams(container, None)
        reader = VideoReader(container, streams[1], zero_of(container, streams), threads=1)
        scanner = Scanner(reader, detector(reader), choose=True, duplicates=Duplicates())
        chosen = [found.candidate for found in scanner.run() if not isinstance(found, Shot)]
        cpu_s = time.process_time() - started
        greys = [_grey(candidate.frame) for candidate in chosen]
        return _Choice(cpu_s, reader.decoded, [candidate.pts_ms for candidate in chosen], greys)


def _grey(frame: Any) -> NDArray[np.float32]:
    small = frame.reformat(width=_ALIKE_SIZE[0], height=_ALIKE_SIZE[1], format="gray", interpolation="AREA")
    grey: NDArray[np.float32] = small.to_ndarray().astype(np.float32)
    return grey


def _shot_at(shots: Sequence[Shown], ms: int) -> int | None:
    return next((number for number, shot in enumerate(shots) if shot.start_ms <= ms < shot.end_ms), None)


def _covered(shots: Sequence[Shown], times_ms: Sequence[int]) -> int:
    """Distinct shots of which a picture is there, of whatever repetition."""
    numbers = {_shot_at(shots, ms) for ms in times_ms} - {None}
    return len({_first(shots, number) for number in numbers if number is not None})


def _duplicates(shots: Sequence[Shown], times_ms: Sequence[int]) -> int:
    """Pictures of shots that repeat one that has a picture already."""
    seen: dict[int, int] = {}
    count = 0
    for ms in sorted(times_ms):
        number = _shot_at(shots, ms)
        if number is not None:
            count += seen.setdefault(_first(shots, number), number) != number
    return count


def _first(shots: Sequence[Shown], number: int) -> int:
    repeats = shots[number].repeats
    return number if repeats is None else _first(shots, repeats)


def _alike(greys: Sequence[NDArray[np.float32]]) -> int:
    """Pictures that an earlier one is alike to."""
    return sum(any(similarity(one, two) >= ALIKE for two in greys[:number]) for number, one in enumerate(greys))


def similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Mean structural similarity of two grey pictures, -1..1 (Wang et al., 2004: Gaussian window of 11, sigma 1.5).

    Args:
        first, second: float32 (height, width), 0..255, of one shape.
    """

    def blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)

    mean_1, mean_2 = blurred(first), blurred(second)
    variance_1 = blurred(first * first) - mean_1**2
    variance_2 = blurred(second * second) - mean_2**2
    covariance = blurred(first * second) - mean_1 * mean_2
    steady, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_1 * mean_2 + steady) * (2 * covariance + contrast)
    below = (mean_1**2 + mean_2**2 + steady) * (variance_1 + variance_2 + contrast)
    return float((above / below).mean())


def _pooled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pooled: dict[str, Any] = {"distinct": sum(row["distinct"] for row in rows)}
    for way in OURS:
        chosen = sum(row[way]["chosen"] for row in rows)
        pooled[way] = {
            "recall": round(sum(row[way]["covered"] for row in rows) / pooled["distinct"], DECIMALS),
            "chosen": chosen,
            "duplicates": round(sum(row[way]["duplicates"] for row in rows) / max(chosen, 1), DECIMALS),
            "alike": round(sum(row[way]["alike"] for row in rows) / max(chosen, 1), DECIMALS),
        }
    return pooled


__all__ = ["ALIKE", "SEED", "run", "similarity"]
