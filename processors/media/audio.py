"""The sound of a media file as one continuous 16 kHz mono stream on the timeline, decoded block by block.

Blocks follow each other without a hole from t = 0: silence stands where the stream has no samples (it starts after the
picture, packets are lost or damaged), samples that overlap in time are dropped. So the position in the stream is the
time, and nothing downstream needs timestamps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.stream import Discard, Stream
from numpy.typing import NDArray

from processors.cancelling import check_wanted
from processors.media.container import Container, open_container, packets_of, pick_streams, zero_of
from processors.media.limits import DEFAULTS, Limits
from processors.media.offset import OffsetRemoval
from processors.timeline import RESET_S, samples_to_ms

SAMPLE_RATE: Final = 16_000  # Hz, what Whisper and the voice activity network take
BLOCK_SAMPLES: Final = SAMPLE_RATE  # 1 s: small against any buffer downstream, large against the cost of a call
# Timestamps in whole milliseconds (Matroska, FLV) jitter by 1 ms, and a sound card's clock drifts. 30 ms off is less
# than one frame of video; there the time is set right by silence or trimming.
_TOLERANCE_S: Final = Fraction(30, 1000)
# Farther behind the declared end than this is a broken timestamp, not a pause.
_BEYOND_END_S: Final = Fraction(60)
# Sound that ends this much before its declared end is reported; encoders round by a frame or two, up to 50 ms.
_SHORT_MS: Final = 500
# Parts of the channels in the mono sound: speech is in the centre, effects are at the sides and behind, and the bass
# channel holds no speech. Divided by their sum, so that nothing clips.
_WEIGHTS: Final = {"FC": 1.0, "FL": 0.7, "FR": 0.7, "LFE": 0.0, "LFE2": 0.0}
_OTHER_WEIGHT: Final = 0.5
# A mix with this part or less (-13 dB) of the power that it would have of unlike channels has lost it: channels in
# opposite phase, as from a cable with two wires swapped. A voice in one channel alone keeps all of it, one in both has
# twice as much. One of 0.8 against -1 has 0.02; of 0.7 against -1, 0.06, which is quiet and whole.
_CANCELLED: Final = 0.05
# The mix is taken again above this. Between the two nothing changes: with one limit for both, a mix near it came and
# went with every block, at 20 dB less and more, and 7.5 % of the sample's words were wrong instead of none.
_NOT_CANCELLED: Final = 0.2
_LOUDER: Final = 4.0  # times the power: another channel is taken instead
_SILENT: Final = 1e-10  # power (-100 dB) by which nothing is decided
_CLOCK: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")

Samples = NDArray[np.float32]


@contextmanager
def open_audio(path: Path, language: str | None = None, limits: Limits = DEFAULTS) -> Iterator[AudioTrack | None]:
    """Open the sound of a media file.

    Args:
        path: a local file.
        language: ISO 639 code of the wanted sound track, or None; see `pick_streams`.
        limits: see `open_container`.

    Yields:
        The track, or None when the file has no sound that can be decoded.

    Raises:
        InvalidMedia: see `open_container`.
    """
    with open_container(path, limits) as container:
        audio, video = pick_streams(container, language)
        if audio is None:
            yield None
            return
        for stream in container.streams:
            if stream is not audio:
                stream.discard = Discard.all  # else the demuxer reads the whole picture from the disk for nothing
        yield AudioTrack(container, audio, zero_of(container, (audio, video)), limits)


def decode_audio(path: Path, language: str | None = None) -> Iterator[tuple[int, Samples]]:
    """The blocks of `AudioTrack.blocks` for a file; none when it has no sound.

    Raises:
        InvalidMedia: see `open_container`.
    """
    with open_audio(path, language) as track:
        if track is not None:
            yield from track.blocks()


class AudioTrack:
    """The chosen sound track of an open container; read once with `blocks`, after which all attributes are complete.

    Attributes:
        warnings: what was wrong although the track was read to its end, for users.
        declared_ms: end of the sound as the container states it, on the timeline, or None.
    """

    def __init__(self, container: Container, stream: Stream, zero_s: Fraction, limits: Limits) -> None:
        self._limits = limits
        self.warnings: list[str] = []
        self.declared_ms = _declared_end_ms(stream, zero_s)
        self._container, self._stream = container, stream
        self._shift_s = -zero_s  # from timestamps to the timeline
        self._position = 0  # samples on the timeline that are done
        self._damaged_packets = 0
        duration = container.duration
        self._latest_s = None if duration is None else Fraction(duration, av.time_base) + _BEYOND_END_S

    @property
    def end_ms(self) -> int:
        """End of the sound so far on the timeline."""
        return samples_to_ms(self._position, SAMPLE_RATE)

    def blocks(self) -> Iterator[tuple[int, Samples]]:
        """Decode.

        Yields:
            (start_ms, samples): contiguous from 0 ms; samples are float32 in -1..1, mono, 16 kHz, shape (n,) with
            n = `BLOCK_SAMPLES` except for the last block.

        Raises:
            InvalidMedia: it goes on beyond the limit of time.
        """
        pending: list[Samples] = []
        offset = OffsetRemoval()
        waiting = start = 0
        for piece in self._pieces():
            pending.append(piece)
            waiting += len(piece)
            self._limits.check_length(self.end_ms)
            while waiting >= BLOCK_SAMPLES:
                joined = np.concatenate(pending)
                yield samples_to_ms(start, SAMPLE_RATE), offset.apply(joined[:BLOCK_SAMPLES])
                start += BLOCK_SAMPLES
                pending, waiting = [joined[BLOCK_SAMPLES:]], waiting - BLOCK_SAMPLES
        if waiting:
            yield samples_to_ms(start, SAMPLE_RATE), offset.apply(np.concatenate(pending))
        if self._damaged_packets:
            self.warnings.append(f"{self._damaged_packets} damaged packets of sound were skipped")
        if self.declared_ms is not None and self.end_ms < self.declared_ms - _SHORT_MS:
            self.warnings.append(
                f"sound ends at {self.end_ms / 1000:.1f} s of {self.declared_ms / 1000:.1f} s declared"
            )

    def _pieces(self) -> Iterator[Samples]:
        run: _Run | None = None
        for frame in self._frames():
            at_s = None if frame.pts is None else frame.pts * frame.time_base + self._shift_s
            if run is None or not run.continues(frame, at_s):
                if run is not None:
                    yield from self._taken(run, None)
                start = self._start_of_run(at_s)
                while start > self._position:  # in pieces: a long gap must not become one array
                    silence = np.zeros(min(start - self._position, BLOCK_SAMPLES), dtype=np.float32)
                    self._position += len(silence)
                    yield silence
                run = _Run(frame, Fraction(start, SAMPLE_RATE), skip=self._position - start)
            yield from self._taken(run, frame)
        if run is not None:
            yield from self._taken(run, None)

    def _start_of_run(self, at_s: Fraction | None) -> int:
        """The sample on the timeline where frames from `at_s` on belong; before the present one when they overlap."""
        here_s = Fraction(self._position, SAMPLE_RATE)
        if at_s is None:
            return self._position
        if at_s < here_s - RESET_S or (self._latest_s is not None and at_s > self._latest_s):
            self.warnings.append(f"timestamps of the sound jump at {float(here_s):.1f} s; it is taken to go on there")
            self._shift_s += here_s - at_s
            return self._position
        return round(at_s * SAMPLE_RATE)

    def _taken(self, run: _Run, frame: Any) -> Iterator[Samples]:
        for piece in run.push(frame):
            self._position += len(piece)
            yield piece

    def _frames(self) -> Iterator[Any]:
        packets = packets_of(self._container, self._stream)
        while True:
            check_wanted()
            try:
                packet = next(packets, None)
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError) as error:
                self.warnings.append(f"the file cannot be read beyond {self.end_ms / 1000:.1f} s: {error}")
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError):
                self._damaged_packets += 1


class _Run:
    """Frames of one format without a jump in time: one resampler, and the clock that tells a jump.

    Args:
        frame: the first one.
        start_s: where it belongs on the timeline.
        skip: samples at 16 kHz to drop from the start, as the timeline has them already.
    """

    def __init__(self, frame: Any, start_s: Fraction, skip: int) -> None:
        self._start_s, self._skip = start_s, skip
        self._frames_samples = 0
        self._format = _format_of(frame)
        self._rate = int(frame.sample_rate)
        weights = [_WEIGHTS.get(channel.name, _OTHER_WEIGHT) for channel in frame.layout.channels]
        if not any(weights):
            weights = [1.0] * len(weights)
        self._weights = (np.array(weights) / sum(weights)).astype(np.float32)
        self._channel: int | None = None  # taken instead of the mix
        self._resampler = av.AudioResampler(
            format="fltp", layout=frame.layout, rate=SAMPLE_RATE, frame_size=BLOCK_SAMPLES
        )

    def continues(self, frame: Any, at_s: Fraction | None) -> bool:
        """Whether a frame at `at_s` on the timeline (None: unknown) goes on without a jump."""
        if _format_of(frame) != self._format:
            return False
        expected_s = self._start_s + Fraction(self._frames_samples, self._rate)
        return at_s is None or abs(at_s - expected_s) <= _TOLERANCE_S

    def push(self, frame: Any) -> Iterator[Samples]:
        """Take in a frame, or None at the end of the run; yields mono samples as they come out of the resampler."""
        if frame is not None:
            self._frames_samples += frame.samples
            frame.pts = None  # the resampler counts by itself; its own filling of gaps would be a second clock
        for resampled in self._resampler.resample(frame):
            mono = self._mix(resampled.to_ndarray())
            dropped = min(self._skip, len(mono))
            self._skip -= dropped
            if len(mono) > dropped:
                yield mono[dropped:]

    def _mix(self, channels: NDArray[np.float32]) -> Samples:
        if len(channels) == 1:
            return np.asarray(channels[0])
        mono = self._weights @ channels
        powers = np.mean(channels**2, axis=1) * (self._weights > 0)
        loudest = int(np.argmax(powers))
        if powers[loudest] > _SILENT:
            kept = float(np.mean(mono**2) / np.sum(self._weights**2 * powers))
            if kept > _NOT_CANCELLED:
                self._channel = None
            elif kept <= _CANCELLED and (self._channel is None or powers[loudest] > _LOUDER * powers[self._channel]):
                self._channel = loudest
        return np.asarray(mono if self._channel is None else channels[self._channel], dtype=np.float32)


def _format_of(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _declared_end_ms(stream: Stream, zero_s: Fraction) -> int | None:
    """End of a stream by its header: its duration field, or Matroska's tag."""
    if stream.duration is not None and stream.time_base:
        return round(((stream.start_time or 0) * stream.time_base + stream.duration * stream.time_base - zero_s) * 1000)
    match = _CLOCK.match(stream.metadata.get("DURATION", ""))
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), float(match[3])
    return round((hours * 3600 + minutes * 60 + seconds - float(zero_s)) * 1000)


__all__ = ["BLOCK_SAMPLES", "SAMPLE_RATE", "AudioTrack", "Samples", "decode_audio", "open_audio"]
