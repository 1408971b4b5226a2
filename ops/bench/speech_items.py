"""What `clipstream bench asr` listens to: files of a data folder with what is said in them.

A folder with `NAME.truth.json` beside media is taken as it is. The clips of a `truth.json` are single sentences: they
are joined to one file in their order, with pauses of 0.3 to 1.5 s, as a talk has them. One by one they would flatter
us, since Whisper's own window of 30 s is mostly empty then. An `.stm` or `.rttm` beside a sound file is read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ops.bench.truth import Spoken, speech_by_language
from processors.domain import Span
from processors.media.audio import SAMPLE_RATE, decode_audio
from processors.speech.audit import read_rttm
from processors.speech.wav import to_wav

_MEDIA: Final = frozenset({".mp4", ".mkv", ".webm", ".mov", ".wav", ".flac", ".mp3", ".ogg", ".m4a"})
_PAUSE_S: Final = (0.3, 1.5)
_SEED: Final = 7


@dataclass(frozen=True)
class Item:
    """A file to listen to.

    Attributes:
        name: for the row.
        path: the file; joined ones lie in the folder that was given.
        duration_ms: of the sound.
        spoken: what is said, in time order; empty when only the languages are known.
        languages: codes of what is said.
        labelled: bounds of speech as a person or the mixing gave them, for the audit; empty when only clips are known.
    """

    name: str
    path: Path
    duration_ms: int
    spoken: list[Spoken]
    languages: frozenset[str]
    labelled: list[Span] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """All that is said."""
        return " ".join(spoken.text for spoken in self.spoken)


def load_sound(path: Path) -> NDArray[np.float32]:
    """The sound of a file: mono, 16 kHz, shape (n,)."""
    blocks = [block for _, block in decode_audio(path)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def items_of(data: Path, work_dir: Path, english_only: bool) -> list[Item]:
    """Everything of a data folder that has words or languages to compare with.

    Args:
        data: with one folder an item, or one such folder.
        work_dir: joined files are written here.
        english_only: leave out what is not all English, for a model that knows nothing else.
    """
    folders = sorted({path.parent for path in [*data.glob("*.*"), *data.glob("*/*.*")]})
    found = [item for folder in folders for item in _items(folder, work_dir)]
    return [item for item in found if not english_only or item.languages == {"en"}]


def _items(folder: Path, work_dir: Path) -> Iterator[Item]:
    if (folder / "truth.json").is_file():
        entries = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        if isinstance(entries, list):
            yield from _of_list(folder, entries, work_dir)
    for path in sorted(folder.iterdir()):
        if path.suffix not in _MEDIA:
            continue
        truth, stm = path.with_name(f"{path.stem}.truth.json"), path.with_suffix(".stm")
        if truth.is_file():
            spoken = speech_by_language(json.loads(truth.read_text(encoding="utf-8")))
            bounds = [Span(one.start_ms, one.end_ms) for one in spoken]
        elif stm.is_file():
            spoken = [_of_stm(line) for line in stm.read_text(encoding="utf-8").splitlines() if line.strip()]
            rttm = path.with_suffix(".rttm")
            bounds = read_rttm(rttm.read_text(encoding="utf-8")) if rttm.is_file() else []
        else:
            continue
        if spoken:
            languages = frozenset(one.language for one in spoken)
            yield Item(f"{folder.name}/{path.name}", path, _length_ms(path), spoken, languages, bounds)


def _of_list(folder: Path, entries: list[dict[str, Any]], work_dir: Path) -> Iterator[Item]:
    texts = {entry["file"]: entry for entry in entries if "text" in entry and "channel" not in entry}
    others = {entry["file"]: entry for entry in entries if entry["file"] not in texts}
    if len(texts) == 1:
        (entry,) = texts.values()
        path = folder / entry["file"]
        length_ms = _length_ms(path)
        spoken = [Spoken(0, length_ms, entry["lang"], entry["text"])]
        yield Item(f"{folder.name}/{path.name}", path, length_ms, spoken, frozenset({entry["lang"]}))
    elif texts:
        yield _joined(folder, list(texts.values()), work_dir)
    for name, entry in sorted(others.items()):  # without a transcript: languages only
        languages = entry.get("langs") or [entry["lang"]]
        path = folder / name
        yield Item(f"{folder.name}/{name}", path, _length_ms(path), [], frozenset(languages))


def _joined(folder: Path, entries: list[dict[str, Any]], work_dir: Path) -> Item:
    random = np.random.default_rng(_SEED)
    parts: list[NDArray[np.float32]] = []
    spoken = []
    at = 0
    for entry in entries:
        clip = load_sound(folder / entry["file"])
        pause = np.zeros(round(random.uniform(*_PAUSE_S) * SAMPLE_RATE), dtype=np.float32)
        spoken.append(Spoken(_ms(at), _ms(at + len(clip)), entry["lang"], entry["text"]))
        parts += [clip, pause]
        at += len(clip) + len(pause)
    path = work_dir / f"{folder.name}.wav"
    path.write_bytes(to_wav(np.concatenate(parts)))
    return Item(folder.name, path, _ms(at), spoken, frozenset(one.language for one in spoken))


def _of_stm(line: str) -> Spoken:
    _file, _channel, _speaker, start_s, end_s, text = line.split(maxsplit=5)
    return Spoken(round(float(start_s) * 1000), round(float(end_s) * 1000), "en", text)


def _length_ms(path: Path) -> int:
    return _ms(sum(len(block) for _, block in decode_audio(path)))


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


__all__ = ["Item", "items_of", "load_sound"]
