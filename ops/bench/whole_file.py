"""Whole files through faster-whisper with its defaults: the baseline of `clipstream bench asr`.

Reads one path a line and answers with one JSON line: seconds, processor seconds, text, language, segments. The model is
loaded and has heard the first path before `READY` is printed.

    python -m ops.bench.whole_file MODEL CACHE_DIR COMPUTE_TYPE WARM_UP
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from faster_whisper import WhisperModel

from ops.bench.baseline import READY
from processors.models.store import ModelStore


def main(model_name: str, cache_dir: Path, compute_type: str, warm_up: Path) -> None:
    """Run the baseline until standard input ends.

    Args:
        model_name: of the recogniser in the manifest.
        cache_dir: user cache with the models.
        compute_type: "default", which is 32-bit floats on a processor, or "int8".
        warm_up: file that is heard before the clock starts.
    """
    folder = ModelStore(None, cache_dir, allow_download=False).path(model_name)
    model = WhisperModel(str(folder), compute_type=compute_type, local_files_only=True)
    _hear(model, str(warm_up))
    print(READY, flush=True)
    for line in sys.stdin:
        print(json.dumps(_hear(model, line.strip())), flush=True)


def _hear(model: WhisperModel, path: str) -> dict[str, Any]:
    started, used = time.perf_counter(), time.process_time()
    segments, info = model.transcribe(path)
    heard = [[segment.start, segment.end, segment.text.strip()] for segment in segments]
    return {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - used,
        "text": " ".join(text for _, _, text in heard),
        "language": info.language,
        "segments": heard,
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
