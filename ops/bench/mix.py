"""Talks of several people with known turns, joined from folders of read speech: `bench mix`.

A folder holds clips and a `truth.json` that names the speaker of each (`ops.bench.truth`). One mix: two to five people
take turns of one clip each, with pauses between them; some turns are short pieces of a clip ("yes, of course"), some
begin while the one before still goes on, each voice has its own loudness, and there is a little noise. Clips hold
pauses of their own, so the truth says where in a turn is sound: pauses of half a second and more belong to nobody.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from ops.bench.truth import clips_of
from processors.domain import Turn
from processors.errors import InvalidMessage
from processors.media.audio import open_audio
from processors.speech.vad import SAMPLE_RATE, Samples

Half = Literal["all", "tune", "test"]

_PER_MS: Final = SAMPLE_RATE // 1000
# Speakers that thresholds were tuned on; the others are those that are reported, so no voice is in both.
_TUNED_ON: Final = frozenset({"ls3005", "ls1998", "sb_spk1", "speech_custom_de-DE", "leo_de", "fleurs_de", "jfk"})
# A speaker without a name: one clip of the folder may be used, since two may be of one voice or of two.
_UNNAMED: Final = "unknown"
_SHORT_TURNS: Final = 0.2  # share of turns that are a piece of 0.8 to 2 s
_SHORT_MS: Final = (800, 2_000)
_PAUSE_MS: Final = (100, 1_500)
_OVERLAP_MS: Final = (300, 1_200)
_GAIN_DB: Final = (-6.0, 0.0)
_LEVEL_DB: Final = -23.0
_NOISE_DB: Final = -60.0
_FRAME_MS: Final = 20
# Sound is what lies within 35 dB of the clip's loudest frames and 8 dB above its quietest: the noise of a room is no
# speech.
_SILENT_DB: Final = -35.0
_ABOVE_NOISE_DB: Final = 8.0
_PAUSE_IN_CLIP_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Mix:
    """A made-up talk.

    Attributes:
        samples: mono, 16 kHz, float32 in -1..1.
        turns: the truth, in time order.
    """

    name: str
    samples: Samples
    turns: list[Turn]

    @property
    def speakers(self) -> list[str]:
        """Who speaks, sorted."""
        return sorted({turn.speaker for turn in self.turns})


def voices_in_folders(data: Path) -> dict[str, list[Path]]:
    """Speaker -> clips, of all folders with a truth of speakers. One without a name is called like the folder.

    Raises:
        InvalidMessage: fewer than two speakers, or a truth that cannot be read.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for truth in sorted(data.glob("*/truth.json")):
        folder = truth.parent
        for clip in clips_of(truth):
            path, speaker = clip.path_in(folder), (clip.speaker or "").strip()
            unnamed = speaker == _UNNAMED
            if unnamed:
                speaker = folder.name.removeprefix("speech_").removeprefix("audio_")
            if speaker and path.is_file() and not (unnamed and speaker in found):
                found[speaker].append(path)
    if len(found) < 2:
        raise InvalidMessage(
            f"{data} has no folders of speech with at least two speakers.",
            'It takes folders of clips, each with a truth.json: [{"file": "a.wav", "speaker": "Ann"}, ...].',
        )
    return {speaker: found[speaker] for speaker in sorted(found)}


def half_of(voices: dict[str, list[Path]], half: Half) -> dict[str, list[Path]]:
    """The speakers that thresholds were tuned on, the others, or all."""
    names = _TUNED_ON | {name.removeprefix("speech_") for name in _TUNED_ON}
    return {name: clips for name, clips in voices.items() if half == "all" or (name in names) == (half == "tune")}


def make_mix(
    voices: dict[str, list[Path]], seed: int, speakers: int, seconds: float = 120.0, overlap: float = 0.0
) -> Mix:
    """One mix; the same arguments and clips give the same samples.

    Args:
        voices: from `voices_in_folders`.
        seed: decides who speaks, in which order, what and how loud; >= 0.
        speakers: how many people, >= 1.
        seconds: about this long.
        overlap: share of turns that begin before the one before has ended, 0..1.

    Raises:
        InvalidMessage: there are fewer voices.
    """
    if speakers > len(voices):
        raise InvalidMessage(
            f"{speakers} speakers are wanted, and there are {len(voices)} voices.",
            "Ask for fewer, or add clips of others.",
        )
    chance = random.Random(f"mix {seed} {speakers}")
    chosen = chance.sample(sorted(voices), speakers)
    gains = {name: chance.uniform(*_GAIN_DB) for name in chosen}
    clips = {name: chance.sample(voices[name], len(voices[name])) for name in chosen}
    sound = np.zeros(int((seconds + 60) * SAMPLE_RATE), dtype=np.float32)
    turns: list[Turn] = []
    used: dict[str, int] = defaultdict(int)
    at_ms, last = 500, ""
    while at_ms < seconds * 1000:
        fresh = [name for name in chosen if name not in used and name != last]  # everybody is heard
        name = chance.choice(fresh or [name for name in chosen if name != last] or chosen)
        clip = _clip(clips[name][used[name] % len(clips[name])])
        used[name] += 1
        if chance.random() < _SHORT_TURNS:
            length = chance.randint(*_SHORT_MS) * _PER_MS
            begin = chance.randint(0, max(0, len(clip) - length))
            clip = clip[begin : begin + length]
        if turns and chance.random() < overlap:
            at_ms -= min(chance.randint(*_OVERLAP_MS), (turns[-1].end_ms - turns[-1].start_ms) // 2)
        else:
            at_ms += chance.randint(*_PAUSE_MS)
        clip = clip[: len(sound) - at_ms * _PER_MS]
        sound[at_ms * _PER_MS : at_ms * _PER_MS + len(clip)] += clip * np.float32(10 ** (gains[name] / 20))
        turns += [Turn(at_ms + begin, at_ms + end, name) for begin, end in _active(clip)]
        at_ms, last = at_ms + len(clip) // _PER_MS, name
    sound = sound[: (at_ms + 500) * _PER_MS]
    noise = np.random.default_rng(seed).standard_normal(len(sound)).astype(np.float32)
    sound = np.clip(sound + noise * np.float32(10 ** (_NOISE_DB / 20)), -1.0, 1.0)
    return Mix(f"mix-{seed}-{speakers}", sound, sorted(turns))


def read_rttm(path: Path) -> list[Turn]:
    """Turns of a file; lines of other kinds are left out.

    Raises:
        InvalidMessage: a line of this kind that cannot be read.
    """
    turns = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start_ms = round(float(fields[3]) * 1000)
            turns.append(Turn(start_ms, start_ms + round(float(fields[4]) * 1000), fields[7]))
        except (IndexError, ValueError) as error:
            raise InvalidMessage(f"{path} has a line that is no RTTM: {line[:80]}") from error
    return sorted(turns)


def read_sound(path: Path) -> Samples:
    """The whole sound of a file: mono, 16 kHz, float32.

    Raises:
        InvalidMessage: it has none.
    """
    with open_audio(path) as track:
        blocks = [] if track is None else [samples for _, samples in track.blocks()]
    if not blocks:
        raise InvalidMessage(f"{path} has no sound.")
    return np.concatenate(blocks)


def _clip(path: Path) -> Samples:
    """A clip brought to one loudness, without the silence at its ends."""
    samples = read_sound(path)
    active = _active(samples)
    samples = samples[active[0][0] * _PER_MS : active[-1][1] * _PER_MS]
    level = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
    return np.asarray(samples * (10 ** (_LEVEL_DB / 20) / max(level, 1e-9)), dtype=np.float32)


def _active(samples: Samples) -> list[tuple[int, int]]:
    """Where a clip sounds, in ms, joined over gaps under half a second."""
    size = _FRAME_MS * _PER_MS
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    power = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)
    if not len(power):
        return [(0, len(samples) // _PER_MS)]
    quiet, top = np.percentile(power, (2, 95))
    loud = np.flatnonzero(power > min(max(top + _SILENT_DB, quiet + _ABOVE_NOISE_DB), top))
    spans: list[tuple[int, int]] = []
    for frame in (int(index) * _FRAME_MS for index in loud):
        if spans and frame - spans[-1][1] < _PAUSE_IN_CLIP_MS:
            spans[-1] = (spans[-1][0], frame + _FRAME_MS)
        else:
            spans.append((frame, frame + _FRAME_MS))
    return spans or [(0, len(samples) // _PER_MS)]


__all__ = ["Half", "Mix", "half_of", "make_mix", "read_rttm", "read_sound", "voices_in_folders"]
