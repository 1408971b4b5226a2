"""Version of each stage's algorithm: part of the result cache's key, raised whenever a stage's output may change."""

from __future__ import annotations

from typing import Final

ALGORITHM_VERSIONS: Final = {
    "audio-extractor": 2,
    "frame-extractor": 1,
    "metadata": 1,
    "transcriber": 3,
    "vision": 1,
    "segmenter": 3,
}
