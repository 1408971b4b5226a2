"""At most so many pictures of a video, spent where something new is shown.

Chosen pictures are held until their window of half a minute is over. What may be spent grows with the time of the
video, and what a window does not need is left for later ones; of a window that needs more, those that are least like
what was shown before stay. Nothing of it depends on how fast the work goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from processors.domain import FrameRef, Shot

# As long as a provisional result may wait for its pictures.
WINDOW_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A picture that may be kept.

    Args:
        frame: without `uri`.
        jpeg: its content, stored when it is kept.
    """

    frame: FrameRef
    jpeg: bytes


class PictureBudget:
    """Keeps to a budget; use once a video.

    Args:
        per_minute: most pictures a minute of video, > 0; 0 for no limit.
        most: most pictures of the video; 0 for no limit. Where its length is known, they are spread over it.
        length_ms: of the video, as declared; None when unknown.
        dropped: is told of each picture that is not kept.
    """

    def __init__(
        self, per_minute: float, most: int, length_ms: int | None, dropped: Callable[[FrameRef], None]
    ) -> None:
        spread = most * 60_000 / length_ms if most and length_ms else 0.0
        self._per_minute = min(per_minute or spread, spread or per_minute)
        self._most = most
        self._dropped = dropped
        self._spent = 0
        self._granted = 0.0
        self._window = 0
        self._held: list[Offer | Shot] = []

    @property
    def unlimited(self) -> bool:
        """Whether everything is kept at once."""
        return not self._per_minute and not self._most

    def keep(self, found: Iterable[Offer | Shot]) -> Iterator[Offer | Shot]:
        """Pass on shots and the pictures that are kept, in their order."""
        for one in found:
            if self.unlimited:
                yield one
                continue
            at_ms = one.end_ms if isinstance(one, Shot) else one.frame.pts_ms
            while at_ms >= (self._window + 1) * WINDOW_MS:
                yield from self._close()
            self._held.append(one)
        yield from self._close()

    def _close(self) -> Iterator[Offer | Shot]:
        self._window += 1
        self._granted += self._per_minute * WINDOW_MS / 60_000
        held, self._held = self._held, []
        offers = [one for one in held if not isinstance(one, Shot)]
        ranked = sorted(offers, key=lambda one: (-(one.frame.novelty or 0.0), one.frame.pts_ms))
        room = len(offers) if not self._per_minute else max(int(self._granted) - self._spent, 0)
        if self._most:
            room = min(room, self._most - self._spent)
        if self._spent == 0:
            room = max(room, 1)  # whatever the budget, a video has a picture
        kept = {one.frame.pts_ms for one in ranked[:room]}
        self._spent += len(kept)
        for one in held:
            if isinstance(one, Shot) or one.frame.pts_ms in kept:
                yield one
            else:
                self._dropped(one.frame)


__all__ = ["WINDOW_MS", "Offer", "PictureBudget"]
