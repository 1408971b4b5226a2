"""More than a hundred hostile files through the children that a worker has, with their limit of memory.

Each gives shots from 0 to the end and pictures that stand upright, or an error that says why not, and takes no more
memory than is written beside it in `tests.hostile_files`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from pydantic import TypeAdapter

from processors.blobs import BlobStore
from processors.domain import BatchAnalysis, ExtractionEnd, FrameBatch, FrameRef
from processors.errors import InvalidMedia
from processors.models.store import ModelStore
from processors.tools import Tools
from processors.vision.boundaries import MIN_SHOT_MS
from processors.vision.extract import LONGEST_SIDE
from processors.vision.keyframes import STRETCH_MS
from streams.pool import ChildPool
from streams.settings import Settings
from tests.hostile import SIZE, corners, jpeg, jpeg_of_size, png, seen_corners, turned_jpeg
from tests.hostile_files import HOSTILE, slides
from tests.unit.vision.helpers import Extracted, checked, picture_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit and the peak of memory are Linux's")

_OUTPUT: TypeAdapter[Any] = TypeAdapter(FrameBatch | ExtractionEnd)


class Worker:
    """The children of a frame extractor and of a vision worker; one of each, as long as they live."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        settings = Settings(data_dir=folder)
        self.limit_mb = settings.child_memory_mb
        self.tools = Tools(BlobStore(settings.store), ModelStore(None, folder), 1, None, folder)
        self._runner = runner
        self._extractor = ChildPool(1, settings, "frame-extractor")
        self._vision = ChildPool(1, settings, "vision")

    def extract(self, path: Path, profile: str = "balanced") -> tuple[Extracted, int]:
        """What comes of a file, and the MB that it took at most, beyond what the child had before."""
        with _grown(self._extractor) as grown:
            outputs = self.run("extract-frames", path, profile)
        *batches, end = (_OUTPUT.validate_python(one) for one in outputs)
        return checked(batches, end), grown[0]

    def run(self, job: str, path: Path, profile: str = "balanced") -> list[Any]:
        """Outputs of a job that reads the file."""
        request = {"path": str(path), "options": {"profile": profile}, "digest": "d"}
        return self._run(self._extractor, job, request)

    def analyse(self, batch: FrameBatch) -> tuple[BatchAnalysis, int]:
        """What is seen in a batch, and the MB that it took."""
        item = orjson.loads(orjson.dumps(batch))
        with _grown(self._vision) as grown:
            (output,) = self._run(self._vision, "analyse", {"item": item, "options": {}})
        return TypeAdapter(BatchAnalysis).validate_python(output), grown[0]

    def warm(self) -> None:
        self._runner.run(self._extractor.warm())
        self._runner.run(self._vision.warm())

    def stop(self) -> None:
        self._runner.run(self._extractor.stop())
        self._runner.run(self._vision.stop())

    def _run(self, pool: ChildPool, job: str, request: dict[str, Any]) -> list[Any]:
        async def outputs() -> list[Any]:
            return [orjson.loads(body) async for body, _ in pool.run(job, request)]

        return self._runner.run(outputs())


class _grown:  # noqa: N801
    """The growth of a pool's only child while the block runs, in MB: the peak of its resident set over what it had."""

    def __init__(self, pool: ChildPool) -> None:
        (child,) = pool._all
        self._process = Path(f"/proc/{child._process.pid}")

    def __enter__(self) -> list[int]:
        (self._process / "clear_refs").write_text("5")  # the peak begins anew
        self._before = self._kilobytes("VmRSS")
        self._growth: list[int] = []
        return self._growth

    def __exit__(self, kind: object, *_: object) -> None:
        self._growth.append((self._kilobytes("VmHWM") - self._before) // 1024)

    def _kilobytes(self, name: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with asyncio.Runner() as runner:
        worker = Worker(tmp_path_factory.mktemp("worker"), runner)
        worker.warm()
        yield worker
        worker.stop()


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 100
    assert len({case.make for case in HOSTILE.values()}) == len(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(tmp_path: Path, worker: Worker, name: str):
    case = HOSTILE[name]
    path = tmp_path / name
    case.make(path)
    if case.refused:
        for job in ("probe", "extract-audio", "extract-frames"):
            with pytest.raises(InvalidMedia, match=case.refused):
                worker.run(job, path)
        return
    (facts,) = worker.run("probe", path)
    assert facts["streams"]
    assert worker.run("extract-audio", path)[-1]["emitted"] >= 0
    found, grown_mb = worker.extract(path)
    assert case.least_mb <= grown_mb <= case.most_mb < worker.limit_mb
    assert case.pictures[0] <= len(found.frames) <= case.pictures[1]
    assert case.shots[0] <= len(found.shots) <= case.shots[1]
    _check_number(found)
    if case.warning is None:
        assert found.end.warnings == []
    else:
        assert case.warning in " ".join(found.end.warnings)
    for frame in found.frames:
        picture = picture_of(frame, worker.tools)
        assert (frame.width, frame.height) == case.size
        assert case.seen is None or seen_corners(picture) == case.seen
    for batch in found.batches:
        seen, grown_mb = worker.analyse(batch)
        assert [one.frame_uri for one in seen.frames] == [frame.uri for frame in batch.frames]
        assert all(0 <= one.score <= 1 for one in seen.frames)
        assert grown_mb <= 400


def _check_number(found: Extracted) -> None:
    """At most one picture a shot and another for each stretch of it."""
    end_ms = found.end.duration_ms or 0
    assert len(found.frames) <= end_ms / MIN_SHOT_MS + end_ms / STRETCH_MS + 1
    assert all(max(frame.width, frame.height) <= LONGEST_SIDE for frame in found.frames)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, case in HOSTILE.items() if not case.refused])
def test_the_network_finds_shots_of_them_too(tmp_path: Path, worker: Worker, name: str):
    path = tmp_path / name
    HOSTILE[name].make(path)
    found, grown_mb = worker.extract(path, "best")
    assert grown_mb <= HOSTILE[name].most_mb + 600  # a window of the network takes 461
    assert bool(found.shots) == (HOSTILE[name].shots[1] > 0)
    _check_number(found)


@pytest.mark.slow
def test_ten_thousand_shots(tmp_path: Path, worker: Worker):
    path = tmp_path / "shots.mp4"
    slides(10_000, 440)(path)
    found, grown_mb = worker.extract(path)
    assert len(found.shots) >= 9_900
    assert grown_mb <= 150
    assert max(len(batch.shots) for batch in found.batches) <= 100
    _check_number(found)


# --------------------------------------------------------------------------- pictures that the vision stage is handed

PIC = corners()
WIDE = corners((20_000, 10))
BLOBS: dict[str, tuple[bytes, tuple[int, int], str]] = {
    "nothing": (b"", SIZE, "no JPEG"),
    "16 bit png": (png(np.asarray(PIC, np.uint16) * 257), SIZE, "no JPEG"),
    "header cut": (jpeg(PIC)[:20], SIZE, "no JPEG"),
    "only filling": (b"\xff\xd8" + b"\xff" * 100_000 + b"\xff\xd9", SIZE, "no JPEG"),
    "pieces without length": (b"\xff\xd8" + b"\xff\xe1\0\0" * 1000, SIZE, "no JPEG"),
    "cut short": (jpeg(PIC)[:900], SIZE, "cut short"),
    "larger than promised": (jpeg_of_size(jpeg(PIC), 30_000, 30_000), SIZE, "is 30000x30000, not 160x96"),
    "as large as promised": (jpeg_of_size(jpeg(PIC), 30_000, 30_000), (30_000, 30_000), "limit is 67,108,864 pixels"),
    "no pixel": (jpeg_of_size(jpeg(PIC), 0, 0), (0, 0), "cannot be decoded|can be decoded"),
    "cmyk": (jpeg(PIC, "CMYK"), SIZE, ""),
    "grey": (jpeg(PIC, "L"), SIZE, ""),
    "progressive": (jpeg(PIC, progressive=True), SIZE, ""),
    "turned by exif": (turned_jpeg(PIC, 6), SIZE, ""),  # its pixels are what the extractor described
    "1 x 1": (jpeg(PIC[:1, :1]), (1, 1), ""),
    "20000 x 10": (jpeg(WIDE), (20_000, 10), ""),
    "10 x 20000": (jpeg(np.ascontiguousarray(WIDE.swapaxes(0, 1))), (10, 20_000), ""),
    "says more than it holds": (jpeg_of_size(jpeg(PIC), 2000, 2000), (2000, 2000), ""),
}


@pytest.mark.parametrize("name", BLOBS)
def test_hostile_blobs(worker: Worker, name: str):
    content, (width, height), refused = BLOBS[name]
    ref = FrameRef(worker.tools.blobs.put(content), 40, 0, width, height, 1.0, 0.0)
    if refused:
        with pytest.raises(InvalidMedia, match=rf"The frame at 40 ms .*({refused})"):
            worker.analyse(FrameBatch([ref], []))
        return
    seen, grown_mb = worker.analyse(FrameBatch([ref], []))
    assert [(one.pts_ms, one.frame_uri) for one in seen.frames] == [(40, ref.uri)]
    assert grown_mb <= 200
