"""Version of each stage's algorithm: part of the result cache's key, raised whenever a stage's output may change."""

from __future__ import annotations

from typing import Final

PROMPT_VERSION: Final = "frames-1"  # of what a vision model is asked; see processors.vision.hosted_prompt

ALGORITHM_VERSIONS: Final = {
    "audio-extractor": 2,
    "frame-extractor": 4,
    "metadata": 1,
    "transcriber": 3,
    "vision": 3,
    "segmenter": 4,
}
