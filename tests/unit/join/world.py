"""The joiner's real runner over a table, a changelog and a log in memory, which can be cut off at any effect."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from processors.segments.parts import Parts
from schemas.messages import DeadLetter, Header, VideoJoined
from streams import codec, topics
from streams.attempts import Attempts
from streams.join.row import STATE_PREFIX
from streams.join.rows import Rows
from streams.join.runner import JoinRunner
from streams.settings import Settings
from tests.unit.join.records import Raw, records, with_content

SETTINGS = Settings()


class Crash(BaseException):
    """The process ends here."""


class FakeClock:
    """Time that only tests move."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


class World:
    """What outlives the joiner's process, and the joiner.

    A write is many effects: each changelog record, then each entry of the store. `effects_left` counts down to a crash.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.changelog: dict[bytes, bytes] = {}
        self.changelog_bytes = 0
        self.store: dict[bytes, bytes] = {}
        self.log: list[bytes] = []
        self.blobs: dict[str, bytes] = {}
        self.letters: list[DeadLetter] = []
        self.effects_left: int | None = None
        self.attempts: Attempts | None = None
        self.restart()

    def restart(self) -> None:
        """A new process, after recovery: the store is what the changelog says, whether it was kept or lost."""
        self.effects_left = None
        self.store = dict(self.changelog)
        self.rows = Rows(self)
        self.runner = JoinRunner(self.rows, self, self, SETTINGS, self.clock, self.attempts)  # type: ignore[arg-type]

    def effect(self) -> None:
        if self.effects_left is not None:
            if self.effects_left == 0:
                raise Crash
            self.effects_left -= 1

    # --- the table
    def get(self, key: bytes) -> bytes | None:
        return self.store.get(key)

    async def write(self, partition: int, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        for place in (self.changelog, self.store):
            for key, content in changes:
                self.effect()
                if place is self.changelog:
                    self.changelog_bytes += len(key) + len(content or b"")
                if content is None:
                    place.pop(key, None)
                else:
                    place[key] = content

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        return iter([(key, value) for key, value in self.store.items() if key.startswith(STATE_PREFIX)])

    # --- the publisher
    async def video(self, spec: Any, video_id: str, message: VideoJoined) -> None:
        self.effect()
        assert spec is topics.VIDEO_JOINED
        self.log.append(codec.encode(spec, message))
        self.effect()

    async def progress(self, header: Header, **_: Any) -> None:
        return

    async def dead_letter(self, message: DeadLetter) -> None:
        self.letters.append(message)

    # --- the blob store
    def put(self, content: bytes) -> str:
        uri = f"blob:{hashlib.sha256(content).hexdigest()}"
        self.blobs[uri] = content
        return uri

    # --- for tests
    async def take(self, raw: Raw, crash_at: int | None = None) -> bool:
        """Take a record; returns whether that was cut off."""
        self.effects_left = crash_at
        self.clock.ms += 10
        try:
            await self.runner.take(raw)
        except Crash:
            return True
        self.effects_left = None
        return False

    def run(self, words: str) -> list[str]:
        """Take the records of a case; returns the completeness of each emission so far."""

        async def take_all() -> None:
            for word in with_content(words):
                await self.take(records(word, now_ms=self.clock.ms)[0])

        asyncio.run(take_all())
        return [one.completeness for one in self.emitted]

    @property
    def emitted(self) -> list[VideoJoined]:
        return [codec.decode(topics.VIDEO_JOINED, content) for content in self.log]

    def parts(self, joined: VideoJoined) -> Parts:
        """The parts of an emission."""
        return Parts.from_json(self.blobs[joined.parts_uri]) if joined.parts_uri else Parts(joined.video_id)

    @property
    def row_keys(self) -> set[str]:
        return {key.decode() for key in self.store if not key.startswith(STATE_PREFIX)}
