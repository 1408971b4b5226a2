"""Pictures of a video as cheaply as they can be had: packets in groups, and only the groups that matter decoded.

A group of packets begins at a key frame and ends before the next one. Its first picture costs one decoded packet; the
rest is decoded only when somebody asks. Groups of streams whose key frames say nothing are made to fit: where every
frame is a key frame (MJPEG, ProRes) a group spans `MIN_GROUP_MS`, and where key frames are too far apart (screen
recordings, intra refresh) a group is cut at `MAX_GROUP_MS` and has to be decoded through.

Whole files were read with 2 cores at 640x360, h264: all pictures 0.65 s of CPU for 63 s of video, without those that
nothing refers to (B frames) 0.41 s, key frames only 0.03 s.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import av
from av.stream import Discard

from processors.cancelling import check_wanted
from processors.media.container import packets_of
from processors.media.limits import DEFAULTS, Limits
from processors.timeline import MS_PER_SECOND, RESET_S, pts_to_ms

Frame = Any  # av.VideoFrame; PyAV carries no types that mypy may follow here
Packet = Any  # av.Packet

# Key frames nearer than this join one group: the picture rate at which streams of key frames only are looked at.
MIN_GROUP_MS: Final = 500
# Encoders put key frames at most 10 s apart by default (x264: 250 frames); beyond that they say nothing of the content.
MAX_GROUP_MS: Final = 12_000
# Packets that are held while their group is open: 24 Mbit/s over 12 s, so 4K streams stay within it.
MAX_GROUP_BYTES: Final = 36_000_000
# The first picture of a shot takes about as much as a key frame where it is coded poorly, else a good part of one and
# many times what its neighbours take. What is decoded in vain costs time only.
_CUT_TO_KEY: Final = 0.5
_SOME_TO_KEY: Final = 0.3
_CUT_TO_MEDIAN: Final = 10
# Pictures that are coded alone take about as much as the key frame before them, also where that shows another shot.
_INTRA: Final = 0.5
# Decoders that pass over what needs other pictures when told so, and do not take it for damage.
_TELL_INTRA: Final = frozenset({"h264", "hevc"})
# It is also larger than all others this near by this factor. Of 13 cuts within groups of a film with much motion 12
# were, and 2 % of the other pictures; without this a third of the others were large.
_CUT_TO_NEAR: Final = 1.15
_NEAR: Final = 6
_TIMES_KEPT: Final = 4096  # more than a group of 12 s has at 240 pictures per second
# A demuxer that reports more errors than this without a packet in between will not find its way back.
_MAX_DEMUX_ERRORS: Final = 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, as stored: not yet upright, in whatever pixel format."""

    pts_ms: int
    frame: Frame
    key: bool  # a key frame: decodable alone, and where encoders that look for cuts put them


@dataclass(slots=True)
class PacketGroup:
    """Packets of one key frame and what follows it, in decoding order."""

    start_ms: int
    keyed: bool  # begins with a key frame; else it goes on where the group before was cut
    closed: bool = True  # ends before a key frame or at the end of the stream, so it can be decoded alone
    packets: list[Packet] = field(default_factory=list)
    # The next group's key frame, and pictures of this group that were stored behind it (open groups of pictures).
    tail: list[Packet] = field(default_factory=list)
    tail_ms: list[int] = field(default_factory=list)  # of `tail` without the key frame
    second: Packet | None = None  # what follows that key frame in its own group
    times_ms: list[int] = field(default_factory=list)  # of `packets`
    size_bytes: int = 0
    key_bytes: int = 0  # size of the last key frame until here

    @property
    def large(self) -> list[int]:
        """Which packets may be the first picture of a shot although they are no key frames, by number."""
        return self.larger_by(_CUT_TO_NEAR)

    def larger_by(self, factor: float) -> list[int]:
        """Those of `large` that are larger than all others nearby by this factor."""
        sizes: list[int] = [0 if packet.is_keyframe else packet.size for packet in self.packets]
        others = [size for size in sizes if size]
        if not others:
            return []
        median = statistics.median(others)
        least = min(_CUT_TO_KEY * self.key_bytes, max(_SOME_TO_KEY * self.key_bytes, _CUT_TO_MEDIAN * median))
        return [
            number
            for number, size in enumerate(sizes)
            if size and size >= least and size >= factor * max(_beside(sizes, number), default=0)
        ]

    @property
    def at_large(self) -> frozenset[int]:
        """Those, and what is stored behind each and shown before it: B frames, with which its shot may begin."""
        found = set()
        for first in self.large:
            found.add(first)
            for number in range(first + 1, len(self.packets)):
                if self.times_ms[number] > self.times_ms[first]:
                    break
                found.add(number)
        return frozenset(found)


class VideoReader:
    """Reads one video stream group by group. Not thread safe; one pass only.

    Args:
        container: an open PyAV container.
        stream: the video stream to read.
        zero_s: the container's zero in seconds, see `processors.timeline`.
        threads: decoder threads, >= 1.
        limits: `groups` raises `InvalidMedia` where the video goes on beyond the limit of time.
    """

    def __init__(self, container: Any, stream: Any, zero_s: Fraction, threads: int, limits: Limits = DEFAULTS) -> None:
        self._limits = limits
        # exact fractions are slow, and each time is asked for by its packet, the packet before and its picture
        self._ms = lru_cache(_TIMES_KEPT)(lambda pts: pts_to_ms(pts, stream.time_base, zero_s))
        self._container = container
        self._stream = stream
        self._context = stream.codec_context
        self._context.thread_count = threads
        self._context.thread_type = "AUTO"
        self._spare: Any = None
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all  # the demuxer then skips their data
        self.end_ms = 0  # end of the last picture that a packet announced
        self.errors = 0  # packets that could not be read or decoded
        self.damaged = 0  # pictures that the decoder patched up; they are dropped
        self.gone_back = 0  # packets whose time was there before; what they show is dropped
        self.resets_ms: list[int] = []  # where the time stamps began anew, and the time went on
        self._shift = 0  # from time stamps of the file to those that go on, in units of the stream
        self._newest_ms = -1
        self._behind = False
        self.decoded = 0  # pictures decoded, for measuring

    def groups(self) -> Iterator[PacketGroup]:
        """Groups of packets in time order. Holds at most two groups of `MAX_GROUP_BYTES`."""
        waiting: PacketGroup | None = None  # complete but for pictures stored behind the next key frame
        group: PacketGroup | None = None
        key_bytes = 0
        for packet, ms in self._packets():
            if packet.is_keyframe:
                key_bytes = packet.size
            if group is None:
                group = PacketGroup(ms, keyed=packet.is_keyframe, key_bytes=key_bytes)
            elif packet.is_keyframe and ms - group.start_ms >= MIN_GROUP_MS:
                if waiting is not None:
                    yield waiting
                waiting, group = group, PacketGroup(ms, keyed=True, key_bytes=key_bytes)
                waiting.tail.append(packet)
            elif ms - group.start_ms >= MAX_GROUP_MS or group.size_bytes >= MAX_GROUP_BYTES:
                if waiting is not None:
                    yield waiting
                    waiting = None
                group.closed = False
                yield group
                group = PacketGroup(ms, keyed=False, key_bytes=key_bytes)
            elif waiting is not None and not packet.is_keyframe:
                if ms < group.start_ms:
                    waiting.tail.append(packet)  # leads the key frame: of no use to its own group
                    waiting.tail_ms.append(ms)
                    continue
                waiting.second = packet
                yield waiting
                waiting = None
            group.packets.append(packet)
            group.times_ms.append(ms)
            group.size_bytes += packet.size
        if waiting is not None:
            yield waiting
        if group is not None:
            yield group

    def head(self, group: PacketGroup) -> list[Picture]:
        """The first picture of a keyed group and, for judging motion, one shortly after; empty when undecodable."""
        return self._alone(group.packets[:2], group.start_ms)

    def next_head(self, group: PacketGroup) -> list[Picture]:
        """The head of the group that follows a closed one; empty at the end of the stream or when undecodable."""
        return self._alone([*group.tail[:1], *([group.second] if group.second else [])], 0)

    def intra(self, group: PacketGroup) -> list[Picture]:
        """Pictures within a group that are coded without any others although they are no key frames.

        Encoders that must not put key frames too near to each other (x264: 25 pictures) begin shots with such ones.
        What else the group holds is not decoded.
        """
        if self._context.name not in _TELL_INTRA:
            return []
        large = [group.packets[number] for number in group.large]
        likely = [packet for packet in large if packet.size >= _INTRA * group.key_bytes]
        before = self.errors, self.damaged
        found = self._alone(likely, group.start_ms + 1, skip="NONINTRA")
        self.errors, self.damaged = before  # what needs others is no damage
        return found

    def pictures(self, group: PacketGroup, *, every: bool) -> Iterator[Picture]:
        """All pictures of a group in time order, then for a closed one the next group's key frame.

        Groups must be decoded in order after one that is not closed.

        Args:
            group: from `groups`.
            every: also pictures that nothing refers to; without them decoding is about twice as fast. In groups that
                are not closed, which cannot be decoded `again`, all pictures around large packets come anyway.
        """
        if group.keyed:
            self._context.flush_buffers()
        yield from _rising(self._through(group, every=every))
        if group.closed:
            self._context.flush_buffers()

    def again(self, group: PacketGroup, until_ms: int) -> Iterator[Picture]:
        """All pictures of a keyed group once more, from its start to `until_ms`, with a decoder of its own.

        May be used while `pictures` is under way.
        """
        if self._spare is None:
            self._spare = av.CodecContext.create(self._context.name, "r")
            self._spare.options = self._context.options
            self._spare.extradata = self._context.extradata
            self._spare.thread_count = self._context.thread_count
        self._spare.flush_buffers()
        packets = (*group.packets, *group.tail, None)
        decoded = (picture for packet in packets for picture in self._decode(packet, group.start_ms, self._spare))
        for picture in _rising(decoded):
            yield picture
            if picture.pts_ms >= until_ms:
                return

    def _through(self, group: PacketGroup, *, every: bool) -> Iterator[Picture]:
        floor_ms = group.start_ms if group.keyed else 0
        whole = frozenset[int]() if every else group.at_large
        for number, packet in enumerate((*group.packets, *group.tail, *((None,) if group.closed else ()))):
            self._context.skip_frame = "DEFAULT" if every or number in whole else "NONREF"
            yield from self._decode(packet, floor_ms)

    def _alone(self, packets: list[Packet], floor_ms: int, skip: str = "DEFAULT") -> list[Picture]:
        if not packets:
            return []
        self._context.flush_buffers()
        self._context.skip_frame = skip
        pictures = [picture for packet in (*packets, None) for picture in self._decode(packet, floor_ms)]
        self._context.flush_buffers()
        return pictures

    def _decode(self, packet: Packet | None, floor_ms: int, context: Any = None) -> list[Picture]:
        try:
            frames = (context or self._context).decode(packet)
        except av.error.EOFError:
            return []
        except MemoryError:  # one of FFmpegError as well, but not the file's fault
            raise
        except av.FFmpegError:
            self.errors += 1
            return []
        pictures = []
        for frame in frames:
            if frame.is_corrupt:
                self.damaged += 1
            elif frame.pts is not None and (ms := self._ms(frame.pts)) >= floor_ms:
                pictures.append(Picture(ms, frame, bool(frame.key_frame)))
        self.decoded += len(frames)
        return pictures

    def _packets(self) -> Iterator[tuple[Packet, int]]:
        failures = 0
        while failures <= _MAX_DEMUX_ERRORS:
            try:
                for packet in packets_of(self._container, self._stream):
                    check_wanted()
                    if (packet.pts is None and packet.dts is None) or not packet.size:
                        continue
                    failures = 0
                    yield packet, self._timed(packet)
                return
            except MemoryError:
                raise
            except av.FFmpegError:
                failures += 1
                self.errors += 1

    def _timed(self, packet: Packet) -> int:
        """Set a packet's time right, and return it in milliseconds."""
        packet.pts = (packet.pts if packet.pts is not None else packet.dts) + self._shift
        ms = self._ms(packet.pts)
        # pictures wait for each other only behind a key frame, so one that comes before others went back
        self._behind = ms < self._newest_ms and (self._behind or packet.is_keyframe)
        if packet.is_keyframe and ms < self._newest_ms - RESET_S * MS_PER_SECOND:
            self.resets_ms.append(self.end_ms)
            step = round(Fraction(self.end_ms - ms, MS_PER_SECOND) / self._stream.time_base)
            self._shift, packet.pts = self._shift + step, packet.pts + step
            ms, self._behind = self._ms(packet.pts), False
        self.gone_back += self._behind
        self._limits.check_length(ms)
        self._newest_ms = max(self._newest_ms, ms)
        self.end_ms = max(self.end_ms, self._ms(packet.pts + (packet.duration or 0)), ms + 1)
        return ms

    @property
    def aspect(self) -> Fraction:
        """Width of a stored pixel by its height; 1 when the stream does not say or says nonsense."""
        aspect = self._stream.sample_aspect_ratio
        return aspect if aspect and Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def _beside(sizes: Sequence[int], number: int) -> Sequence[int]:
    return [*sizes[max(0, number - _NEAR) : number], *sizes[number + 1 : number + 1 + _NEAR]]


def _rising(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """Without those whose time does not rise: damaged time stamps, and several pictures before zero."""
    last_ms = -1
    for picture in pictures:
        if picture.pts_ms > last_ms:
            last_ms = picture.pts_ms
            yield picture


__all__ = ["MAX_GROUP_BYTES", "MAX_GROUP_MS", "MIN_GROUP_MS", "PacketGroup", "Picture", "VideoReader"]
