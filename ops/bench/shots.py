"""Shot boundaries against known ones, and what they cost: `bench shots`.

The learned detector, the content detector, the one by key frames, and PySceneDetect's AdaptiveDetector with its
defaults, in one process, on films with known cuts and on films that are made here from their takes (`shot_films`). A
boundary counts as found when it lies within the transition, or at most so many pictures beside it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops.bench.machine import describe
from ops.bench.shot_films import make_film, takes_of
from ops.bench.shot_truth import Agreement, Film, agreement, films_in
from processors.domain import Shot
from processors.errors import InvalidMessage
from processors.media.container import open_container, pick_streams, zero_of
from processors.media.video import VideoReader
from processors.models.store import ModelStore
from processors.vision.boundaries import ShotDetector
from processors.vision.content_shots import ContentDetector
from processors.vision.dedup import Duplicates
from processors.vision.key_shots import KeyShotDetector
from processors.vision.learned_shots import SHOT_MODEL, LearnedDetector, ShotNetwork
from processors.vision.scan import Scanner

DECIMALS: Final = 4
# (seed, stream that starts late). Limits and rules were set with films of seeds 1 to 16 in view, so these are others.
MADE: Final = ((21, ""), (22, ""), (23, ""), (24, ""), (25, "video"), (26, "audio"))
TOLERANCES: Final = (0, 2)  # pictures
# Truths have whole milliseconds or hundredths of a second: no tolerance means the same picture, half of one either way.
_ROUNDED_MS: Final = 5.0
OURS: Final = ("learned", "content", "key frames")
WAYS: Final = (*OURS, "adaptive")
Detector = Callable[[VideoReader], ShotDetector]
OnFilm = Callable[[int, int], None]


def run(data: Path, models: ModelStore, on_film: OnFilm = lambda done, total: None) -> dict[str, Any]:
    """Measure.

    Args:
        data: folder of films with known cuts (`shot_truth`).
        models: has the network.
        on_film: called with (films done, films in all).

    Raises:
        InvalidMessage: no such films, or PySceneDetect is not installed.
    """
    adaptive = _adaptive()
    network = ShotNetwork(models.path(SHOT_MODEL), threads=1)
    given = films_in(data)
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as folder:
        takes = takes_of(given)
        made = [make_film(Path(folder), takes, seed, late) for seed, late in MADE] if len(takes) > 1 else []
        rows = []
        for number, film in enumerate([*given, *made]):
            on_film(number, len(given) + len(made))
            rows.append(_row(film, detectors(network), adaptive))
    pools = {
        "all": rows,
        "given": [row for row in rows if not row["shown"]["made"]],
        "made, held out": [row for row in rows if row["shown"]["made"]],
    }
    return {
        "machine": describe(),
        "rows": [row["shown"] for row in rows],
        "pooled": {name: _pooled(chosen) for name, chosen in pools.items() if chosen},
    }


def detectors(network: ShotNetwork) -> dict[str, Detector]:
    """Ours, by name."""
    return {
        "learned": lambda reader: LearnedDetector(network),
        "content": ContentDetector,
        "key frames": KeyShotDetector,
    }


def _row(film: Film, ours: Mapping[str, Detector], adaptive: Callable[[Path], list[int]]) -> dict[str, Any]:
    picture_ms = step_ms(film.path)
    found: dict[str, list[int]] = {}
    kinds: dict[str, float] = {}
    took: dict[str, float] = {}
    for way in WAYS:
        started = time.process_time()
        if way == "adaptive":
            found[way] = adaptive(film.path)
        else:
            begun = begun_shots(film.path, ours[way])
            found[way] = [shot.start_ms for shot in begun]
            kinds[way] = _kinds_right(film, begun, 2 * picture_ms)
        took[way] = time.process_time() - started
    counts = {
        way: [agreement(film, found[way], picture_ms * (pictures or 0.5) + _ROUNDED_MS) for pictures in TOLERANCES]
        for way in WAYS
    }
    known = [one.kind for one in film.transitions]
    shown = {
        "item": film.name,
        "seconds": round(film.duration_ms / 1000, 1),
        "made": film.made,
        "in_view": not film.made,
        "known": {kind: known.count(kind) for kind in ("cut", "dissolve", "fade")},
        **{way: _shown(counts[way], took[way], film.duration_ms) for way in WAYS},
        "kinds_right": {way: round(share, DECIMALS) for way, share in kinds.items()},
        "found_ms": found,
    }
    return {"shown": shown, "counts": counts, "took": took, "duration_ms": film.duration_ms}


def begun_shots(path: Path, detector: Detector) -> list[Shot]:
    """The shots behind the first, as the frame extractor finds them with a detector."""
    with open_container(path) as container:
        streams = pick_streams(container, None)
        reader = VideoReader(container, streams[1], zero_of(container, streams), threads=1)
        found = Scanner(reader, detector(reader), choose=False, duplicates=Duplicates()).run()
        return [one for one in found if isinstance(one, Shot)][1:]


def _adaptive() -> Callable[[Path], list[int]]:
    """PySceneDetect as its documentation calls it.

    Raises:
        InvalidMessage: it is not installed.
    """
    try:
        from scenedetect import AdaptiveDetector, detect
    except ImportError as error:
        raise InvalidMessage("The baseline needs PySceneDetect: pip install scenedetect (extra 'dev').") from error

    def cuts_of(path: Path) -> list[int]:
        scenes = detect(str(path), AdaptiveDetector())
        return [round(1000 * start.seconds) for start, _ in scenes[1:]]

    return cuts_of


def _kinds_right(film: Film, begun: Sequence[Shot], tolerance_ms: float) -> float:
    """Share of the transitions met whose kind is right; 1 where none is met."""
    right = met = 0
    for known in film.transitions:
        from_ms, to_ms = known.start_ms - tolerance_ms, known.end_ms + tolerance_ms
        near = [shot for shot in begun if from_ms <= shot.start_ms <= to_ms]
        met += bool(near)
        right += bool(near) and near[0].transition == known.kind
    return right / met if met else 1.0


def _shown(counts: Sequence[Agreement], took_s: float, duration_ms: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        f"within_{pictures}": {
            "precision": round(one.precision, DECIMALS),
            "recall": round(one.recall, DECIMALS),
            "f1": round(one.f1, DECIMALS),
            "hits": one.hits,
            "found": one.found,
            "known": one.known,
        }
        for pictures, one in zip(TOLERANCES, counts, strict=True)
    }
    return {**shown, "cpu_s_per_minute": round(took_s / max(duration_ms, 1) * 60_000, 2)}


def _pooled(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    duration_ms = sum(row["duration_ms"] for row in rows)
    pooled: dict[str, Any] = {"items": len(rows)}
    for way in WAYS:
        counts = [sum((row["counts"][way][n] for row in rows), Agreement()) for n in range(len(TOLERANCES))]
        pooled[way] = _shown(counts, sum(row["took"][way] for row in rows), duration_ms)
        worse = [row["shown"]["item"] for row in rows if _worse(row["counts"][way], row["counts"]["adaptive"])]
        pooled[way]["worse_than_adaptive"] = worse
    return pooled


def _worse(ours: Sequence[Agreement], theirs: Sequence[Agreement]) -> bool:
    return any(one.f1 < two.f1 for one, two in zip(ours, theirs, strict=True))


def step_ms(path: Path) -> float:
    """Time from picture to picture, of the stream that is read."""
    with open_container(path) as container:
        stream: Any = pick_streams(container, None)[1]
        return float(1000 / (stream.average_rate or 25))


__all__ = ["MADE", "OURS", "TOLERANCES", "WAYS", "begun_shots", "detectors", "run", "step_ms"]
