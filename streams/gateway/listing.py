"""Pages of videos: filter, order, and a cursor that holds the place of the last one; pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import orjson

from streams.gateway.problems import Problem
from streams.gateway.videos import Video

Order = Literal["newest", "oldest", "updated"]
_Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Some videos.

    Attributes:
        videos: in order.
        next: cursor of the next page; None on the last.
        total: that match.
    """

    videos: list[Video]
    next: str | None
    total: int


def page(videos: Iterable[Video], statuses: set[str], text: str, order: Order, limit: int, cursor: str | None) -> Page:
    """One page.

    Args:
        videos: all.
        statuses: wanted; all when empty.
        text: part of title, source or id, in any case; all when empty.
        order: what comes first.
        limit: videos on a page, >= 1.
        cursor: of the page before.

    Raises:
        Problem: the cursor is none of this order.
    """
    wanted = text.casefold()
    found = [
        video
        for video in videos
        if (not statuses or video.status in statuses) and (not wanted or wanted in video.words())
    ]
    found.sort(key=lambda video: _place(video, order), reverse=order != "oldest")
    after = None if cursor is None else _read(cursor, order)
    rest = found
    if after is not None:
        rest = [
            video
            for video in found
            if (_place(video, order) > after if order == "oldest" else _place(video, order) < after)
        ]
    shown = rest[:limit]
    return Page(shown, _write(shown[-1], order) if len(rest) > limit else None, len(found))


def _place(video: Video, order: Order) -> _Place:
    return (video.updated_at_ms if order == "updated" else video.submitted_at_ms, video.video_id)


def _write(video: Video, order: Order) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([order, *_place(video, order)])).rstrip(b"=").decode()


def _read(cursor: str, order: Order) -> _Place:
    try:
        kind, at, video_id = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error, UnicodeEncodeError):
        kind, at, video_id = None, None, None
    if kind != order or not isinstance(at, int) or not isinstance(video_id, str):
        raise Problem(400, "This is no cursor of this list.", "Take `next` of the page before, with the same order.")
    return at, video_id


__all__ = ["Page", "page"]
