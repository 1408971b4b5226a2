"""What ranking costs on long videos: `clipstream bench ranking`.

The segmenter's own job, from the blob of parts to the ranked segments and the document, in a process of its own: with
parts as the join hands them over, so what the content agent tells of the sentences is among them, as it is in the
stream. Time is the processor's, of the job alone; memory is the highest resident set of that process, with interpreter,
libraries and models. The talks are constructed ones (`ops.bench.highlights`), one after the other until the hours are
full.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from ops.bench.highlights.talks import talk
from ops.bench.machine import describe
from processors.blobs import BlobStore
from processors.content.embedding import encoder
from processors.content.known import Known, facts_of
from processors.domain import ChunkContent, ChunkTranscript, Utterance
from processors.models.store import ModelStore
from processors.segments.job import rank_parts
from processors.segments.parts import Parts
from processors.segments.sentences import split_sentences
from processors.segments.words import tokens_of
from processors.tools import Tools
from processors.versions import ALGORITHM_VERSIONS
from processors.warm import warm

HOURS: Final = (1, 2, 3, 4, 8)
HOUR_MS: Final = 3_600_000
CHUNK_MS: Final = 29_000
GAP_MS: Final = 2_000  # between two talks
SEED: Final = 1
_MEGABYTE: Final = 1024  # of the kilobytes that the kernel tells

OnHours = Callable[[str, int, int], None]


def run(
    hours: Sequence[int], models_dir: Path | None, cache_dir: Path, on_hours: OnHours = lambda name, done, total: None
) -> dict[str, Any]:
    """Measure each length; returns the JSON of the benchmark contract.

    Args:
        hours: lengths, each > 0.
        models_dir, cache_dir: where the sentence encoder is.
        on_hours: told the next length, how many are done, and how many there are.
    """
    models = ModelStore(models_dir, cache_dir)
    rows = []
    with TemporaryDirectory() as folder:
        store = f"{folder}/blobs"
        tools = Tools(BlobStore(store), models, 1, None, Path(folder))
        known: dict[tuple[str, str], Any] = {}
        for number, length in enumerate(hours):
            on_hours(f"{length} h", number, len(hours))
            parts = parts_of(length * HOUR_MS, tools, known)
            uri = tools.blobs.put(parts.to_json())
            words = sum(len(said.words) for part in parts.transcripts for said in part.utterances)
            asked = {"uri": uri, "store": store, "models": str(models_dir or ""), "cache": str(cache_dir)}
            child = [sys.executable, "-m", "ops.bench.ranking_cost", orjson.dumps(asked).decode()]
            done = subprocess.run(child, check=True, capture_output=True)
            rows.append({"item": f"{length} h", "hours": length, "words": words, **orjson.loads(done.stdout)})
    on_hours("", len(hours), len(hours))
    return {
        "bench": "ranking",
        "machine": describe(),
        "segmenter": ALGORITHM_VERSIONS["segmenter"],
        "rows": rows,
        "pooled": {},
        "baselines": {},
    }


def parts_of(length_ms: int, tools: Tools, known: dict[tuple[str, str], Any]) -> Parts:
    """Parts of a video of this length, with what the content agent tells; `known` keeps what sentences told before."""
    said: list[Utterance] = []
    number = at_ms = 0
    while at_ms < length_ms:
        one = talk("train" if number % 2 else "test", SEED, number)
        said += [moved(utterance, at_ms) for utterance in one.utterances]
        at_ms, number = at_ms + one.duration_ms + GAP_MS, number + 1
    said = [utterance for utterance in said if utterance.end_ms <= length_ms]
    groups: list[list[Utterance]] = []
    for utterance in said:
        if groups and utterance.end_ms - groups[-1][0].start_ms <= CHUNK_MS:
            groups[-1].append(utterance)
        else:
            groups.append([utterance])
    chunks, contents = [], []
    for group in groups:
        start_ms, end_ms = group[0].start_ms, group[-1].end_ms
        spoken_ms = sum(one.end_ms - one.start_ms for one in group)
        chunks.append(ChunkTranscript(start_ms, end_ms, spoken_ms, group[0].language, 1.0, group, [], "made"))
        sentences = split_sentences(tokens_of(group))
        told = Known([ChunkContent(0, 0, list(known.values()))]) if known else Known([])
        facts = facts_of(sentences, told, lambda: encoder(tools))
        known.update({(one.text, one.language): one for one in facts})
        contents.append(ChunkContent(start_ms, end_ms, facts))
    return Parts("long", transcripts=chunks, contents=contents, audio_duration_ms=length_ms)


def moved(utterance: Utterance, by_ms: int) -> Utterance:
    """The same later."""
    return replace(
        utterance,
        start_ms=utterance.start_ms + by_ms,
        end_ms=utterance.end_ms + by_ms,
        words=[replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms) for word in utterance.words],
        markers=[replace(one, start_ms=one.start_ms + by_ms, end_ms=one.end_ms + by_ms) for one in utterance.markers],
    )


def measured(asked: dict[str, str]) -> dict[str, Any]:
    """The job, in this process."""
    models = ModelStore(Path(asked["models"]) if asked["models"] else None, Path(asked["cache"]))
    with TemporaryDirectory() as folder:
        tools = Tools(BlobStore(asked["store"]), models, 1, None, Path(folder))
        warm("segmenter", tools)  # as a worker does before its first video
        began_s = time.process_time()
        ranked = rank_parts(asked["uri"], None, tools)
        spent_s = time.process_time() - began_s
    return {
        "seconds": round(spent_s, 2),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MEGABYTE,
        "segments": len(ranked.segments),
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(measured(orjson.loads(sys.argv[1]))))

__all__ = ["HOURS", "measured", "moved", "parts_of", "run"]
