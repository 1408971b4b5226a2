"""Version of each stage's algorithm: part of the result cache's key, raised whenever a stage's output may change."""

from __future__ import annotations

from typing import Final

PROMPT_VERSION: Final = "frames-1"  # of what a vision model is asked; see processors.vision.hosted_prompt
MOMENTS_VERSION: Final = "moments-1"  # of what it is asked about the best moments; see processors.enrichment.prompt
CLIPS_VERSION: Final = "clips-1"  # of what a language model is asked about clips; see processors.enrichment.copy_prompt

ALGORITHM_VERSIONS: Final = {
    "audio-extractor": 2,
    "frame-extractor": 7,
    "metadata": 1,
    "transcriber": 3,
    "vision": 4,
    "content": 1,
    "segmenter": 10,
    "enricher": 2,
}
