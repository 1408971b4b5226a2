"""The domain: what the stages hand to each other, as plain frozen dataclasses.

Times are integer milliseconds on the timeline of `processors.timeline`; spans are half open. Scores, probabilities and
confidences are 0..1 unless a comment says otherwise. `*_uri` of a blob is `blob:<sha256>`. Each class here that
travels on a topic has an Avro schema of the same shape in `schemas/`; a test keeps the two together.

The files are by theme (`facts`, `sound`, `pictures`, `content`, `results`); everybody imports from here.
"""

from __future__ import annotations

from processors.domain.content import ChunkContent, SentenceFacts
from processors.domain.facts import (
    MAX_BATCH_FRAMES,
    MAX_ITEMS,
    Count,
    ExtractionEnd,
    FrameCount,
    StreamFacts,
    VideoFacts,
)
from processors.domain.pictures import (
    BatchAnalysis,
    Face,
    FrameAnalysis,
    FrameBatch,
    FrameRef,
    Label,
    Shot,
)
from processors.domain.results import (
    Changes,
    Document,
    Engagement,
    Insight,
    PlatformFit,
    Reason,
    Scene,
    Segment,
    Speaker,
    Topic,
    Turn,
)
from processors.domain.sound import (
    MAX_SOUNDS,
    AudioChunk,
    ChunkTranscript,
    DroppedText,
    Emotion,
    Marker,
    Sound,
    Span,
    Utterance,
    VoiceFeatures,
    VoicePrint,
    Word,
)

__all__ = [
    "MAX_BATCH_FRAMES",
    "MAX_ITEMS",
    "MAX_SOUNDS",
    "AudioChunk",
    "BatchAnalysis",
    "Changes",
    "ChunkContent",
    "ChunkTranscript",
    "Count",
    "Document",
    "DroppedText",
    "Emotion",
    "Engagement",
    "ExtractionEnd",
    "Face",
    "FrameAnalysis",
    "FrameBatch",
    "FrameCount",
    "FrameRef",
    "Insight",
    "Label",
    "Marker",
    "PlatformFit",
    "Reason",
    "Scene",
    "Segment",
    "SentenceFacts",
    "Shot",
    "Sound",
    "Span",
    "Speaker",
    "StreamFacts",
    "Topic",
    "Turn",
    "Utterance",
    "VideoFacts",
    "VoiceFeatures",
    "VoicePrint",
    "Word",
]
