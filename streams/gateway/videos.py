"""What the gateway knows of each video, folded from the records of three topics; pure, in any order of the topics.

The newest results are kept as their bytes, packed: the video with the most of them has 60 kB, most have 5.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.messages import Progress, Segments, VideoIngested
from streams import codec, topics
from streams.client import TERMINAL
from streams.progress import VideoProgress
from streams.secrets import published
from streams.sources import name_of

QUEUED: Final = "queued"
RUNNING: Final = "running"
STATUSES: Final = (QUEUED, RUNNING, "provisional", *sorted(TERMINAL))
_TENTH: Final = 10
_FORGOTTEN: Final = 10  # for each video that is held, of 200 bytes, and 200 more with a callback or a key
_LEVEL: Final = 1  # of zlib: a third more bytes than the best, at a tenth of the time
Order = tuple[int, int, bool]
At = tuple[int, int]  # index of a partition, offset
_NONE: Final[Order] = (-1, -1, False)
_PLAIN: Final = ((0, None),)  # most videos: one request, no callback


@dataclass(slots=True)
class Video:
    """One video.

    Attributes:
        requests: by generation, the first of each that was read: repeats change nothing.
        requested_at: where each of them is.
        result_at: where the newest result is.
        submitted_at_ms: when the first one was written.
        order: of the newest result.
        status_told: status, title and the like of that result; None without one.
        packed: its record.
    """

    video_id: str
    progress: VideoProgress
    requests: dict[int, VideoIngested] = field(default_factory=dict)
    requested_at: dict[int, At] = field(default_factory=dict)
    result_at: At = (-1, -1)
    submitted_at_ms: int = 0
    updated_at_ms: int = 0
    order: Order = _NONE
    status_told: dict[str, Any] | None = None
    packed: bytes = b""
    keys: dict[str, int] = field(default_factory=dict)  # of idempotency, that it was first under: of which generation
    searched: str | None = None  # `words`, until something new is known

    @property
    def generation(self) -> int:
        """The newest one that anything is known of."""
        return max(self.progress.generation, self.order[0], *self.requests)

    @property
    def request(self) -> VideoIngested | None:
        """The newest request."""
        return self.requests[max(self.requests)] if self.requests else None

    @property
    def status(self) -> str:
        """Of the newest generation."""
        if self.status_told is None or self.order[0] < self.generation:
            return RUNNING if self.progress.stages and self.progress.generation == self.generation else QUEUED
        return str(self.status_told["status"])

    @property
    def through(self) -> bool:
        """Whether the newest generation has its last word."""
        return self.status in TERMINAL

    def result(self) -> Segments | None:
        """The newest result."""
        return codec.decode(topics.SEGMENTS, zlib.decompress(self.packed)) if self.packed else None

    def forget(self, until: int) -> None:
        """Know nothing more of generations up to one that is not the newest."""
        for generation in [number for number in self.requests if number <= until]:
            del self.requests[generation], self.requested_at[generation]
        if self.order[0] <= until:
            self.result_at, self.order, self.status_told, self.packed = (-1, -1), _NONE, None, b""
        if self.progress.generation <= until:
            self.progress = VideoProgress(self.video_id)
        self.searched = None

    def title(self) -> str:
        """The result's, else the request's, else the name of the source."""
        if self.status_told is not None and self.status_told["title"]:
            return str(self.status_told["title"])
        request = self.request
        if request is None:
            return ""
        return request.options.metadata.get("title") or name_of(request.uri)

    def words(self) -> str:
        """What a search looks in: id, titles, source and its name."""
        if self.searched is None:  # a list of 10,000 asks each
            self.searched = self._words()
        return self.searched

    def _words(self) -> str:
        request = self.request
        of_request = () if request is None else (request.options.metadata.get("title", ""), name_of(request.uri))
        return "\n".join((self.video_id, self.title(), self.uri() or "", *of_request)).casefold()

    def uri(self) -> str | None:
        """The source, without what may be a secret in it."""
        return None if self.request is None else str(published({"uri": self.request.uri})["uri"])

    def stages(self) -> dict[str, Any]:
        """Progress of each stage."""
        return {
            name: {
                "done": stage.done,
                "total": stage.total,
                "fraction": round(self.progress.fraction(name), 3),
                "position_ms": stage.position_ms,
                "failed": stage.failed,
            }
            for name, stage in sorted(self.progress.stages.items())
        }

    def done(self) -> float:
        """How much of the work is done, 0..1."""
        return 1.0 if self.through else round(self.progress.overall, 3)


@dataclass(slots=True)
class _Gone:
    """What is kept of a video that is no longer held.

    Attributes:
        order: of its last result. Of its generation, and of those before it, nobody takes anything more.
        asked: generations that were asked for, with the callback of each.
        keys: of idempotency, that it was first under, each with its generation.
    """

    order: Order
    status: str
    asked: tuple[tuple[int, str | None], ...]
    keys: tuple[tuple[str, int], ...]


class Videos:
    """All videos, at most so many: of more than that the oldest that are through are forgotten, a tenth at a time.

    What is not through is never forgotten, since its result has somewhere to go: more are held where more are under
    way, and while a start has read the requests and not yet the results.

    One at a time took a look at all of them for each record, 1.9 ms of 10,000: three minutes of a start with 100,000.

    Args:
        most: how many, >= 1.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, Video] = {}
        self._keys: dict[str, tuple[str, str | None]] = {}  # idempotency -> the video that was first, what was asked
        self._batches: dict[str, list[str]] = {}
        self._through: dict[str, None] = {}  # of those that are held, as they came
        self._forgotten: dict[str, _Gone] = {}  # in the order in which they were; one may be held again

    def __len__(self) -> int:
        return len(self._held)

    def get(self, video_id: str) -> Video | None:
        """One video."""
        return self._held.get(video_id)

    def all(self) -> Iterator[Video]:
        """Every video, in no order."""
        return iter(self._held.values())

    def first_of(self, idempotency: str) -> tuple[Video, str | None] | None:
        """The video that was submitted first under an idempotency key, and the digest of what was asked then.

        Of one that is no longer held there is no more than how it ended.
        """
        video_id, asked = self._keys.get(idempotency, ("", None))
        video, gone = self._held.get(video_id), self._forgotten.get(video_id)
        if video is None and gone is not None:
            video = Video(video_id, VideoProgress(video_id), order=gone.order)
            video.status_told = {"status": gone.status, "title": ""}
        return None if video is None else (video, asked)

    def batch(self, batch_id: str) -> list[str]:
        """Videos that were submitted for a batch."""
        return self._batches.get(batch_id, [])

    def submitted(self, video_id: str, request: VideoIngested, at_ms: int, at: At) -> bool:
        """Take a request; whether it is a new one."""
        gone = None if video_id in self._held else self._forgotten.get(video_id)
        if gone is not None and request.generation <= gone.order[0]:  # its result was read first
            gone.asked = _asked(dict(gone.asked), {request.generation: request})
            if self._first_under(request, video_id):
                gone.keys = (*gone.keys, (str(request.idempotency), request.generation))
            return False
        video = self._video(video_id, at_ms)
        if not video.submitted_at_ms:
            video.submitted_at_ms = at_ms
        video.searched = None
        known = request.generation in video.requests
        video.requests.setdefault(request.generation, request)
        video.requested_at.setdefault(request.generation, at)
        video.updated_at_ms = max(video.updated_at_ms, at_ms)
        if self._first_under(request, video_id):
            video.keys[str(request.idempotency)] = request.generation
        self._join_batch(video_id, request)
        self._sort_in(video)
        return not known

    def _join_batch(self, video_id: str, request: VideoIngested) -> None:
        if request.batch_id is not None and video_id not in self._batches.setdefault(request.batch_id, []):
            self._batches[request.batch_id].append(video_id)

    def _first_under(self, request: VideoIngested, video_id: str) -> bool:
        """Whether a request has an idempotency key, and is the first that has it."""
        if request.idempotency is None or request.idempotency in self._keys:
            return False
        self._keys[request.idempotency] = (video_id, request.body_digest)
        return True

    def went_on(self, record: Progress) -> bool:
        """Take progress; whether it is of the newest generation."""
        if record.generation <= self.forgotten(record.video_id):
            return False
        video = self._video(record.video_id, record.at_ms)
        if record.generation < video.generation:
            return False
        video.progress.update(record)
        video.updated_at_ms = max(video.updated_at_ms, record.at_ms)
        self._sort_in(video)
        return True

    def came(self, result: Segments, raw: bytes, at: At) -> bool:
        """Take a result; whether it is newer than what was known."""
        gone = self._forgotten.get(result.video_id)
        if gone is not None and result.order <= gone.order:
            return False
        video = self._video(result.video_id, result.run.finished_at_ms)
        if result.order <= video.order:
            return False
        video.result_at, video.searched = at, None
        video.order, video.packed = result.order, zlib.compress(raw, _LEVEL)
        video.status_told = told(result)
        video.updated_at_ms = max(video.updated_at_ms, result.run.finished_at_ms)
        if result.status in TERMINAL:
            video.progress.finish(result.generation, result.run.stages)
        self._sort_in(video)
        if len(self._held) > self._most:
            self._forget_some()
        return True

    def _sort_in(self, video: Video) -> None:
        if video.through:
            self._through[video.video_id] = None
        else:
            self._through.pop(video.video_id, None)

    def _video(self, video_id: str, at_ms: int) -> Video:
        found = self._held.get(video_id)
        if found is None:
            if len(self._held) >= self._most:
                self._forget_some()
            found = self._held[video_id] = Video(video_id, VideoProgress(video_id), updated_at_ms=at_ms)
        return found

    def forgotten(self, video_id: str) -> int:
        """The newest generation of a video that is no longer held; -1 for none that is known."""
        gone = None if video_id in self._held else self._forgotten.get(video_id)
        return -1 if gone is None else gone.order[0]

    def callback_url(self, video_id: str, generation: int) -> str | None:
        """Where the results of a generation are to be sent; None where nobody asked for that.

        Raises:
            LookupError: its request is not known, or no longer.
        """
        video, gone = self._held.get(video_id), self._forgotten.get(video_id)
        if video is not None and generation in video.requests:
            return video.requests[generation].options.callback_url
        return dict(() if gone is None else gone.asked)[generation]

    def _forget_some(self) -> None:
        some = max(1, self._most // _TENTH)
        if len(self._through) < some:
            return
        oldest = heapq.nsmallest(some, map(self._held.__getitem__, self._through), lambda one: one.updated_at_ms)
        for video in oldest:
            self._drop(video)
            before = self._forgotten.pop(video.video_id, None) or _Gone(_NONE, "", (), ())
            asked, keys = _asked(dict(before.asked), video.requests), (*before.keys, *video.keys.items())
            self._forgotten[video.video_id] = _Gone(video.order, video.status, asked, keys)
        for video_id in list(self._forgotten)[: -self._most * _FORGOTTEN]:
            self._keys_after(self._forgotten.pop(video_id).keys, None)

    def forget(self, video_id: str, until: int) -> None:
        """Know nothing more of a video's generations up to one."""
        if (gone := self._forgotten.get(video_id)) is not None:  # its order stays: nobody takes these again
            gone.asked = tuple(one for one in gone.asked if one[0] > until)
            gone.keys = self._keys_after(gone.keys, until)
        if (video := self._held.get(video_id)) is None:
            return
        video.keys = dict(self._keys_after(video.keys.items(), until))
        if video.generation <= until:
            self._drop(video)
            return
        before = list(video.requests.values())
        video.forget(until)
        self._leave_batches(video_id, before)
        for request in video.requests.values():
            self._join_batch(video_id, request)
        self._sort_in(video)

    def _keys_after(self, keys: Iterable[tuple[str, int]], until: int | None) -> tuple[tuple[str, int], ...]:
        """Forget keys of generations up to one, or all; the others."""
        kept = []
        for key, generation in keys:
            if until is None or generation <= until:
                del self._keys[key]
            else:
                kept.append((key, generation))
        return tuple(kept)

    def _drop(self, video: Video) -> None:
        del self._held[video.video_id]
        self._through.pop(video.video_id, None)
        self._leave_batches(video.video_id, video.requests.values())

    def _leave_batches(self, video_id: str, requests: Iterable[VideoIngested]) -> None:
        for request in requests:
            if request.batch_id is not None and video_id in (videos := self._batches.get(request.batch_id, [])):
                videos.remove(video_id)
                if not videos:
                    del self._batches[request.batch_id]


def _asked(known: dict[int, str | None], requests: dict[int, VideoIngested]) -> tuple[tuple[int, str | None], ...]:
    found = tuple(({number: one.options.callback_url for number, one in requests.items()} | known).items())
    return _PLAIN if found == _PLAIN else found


def told(result: Segments) -> dict[str, Any]:
    """What an event says of a result, and a list of videos."""
    changes = result.changes
    return {
        "video_id": result.video_id,
        "generation": result.generation,
        "revision": result.revision,
        "enriched": result.enriched,
        "status": result.status,
        "error": result.error,
        "title": result.title,
        "duration_ms": result.duration_ms,
        "until_ms": result.until_ms,
        "confidence": result.confidence,
        "segments": len(result.segments),
        "missing": result.missing,
        "changes": None
        if changes is None
        else {"added": changes.added, "removed": changes.removed, "moved": changes.moved},
        "finished_at_ms": result.run.finished_at_ms,
    }


__all__ = ["QUEUED", "RUNNING", "STATUSES", "Order", "Video", "Videos", "told"]
