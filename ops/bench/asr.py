"""`clipstream bench asr`: files whole by faster-whisper's defaults and in chunks by clipstream, in one run."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ops.bench.baseline import started
from ops.bench.chunked import Heard, children, listening
from ops.bench.machine import describe
from ops.bench.memory import PeakMemory
from ops.bench.no_speech import MAKERS
from ops.bench.speech_items import Item, items_of, load_sound
from ops.bench.truth import Spoken
from processors.models.store import ModelStore
from processors.options import Profile
from processors.speech.audit import detected, faults, uncovered_ms
from processors.speech.chunking import MAX_CHUNK_MS
from processors.speech.vad import SpeechDetector
from processors.speech.wav import to_wav
from processors.speech.wer import NO_ERRORS, WordErrors, word_errors
from streams.settings import Settings

EMPTY_S: Final = 600
# A rate over fewer words says little about a file: they only count in the pooled one.
_MIN_WORDS: Final = 200
_DECIMALS: Final = 4
PROFILES: Final[tuple[Profile, ...]] = ("fast", "balanced", "best")


def run(data: Path, model: str, warm_up: Path, settings: Settings, compute_type: str, empty: bool) -> dict[str, Any]:
    """Compare on each item of a folder; returns the JSON of the benchmark contract.

    Args:
        data: see `ops.bench.speech_items`.
        model: recogniser of both sides.
        warm_up: file that both sides hear before the clock starts.
        settings: cache folder with models, workers, threads; state goes to an empty folder.
        compute_type: of the baseline: "default" or "int8".
        empty: also count the words that are recognised where nobody speaks.
    """
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as name:
        folder = Path(name)
        items = items_of(data, folder, english_only=model.endswith(".en"))
        ours = _settings(folder, settings, model)
        heard, memory = asyncio.run(_ours(items, "balanced", warm_up, ours))
        with _baseline(model, settings, compute_type, warm_up) as (ask, naive_memory):
            naive = [ask(item.path) for item in items]
            naive_mb = round(naive_memory())
            speechless = _speechless(folder) if empty else {}
            invented = [len(ask(path)["text"].split()) for path in speechless.values()]
        rows = [_row(*parts, ours) for parts in zip(items, heard, naive, strict=True)]
        found: dict[str, Any] = {
            "bench": "asr",
            "machine": describe(),
            "model": model,
            "layout": {"processes": ours.workers, "threads": ours.threads},
            "rows": rows,
            "pooled": _pooled(items, heard, ours) | {"memory_mb": _sizes(memory)},
            "baselines": {f"whole file, {compute_type}": _pooled_naive(items, naive)},
        }
        found["baselines"][f"whole file, {compute_type}"]["memory_mb"] = naive_mb
        base = found["baselines"][f"whole file, {compute_type}"]
        found["pooled"]["ratio"] = round(base["seconds"] / found["pooled"]["seconds"], 3)
        found["pooled"]["processor_ratio"] = round(base["processor_seconds"] / found["pooled"]["processor_seconds"], 3)
        if empty:
            found["empty"] = asyncio.run(_empty(speechless, invented, warm_up, ours))
        return found


def run_profiles(data: Path, warm_up: Path, settings: Settings) -> dict[str, Any]:
    """The profiles side by side, each with the models of the settings; returns the JSON of the benchmark contract."""
    with tempfile.TemporaryDirectory(prefix="clipstream-bench-") as name:
        folder = Path(name)
        items = items_of(data, folder, english_only=False)
        ours = _settings(folder, settings, None)
        rows = []
        for profile in PROFILES:
            heard, memory = asyncio.run(_ours(items, profile, warm_up, ours))
            chosen = Counter(
                f"{part['model']}, beam {part['beam']}"
                for one in heard
                for part in one.transcripts
                if part["utterances"]
            )
            rows.append(
                {"item": profile}
                | _pooled(items, heard, ours)
                | {"memory_mb": _sizes(memory), "models": dict(sorted(chosen.items()))}
            )
        return {
            "bench": "asr profiles",
            "machine": describe(),
            "layout": {"processes": ours.workers, "threads": ours.threads},
            "rows": rows,
            "pooled": {},
            "baselines": {},
        }


def _settings(folder: Path, base: Settings, model: str | None) -> Settings:
    return base.model_copy(update={"data_dir": folder, "store_url": "", "cache_enabled": False, "asr_model": model})


async def _ours(
    items: list[Item], profile: Profile, warm_up: Path, settings: Settings
) -> tuple[list[Heard], PeakMemory]:
    options = {"profile": profile}
    async with listening(settings, warm_up, options) as listeners:
        # two threads of this process are not counted: the parent does not compute
        with PeakMemory(lambda: [(f"child {pid}", pid) for pid in children()]) as memory:
            return [await listeners.hear(item.path, options) for item in items], memory


def _speechless(folder: Path) -> dict[str, Path]:
    """Files in which nobody speaks, by kind."""
    paths = {kind: folder / f"{kind}.wav" for kind in MAKERS}
    for kind, path in paths.items():
        path.write_bytes(to_wav(MAKERS[kind](EMPTY_S)))
    return paths


async def _empty(
    paths: dict[str, Path], invented: list[int], warm_up: Path, settings: Settings
) -> list[dict[str, Any]]:
    """Words that are recognised in minutes without speech, beside those of the other side."""
    rows = []
    async with listening(settings, warm_up, {}) as listeners:
        for (kind, path), naive_words in zip(paths.items(), invented, strict=True):
            heard = await listeners.hear(path, {})
            rows.append(
                {
                    "item": kind,
                    "seconds_of_sound": EMPTY_S,
                    "words": len(heard.text.split()),
                    "naive_words": naive_words,
                    "chunks": len(heard.chunks),
                    "dropped": len(heard.dropped),
                    "text": heard.text,
                }
            )
    return rows


@contextmanager
def _baseline(model: str, settings: Settings, compute_type: str, warm_up: Path) -> Iterator[tuple[Any, Any]]:
    arguments = [model, str(settings.cache_dir), compute_type, str(warm_up)]
    with started("ops.bench.whole_file", arguments) as (process, asked, answers):

        def ask(path: Path) -> dict[str, Any]:
            print(path, file=asked, flush=True)
            if not (answer := answers.readline()):
                raise RuntimeError(f"the baseline died on {path}")
            found: dict[str, Any] = json.loads(answer)
            return found

        with PeakMemory(lambda: [("naive", process.pid)]) as memory:
            yield ask, lambda: memory.trees_mb.get("naive", 0.0)
        asked.close()


def _row(item: Item, heard: Heard, naive: dict[str, Any], settings: Settings) -> dict[str, Any]:
    right, all_of_them = languages_right(item, heard)
    row: dict[str, Any] = {
        "item": item.name,
        "duration_ms": item.duration_ms,
        "seconds": round(heard.seconds, 2),
        "naive_seconds": round(naive["seconds"], 2),
        "ratio": round(naive["seconds"] / heard.seconds, 3),
        "uncovered_ms": uncovered(item, heard, settings),
        "language_right": right,
        "language_segments": all_of_them,
        "dropped": heard.dropped,
        "reference_words": 0,
    }
    if item.spoken:
        ours, theirs = word_errors(item.reference, heard.text), word_errors(item.reference, naive["text"])
        row |= {"reference_words": ours.reference_words, "lost": ours.deletions, "naive_lost": theirs.deletions}
        if ours.reference_words >= _MIN_WORDS:
            row |= {"wer": round(ours.rate, _DECIMALS), "naive_wer": round(theirs.rate, _DECIMALS)}
    return row


def _pooled(items: list[Item], heard: list[Heard], settings: Settings) -> dict[str, Any]:
    errors = NO_ERRORS
    for item, one in zip(items, heard, strict=True):
        errors += word_errors(item.reference, one.text) if item.spoken else NO_ERRORS
    seconds, used = sum(one.seconds for one in heard), sum(one.processor_seconds for one in heard)
    languages = [languages_right(item, one) for item, one in zip(items, heard, strict=True)]
    segments = sum(count for _, count in languages)
    return {
        **_errors(errors),
        "seconds": round(seconds, 2),
        "processor_seconds": round(used, 2),
        # 1 would be all cores busy from the first to the last moment of each file
        "cores_used": round(used / (seconds * (os.cpu_count() or 1)), 3),
        "real_time": round(sum(item.duration_ms for item in items) / 1000 / seconds, 1),
        "uncovered_ms": sum(uncovered(item, one, settings) for item, one in zip(items, heard, strict=True)),
        "language_accuracy": round(sum(right for right, _ in languages) / segments, _DECIMALS) if segments else None,
        "language_segments": segments,
    }


def _pooled_naive(items: list[Item], naive: list[dict[str, Any]]) -> dict[str, Any]:
    errors = NO_ERRORS
    for item, one in zip(items, naive, strict=True):
        errors += word_errors(item.reference, one["text"]) if item.spoken else NO_ERRORS
    return {
        **_errors(errors),
        "seconds": round(sum(one["seconds"] for one in naive), 2),
        "processor_seconds": round(sum(one["processor_seconds"] for one in naive), 2),
    }


def _errors(errors: WordErrors) -> dict[str, Any]:
    return {
        "wer": round(errors.rate, _DECIMALS),
        "reference_words": errors.reference_words,
        "lost": errors.deletions,
        "inserted": errors.insertions,
        "wrong": errors.substitutions,
    }


def _sizes(memory: PeakMemory) -> dict[str, int]:
    sizes = memory.largest_process_mb.values()
    return {"largest_child": round(max(sizes, default=0.0)), "all_children": round(sum(sizes))}


def languages_right(item: Item, heard: Heard) -> tuple[int, int]:
    """(utterances in the language of the truth they share the most time with, utterances).

    Where only the languages of a file are known, one of them is right.
    """
    right = 0
    for spoken in heard.utterances:
        if item.spoken:
            expected = {_nearest(item.spoken, spoken["start_ms"], spoken["end_ms"]).language}
        else:
            expected = set(item.languages)
        right += spoken["language"] in expected
    return right, len(heard.utterances)


def _nearest(truth: list[Spoken], start_ms: int, end_ms: int) -> Spoken:
    return max(truth, key=lambda one: min(one.end_ms, end_ms) - max(one.start_ms, start_ms))


def uncovered(item: Item, heard: Heard, settings: Settings) -> int:
    """Speech outside all chunks in ms: labelled, and as the network tells it of the whole file.

    Raises:
        AssertionError: chunks overlap or are too long.
    """
    wrong = faults(heard.chunks, MAX_CHUNK_MS)
    if wrong:
        raise AssertionError(f"{item.name}: {wrong[0]}")
    network = ModelStore(settings.models_dir, settings.cache_dir).path("silero-vad")
    speech = detected(load_sound(item.path), SpeechDetector(network))
    return uncovered_ms([*item.labelled, *speech], heard.chunks)


__all__ = ["EMPTY_S", "PROFILES", "run", "run_profiles"]
