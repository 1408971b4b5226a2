"""What `clipstream bench asr` listens to: files of a data folder with what is said in them.

A folder with `NAME.truth.json` beside media is taken as it is. The clips of a `truth.json` are single sentences: they
are joined to one file in their order, with pauses of 0.3 to 1.5 s, as a talk has them. One by one they would flatter
us, since Whisper's own window of 30 s is mostly empty then. An `.stm` or `.rttm` beside a sound file is read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ops.bench.truth import Clip, Spoken, clips_of, speech_of
from processors.domain import Span
from processors.errors import InvalidMessage
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

    Raises:
        InvalidMessage: there is nothing, or a truth cannot be read.
    """
    folders = sorted({path.parent for path in [*data.glob("*.*"), *data.glob("*/*.*")]})
    found = [item for folder in folders for item in _items(folder, work_dir)]
    taken = [item for item in found if not english_only or item.languages == {"en"}]
    if not taken:
        what = "media in English with truth" if found else "media with truth"
        raise InvalidMessage(
            f"There are no {what} in {data}.",
            "It takes folders with NAME.truth.json or NAME.stm beside media, or with clips and a truth.json.",
        )
    return taken


def _items(folder: Path, work_dir: Path) -> Iterator[Item]:
    if (folder / "truth.json").is_file():
        yield from _of_list(folder, clips_of(folder / "truth.json"), work_dir)
    for path in sorted(folder.iterdir()):
        if path.suffix not in _MEDIA:
            continue
        truth, stm = path.with_name(f"{path.stem}.truth.json"), path.with_suffix(".stm")
        if truth.is_file():
            spoken = speech_of(truth)
            bounds = [Span(one.start_ms, one.end_ms) for one in spoken]
        elif stm.is_file():
            spoken, rttm = _of_stm(stm), path.with_suffix(".rttm")
            bounds = _of_rttm(rttm) if rttm.is_file() else []
        else:
            continue
        if spoken:
            languages = frozenset(one.language for one in spoken)
            yield Item(f"{folder.name}/{path.name}", path, _length_ms(path), spoken, languages, bounds)


def _of_list(folder: Path, clips: list[Clip], work_dir: Path) -> Iterator[Item]:
    texts = {clip.file: clip for clip in clips if clip.text is not None and clip.channel is None}
    others = {clip.file: clip for clip in clips if clip.file not in texts}
    if len(texts) == 1:
        (clip,) = texts.values()
        path, language = clip.path_in(folder), _language(clip, folder)
        length_ms = _length_ms(path)
        spoken = [Spoken(0, length_ms, language, clip.text or "")]
        yield Item(f"{folder.name}/{path.name}", path, length_ms, spoken, frozenset({language}))
    elif texts:
        yield _joined(folder, list(texts.values()), work_dir)
    for _, clip in sorted(others.items()):  # without a transcript: languages only, and none is nothing to compare with
        languages = clip.langs or ((clip.lang,) if clip.lang else ())
        path = clip.path_in(folder)
        if languages:
            yield Item(f"{folder.name}/{path.name}", path, _length_ms(path), [], frozenset(languages))


def _language(clip: Clip, folder: Path) -> str:
    if not clip.lang:
        raise InvalidMessage(
            f"{folder / 'truth.json'}: the entry of {clip.file} has a text and no language.",
            'Add one, like "lang": "en".',
        )
    return clip.lang


def _joined(folder: Path, clips: list[Clip], work_dir: Path) -> Item:
    random = np.random.default_rng(_SEED)
    parts: list[NDArray[np.float32]] = []
    spoken = []
    at = 0
    for clip in clips:
        sound = load_sound(clip.path_in(folder))
        pause = np.zeros(round(random.uniform(*_PAUSE_S) * SAMPLE_RATE), dtype=np.float32)
        spoken.append(Spoken(_ms(at), _ms(at + len(sound)), _language(clip, folder), clip.text or ""))
        parts += [sound, pause]
        at += len(sound) + len(pause)
    path = work_dir / f"{folder.name}.wav"
    path.write_bytes(to_wav(np.concatenate(parts)))
    return Item(folder.name, path, _ms(at), spoken, frozenset(one.language for one in spoken))


def _of_stm(path: Path) -> list[Spoken]:
    spoken = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        try:
            _file, _channel, _speaker, start_s, end_s, text = line.split(maxsplit=5)
            spoken.append(Spoken(round(float(start_s) * 1000), round(float(end_s) * 1000), "en", text))
        except ValueError as error:
            raise InvalidMessage(
                f"{path} has a line that is no STM: {line[:80]}", "Lines are like: FILE 1 SPEAKER START END WORDS"
            ) from error
    return spoken


def _of_rttm(path: Path) -> list[Span]:
    try:
        return read_rttm(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidMessage(f"{path}: {error}.", "Mend it, or take it out of the folder.") from error


def _length_ms(path: Path) -> int:
    return _ms(sum(len(block) for _, block in decode_audio(path)))


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE


__all__ = ["Item", "items_of", "load_sound"]
