"""What a stub video consists of; handed to the stub workers on their command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

import orjson


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of every stub video and what they cost.

    Attributes:
        chunks: audio chunks, >= 0.
        batches: frame batches, >= 0.
        stub_ms: what the transcriber and vision take for one item.
        burn: spend that time on the processor instead of asleep.
        slow_dir: folder with a file `slow` that names jobs; `NAME` goes on until it is cancelled, and says so in a file
            of its own name, `NAME:half` stops in the middle. Empty for none.
        deaf: such a job does not ask whether it is still wanted.
    """

    chunks: int = 20
    batches: int = 5
    stub_ms: float = 0.0
    burn: bool = False
    slow_dir: str = ""
    deaf: bool = False

    def to_text(self) -> str:
        """For a command line."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Back from a command line."""
        return cls(**orjson.loads(text))
