"""Small hand-made videos: say what was said when, what was seen when, and get `Parts`."""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from processors.content.embedding import DIMENSIONS
from processors.domain import (
    BatchAnalysis,
    ChunkTranscript,
    Document,
    Emotion,
    Face,
    FrameAnalysis,
    Marker,
    Shot,
    Utterance,
    VideoFacts,
    VoiceFeatures,
    Word,
)
from processors.options import Options
from processors.segments import Parts
from processors.segments.candidates import Window
from processors.segments.gathering import meaning_of
from processors.segments.material import Material, Windows
from processors.segments.meaning import Vectors
from processors.segments.sentences import Sentence, split_sentences
from processors.segments.words import tokens_of

WORD_MS = 300
GAP_MS = 50


def words_of(text: str, start_ms: int, word_ms: int = WORD_MS, probability: float = 0.9) -> list[Word]:
    """The words of a text one after the other."""
    words = []
    for position, word in enumerate(text.split()):
        begin = start_ms + position * (word_ms + GAP_MS)
        words.append(Word(begin, begin + word_ms, word, probability))
    return words


def utterance(text: str, start_ms: int = 0, language: str = "en", **change: Any) -> Utterance:
    """An utterance of a text, spoken from `start_ms` on."""
    loudness_db = change.pop("loudness_db", -20.0)
    words = words_of(text, start_ms, **change)
    return Utterance(start_ms, words[-1].end_ms, text, language, words, -0.3, 0.02, loudness_db)


def chunk(*utterances: Utterance) -> ChunkTranscript:
    """A chunk with these utterances."""
    spoken = sum(said.end_ms - said.start_ms for said in utterances)
    start_ms, end_ms = utterances[0].start_ms, utterances[-1].end_ms
    return ChunkTranscript(start_ms, end_ms, spoken, utterances[0].language, 0.99, list(utterances), [], "base")


def frame(pts_ms: int, **change: Any) -> FrameAnalysis:
    """A frame; its URI tells its time."""
    values: dict[str, Any] = {
        "frame_uri": f"blob:{pts_ms:064x}",
        "pts_ms": pts_ms,
        "shot": 0,
        "labels": [],
        "text": [],
        "faces": [],
        "scene": "other",
        "score": 0.5,
        "sharpness": 100.0,
        "brightness": 0.5,
        "colourfulness": 0.3,
        "motion": 0.1,
        "source": "local",
        "model": "look-1",
    }
    return FrameAnalysis(**{**values, **change})


def shots_at(*bounds_ms: int) -> list[Shot]:
    """Contiguous shots between these times."""
    return [Shot(index, *span) for index, span in enumerate(itertools.pairwise(bounds_ms))]


def facts(duration_ms: int) -> VideoFacts:
    """Facts of a video of this length."""
    return VideoFacts("mov,mp4", duration_ms, 1_000, "A video", "0" * 64, [], [])


def parts(
    duration_ms: int,
    transcripts: Sequence[ChunkTranscript] = (),
    frames: Sequence[FrameAnalysis] = (),
    shots: Sequence[Shot] = (),
    **options: Any,
) -> Parts:
    """Parts of a video with one batch of frames and shots, if any."""
    batches = [BatchAnalysis(list(frames), list(shots), 0.0)] if frames or shots else []
    return Parts("vid", Options(**options), facts(duration_ms), list(transcripts), batches, duration_ms)


def embedded(sentences: Sequence[Sentence]) -> Vectors:
    """Made vectors: sentences that share words lie near to each other, as a bag of hashed words."""
    vectors = np.zeros((len(sentences), DIMENSIONS), dtype=np.float32)
    for row, sentence in enumerate(sentences):
        for word in sentence.text.lower().split():
            vectors[row, zlib.crc32(word.strip(".,?!").encode()) % DIMENSIONS] += 1
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def material(
    transcript: Sequence[Utterance],
    frames: Sequence[FrameAnalysis] = (),
    shots: Sequence[Shot] = (),
    duration_ms: int = 0,
) -> Material:
    """What signals read, from utterances and frames."""
    tokens = tokens_of(list(transcript))
    ends = [said.end_ms for said in transcript] + [shot.end_ms for shot in shots] + [each.pts_ms + 1 for each in frames]
    document = Document(transcript=list(transcript), frames=list(frames), shots=list(shots))
    sentences = split_sentences(tokens)
    meaning = meaning_of(tokens, sentences, embedded)
    return Material.of(document, tokens, sentences, duration_ms or max(ends, default=0), meaning)


def windows(of: Material, *spans: tuple[int, int]) -> Windows:
    """Windows over these times, with the sentences that lie wholly inside."""
    found = []
    for start_ms, end_ms in spans:
        inside = [
            index
            for index, sentence in enumerate(of.sentences)
            if sentence.start_ms >= start_ms and sentence.end_ms <= end_ms
        ]
        found.append(Window(start_ms, end_ms, inside[0] if inside else -1, inside[-1] if inside else -1))
    return of.windows(found)


_COMMON = ["the", "and", "of", "to", "a", "in", "that", "it", "is", "was", "with", "from"]
_RARE = [
    f"{first}{last}"
    for first in ("river", "engine", "garden", "winter", "letter", "market", "planet", "doctor", "bridge", "camera")
    for last in ("", "s", "land", "work", "man", "side", "light", "stone")
]


@cache
def talk(minutes: int, seed: int = 1, language: str = "en") -> Parts:
    """A long talk with pictures, different for each seed: 165 words a minute, a shot about every 7 s."""
    source = random.Random(seed)
    duration_ms = minutes * 60_000
    transcripts, at_ms = [], 500
    while at_ms < duration_ms - 40_000:
        first_ms, said = at_ms, []
        while at_ms - first_ms < 24_000:
            start_ms, spoken = at_ms, []
            count = source.randint(6, 18)
            for position in range(count):
                text = source.choice(_COMMON if source.random() < 0.6 else _RARE)
                text = text.capitalize() if position == 0 or source.random() < 0.03 else text
                text += source.choice([".", ".", ".", "?"]) if position == count - 1 else ""
                length_ms = source.randint(150, 450)
                spoken.append(Word(at_ms, at_ms + length_ms, text, round(source.uniform(0.6, 1), 3)))
                at_ms += length_ms + source.choice([0, 0, 20, 60])
            whole = " ".join(word.text for word in spoken)
            level = round(source.uniform(-30, -15), 2)
            voice = VoiceFeatures(None, None, round(source.uniform(1, 4), 2), None, None, None, None)
            feeling = Emotion(round(source.uniform(-1, 1), 2), 0.3, "neutral", 0.5)
            laughs = [Marker("laughter", at_ms - 400, at_ms, 0.8)] * (source.random() < 0.1)
            said.append(
                Utterance(
                    start_ms,
                    spoken[-1].end_ms,
                    whole,
                    language,
                    spoken,
                    -0.3,
                    0.02,
                    level,
                    voice,
                    feeling,
                    laughs,
                    source.choice(["S1", "S2"]),
                )
            )
            at_ms += source.choice([100, 300, 600, 900])
        transcripts.append(chunk(*said))
        at_ms += source.randint(0, 500)
    return Parts("talk", Options(), facts(duration_ms), transcripts, _pictures(source, duration_ms), duration_ms)


def _pictures(source: random.Random, duration_ms: int) -> list[BatchAnalysis]:
    shots: list[Shot] = []
    frames: list[FrameAnalysis] = []
    batches: list[BatchAnalysis] = []
    start_ms = index = 0
    while start_ms < duration_ms:
        end_ms = min(duration_ms, start_ms + source.randint(1_500, 12_000))
        shots.append(Shot(index, start_ms, end_ms))
        frames.append(
            frame(
                (start_ms + end_ms) // 2,
                shot=index,
                faces=[Face(0.3, 0.2, 0.2, 0.3, 0.9)] * (source.random() < 0.4),
                text=["A headline"] * (source.random() < 0.1),
                score=round(source.random(), 3),
                sharpness=round(500 * source.random(), 2),
                brightness=round(source.random(), 3),
                motion=round(0.3 * source.random(), 3),
            )
        )
        start_ms, index = end_ms, index + 1
        if len(frames) == 50:
            batches.append(BatchAnalysis(frames, shots, 0.0))
            frames, shots = [], []
    return [*batches, BatchAnalysis(frames, shots, 0.0)] if frames else batches
