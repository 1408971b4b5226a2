"""The naive pipeline: what a script of an afternoon does. The baseline of `clipstream bench pipeline`.

The whole file through faster-whisper with its defaults, then OpenCV reading every frame and analysing one a second,
one after the other. Same models and same analysis of a picture as clipstream. Models are loaded before the clock
starts. Prints one JSON line: seconds in all and by part, utterances with their words, pictures as they were analysed.

    python -m ops.bench.naive VIDEO MODEL CACHE_DIR
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import cv2
from faster_whisper import WhisperModel

from ops.bench.baseline import READY
from processors.blobs import BlobStore
from processors.domain import FrameAnalysis, FrameBatch, FrameRef
from processors.models.store import ModelStore
from processors.options import Options
from processors.tools import Tools
from processors.vision.analyse import analyse_batch, warm_up

ANALYSED_EACH_S: Final = 1.0


def main(video: Path, model_name: str, cache_dir: Path) -> None:
    """Run the baseline.

    Args:
        video: local file.
        model_name: of the recogniser in the manifest.
        cache_dir: user cache with the models.
    """
    models = ModelStore(None, cache_dir, allow_download=False)
    model = WhisperModel(str(models.path(model_name)), local_files_only=True)
    with tempfile.TemporaryDirectory() as folder:
        # all cores, as a script would have by the libraries' defaults
        tools = Tools(BlobStore(folder), models, cv2.getNumberOfCPUs(), model_name, Path(folder))
        warm_up(tools)
        print(READY, flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        utterances = _transcribe(model, video)
        heard = time.perf_counter()
        pictures = _look(video, tools)
        ended = time.perf_counter()
    print(
        json.dumps(
            {
                "seconds": ended - started,
                "asr_seconds": heard - started,
                "vision_seconds": ended - heard,
                "utterances": utterances,
                "pictures": [asdict(picture) for picture in pictures],
            }
        )
    )


def _transcribe(model: WhisperModel, video: Path) -> list[dict[str, Any]]:
    try:
        segments, info = model.transcribe(str(video), word_timestamps=True)
        return [
            {
                "language": info.language,
                "avg_logprob": segment.avg_logprob,
                "no_speech_probability": segment.no_speech_prob,
                "words": [
                    {
                        "start_ms": round(word.start * 1000),
                        "end_ms": round(word.end * 1000),
                        "text": word.word.strip(),
                        "probability": word.probability,
                    }
                    for word in segment.words or []
                ],
            }
            for segment in segments
        ]
    except IndexError:
        return []  # faster-whisper on a file without an audio track


def _look(video: Path, tools: Tools) -> list[FrameAnalysis]:
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS) or 25.0
    step = max(1, round(rate * ANALYSED_EACH_S))
    number = 0
    seen: list[FrameAnalysis] = []
    try:
        while True:
            found, image = capture.read()
            if not found:
                return seen
            if number % step == 0:
                encoded, content = cv2.imencode(".jpg", image)
                assert encoded
                uri = tools.blobs.put(content.tobytes())
                height, width = image.shape[:2]
                frame = FrameRef(uri, round(number * 1000 / rate), 0, width, height, 0.0, 0.0)
                seen += analyse_batch(FrameBatch([frame], []), Options(), tools).frames
            number += 1
    finally:
        capture.release()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
