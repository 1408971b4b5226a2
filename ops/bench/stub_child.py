"""A pool child whose jobs cost a fixed time and give valid outputs of a real size; the protocol is the real child's.

Sizes are those of a talk: an audio chunk of 28 s with some 70 words, a batch with 5 frames.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from ops.bench.plan import Plan
from processors import child
from processors.blobs import BlobStore
from processors.cancelling import check_wanted, sleep_while_wanted
from processors.domain import (
    AudioChunk,
    BatchAnalysis,
    ChunkContent,
    ChunkTranscript,
    ExtractionEnd,
    FrameAnalysis,
    FrameBatch,
    FrameRef,
    Label,
    Segment,
    SentenceFacts,
    Shot,
    Span,
    StreamFacts,
    Utterance,
    VideoFacts,
    Word,
)

Job = Callable[[dict[str, Any], Any], Iterator[Any]]

CHUNK_MS: Final = 28_000
WORDS: Final = 70
SENTENCES: Final = 5
FRAMES: Final = 5
_HALF: Final = 2  # outputs of an extractor that stops in the middle
_STEP_S: Final = 0.01  # of a slow job; a frame or a sentence takes as long
_BLOB: Final = "blob:" + "0" * 64
_MODEL: Final = "stub"
_VECTOR: Final = "0" * 684  # of a sentence, 512 bytes in base64


def jobs(plan: Plan) -> dict[str, Job]:
    """The jobs of `processors.jobs`, as stubs.

    Args:
        plan: number of parts and their cost.
    """
    duration_ms = max(1, plan.chunks) * CHUNK_MS
    batch_ms = duration_ms // max(1, plan.batches)

    def extract_audio(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        yield from (audio_chunk(index) for index in range(plan.chunks))
        yield ExtractionEnd(plan.chunks, plan.chunks, duration_ms, [])

    def extract_frames(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        for index in range(plan.batches):
            start = index * batch_ms
            times = [start + (number + 1) * batch_ms // FRAMES for number in range(FRAMES)]
            frames = [FrameRef(_BLOB, at_ms, index, 640, 360, 100.0, 0.1) for at_ms in times]
            yield FrameBatch(frames, [Shot(index, start, start + batch_ms)])
        yield ExtractionEnd(plan.batches, plan.batches, duration_ms, [])

    def probe(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        stream = StreamFacts(0, "audio", "aac", 0, duration_ms, True, None, None, None, None, None, 48_000, 2)
        title = Path(request["path"]).name
        yield VideoFacts("mov,mp4", duration_ms, 1, title, request["digest"], [stream], [])

    def transcribe(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        _spend(plan)
        yield transcript(request["item"]["start_ms"], request["item"]["end_ms"])

    def analyse(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        _spend(plan)
        item = request["item"]
        frames = [_frame(frame["uri"], frame["pts_ms"], frame["shot"]) for frame in item["frames"]]
        yield BatchAnalysis(frames, [Shot(**shot) for shot in item["shots"]], 0.0)

    def understand(request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        yield _content(request["item"]["start_ms"], request["item"]["end_ms"])

    def rank(request: dict[str, Any], tools: Any) -> Iterator[Any]:
        from processors.segments.job import Ranked

        segment = Segment(f"stub-0-{CHUNK_MS}", 1, 0, CHUNK_MS, 0.5, 0.5, "stub", "stub " * 50, [], None)
        document = _document(tools.blobs)
        yield Ranked(None, duration_ms, ["en"], 0.9, [segment], [], [_MODEL], 0.0, document)

    def warm(_request: dict[str, Any], _tools: Any) -> Iterator[Any]:
        yield from ()

    known: dict[str, Job] = {
        "extract-audio": extract_audio,
        "extract-frames": extract_frames,
        "probe": probe,
        "transcribe": transcribe,
        "analyse": analyse,
        "understand": understand,
        "rank": rank,
        "warm": warm,
    }
    return {name: slow(plan, name, job) for name, job in known.items()}


def audio_chunk(index: int) -> AudioChunk:
    """The n-th chunk of a stub video."""
    start = index * CHUNK_MS
    return AudioChunk(_BLOB, start, start + CHUNK_MS, [Span(start, start + CHUNK_MS)], "en", 0.9)


def slow(plan: Plan, name: str, job: Job) -> Job:
    """A job that never ends by itself where the plan's folder says so, as a long item does for whoever waits for it."""

    def run(request: dict[str, Any], tools: Any) -> Iterator[Any]:
        folder = Path(plan.slow_dir)
        while name in _wanted_slow(folder):
            (folder / name).touch()
            time.sleep(_STEP_S)
            if not plan.deaf:
                check_wanted()
        for number, output in enumerate(job(request, tools)):
            while number == _HALF and f"{name}:half" in _wanted_slow(folder):
                sleep_while_wanted(_STEP_S)
            yield output

    return run if plan.slow_dir else job


def _wanted_slow(folder: Path) -> list[str]:
    try:
        return (folder / "slow").read_text().split()
    except FileNotFoundError:
        return []


def _spend(plan: Plan) -> None:
    if not plan.burn:
        time.sleep(plan.stub_ms / 1000)
        return
    end_ns = time.thread_time_ns() + int(plan.stub_ms * 1e6)
    while time.thread_time_ns() < end_ns:
        pass


def transcript(start_ms: int, end_ms: int) -> ChunkTranscript:
    """What is said in a chunk."""
    step = (end_ms - start_ms) // WORDS
    words = [Word(start_ms + n * step, start_ms + (n + 1) * step, f"word{n}", 0.9) for n in range(WORDS)]
    text = " ".join(word.text for word in words)
    spoken = Utterance(start_ms, end_ms, text, "en", words, -0.2, 0.01, -20.0)
    return ChunkTranscript(start_ms, end_ms, end_ms - start_ms, "en", 0.9, [spoken], [], _MODEL)


def _content(start_ms: int, end_ms: int) -> ChunkContent:
    step = (end_ms - start_ms) // SENTENCES
    text = " ".join(f"word{n}" for n in range(WORDS // SENTENCES))
    return ChunkContent(
        start_ms,
        end_ms,
        [
            SentenceFacts(start_ms + n * step, start_ms + (n + 1) * step, text, "en", _VECTOR, 0.1, "other", 0.9)
            for n in range(SENTENCES)
        ],
    )


def _frame(uri: str, pts_ms: int, shot: int) -> FrameAnalysis:
    labels = [Label("person", 0.9), Label("desk", 0.6)]
    return FrameAnalysis(
        uri, pts_ms, shot, labels, ["A title"], [], "people", 0.5, 100.0, 0.5, 0.3, 0.1, "local", _MODEL
    )


@cache
def _document(blobs: BlobStore) -> str:
    """One document for all videos: it is there, so that results can be read, and costs nothing."""
    return blobs.put(b"{}")


if __name__ == "__main__":
    child.main(int(sys.argv[2]), jobs(Plan.from_text(sys.argv[1])))
