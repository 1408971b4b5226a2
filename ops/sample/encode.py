"""Write frames and sound as MP4: H.264 and AAC, index in front."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from ops.sample.canvas import HEIGHT_PX, WIDTH_PX
from ops.sample.speech import RATE_HZ, Samples
from ops.sample.storyboard import FPS

VIDEO_OPTIONS: Final = {"preset": "slow", "crf": "23", "tune": "animation", "threads": "1"}
"""Quality 23 keeps the file under 3 MB; one thread makes the result independent of the machine's core count."""
KEYFRAME_EVERY: Final = 125
"""Longest distance between key frames, in frames (5 s): players can jump, and cuts get key frames of their own."""
AUDIO_BITRATE: Final = 72_000


def write(path: Path, frames: Iterable[NDArray[np.uint8]], sound: Samples, title: str) -> None:
    """Encode ``frames`` (uint8 RGB, 360 x 640 x 3, 25 a second) with ``sound`` (mono float32, 48 kHz) to ``path``."""
    per_frame = RATE_HZ // FPS
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as output:
        output.metadata["title"] = title
        video = output.add_stream("libx264", rate=FPS, options=dict(VIDEO_OPTIONS))
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.codec_context.gop_size = KEYFRAME_EVERY
        audio = output.add_stream("aac", rate=RATE_HZ)
        audio.codec_context.layout = "mono"
        audio.codec_context.bit_rate = AUDIO_BITRATE
        for number, pixels in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            output.mux(video.encode(picture))
            piece = np.ascontiguousarray(sound[None, number * per_frame : (number + 1) * per_frame])
            block = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE_HZ, number * per_frame, Fraction(1, RATE_HZ)
            output.mux(audio.encode(block))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
