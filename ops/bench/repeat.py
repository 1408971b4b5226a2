"""A medium several times in a row, as it was encoded: long files at no cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from processors.media.container import open_container


def repeated(path: Path, source: Path, times: int, kinds: Sequence[str] = ("video", "audio")) -> Path:
    """Write the streams of some kinds to a new file, again and again.

    Args:
        path: of the new file; its suffix decides the container.
        source: medium whose streams begin at about zero.
        times: >= 1.
        kinds: types of streams that are kept.

    Returns:
        `path`.
    """
    with av.open(str(path), "w") as output:
        tracks: dict[int, av.VideoStream | av.AudioStream] = {}
        for turn in range(times):
            with open_container(source) as media:
                if not tracks:
                    chosen = [stream for stream in media.streams if stream.type in kinds]
                    tracks = {stream.index: output.add_stream_from_template(stream) for stream in chosen}
                # streams begin before zero
                length_s = Fraction(media.duration or 0, av.time_base) + Fraction(1, 10)
                for packet in media.demux():
                    if packet.dts is not None and packet.pts is not None and packet.stream.index in tracks:
                        shift = int(turn * length_s / packet.time_base)
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = tracks[packet.stream.index]
                        output.mux(packet)
    return path


__all__ = ["repeated"]
