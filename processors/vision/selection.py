"""How pictures are read, chosen and packed, as settings say."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

# Least cosine to a chosen picture: between slides that gained a line (0.90) and a moving inset in one take (0.94).
DUPLICATE_COSINE: Final = 0.92
# Pictures of a batch that are analysed here: some 0.15 s each, a message about 1 ms, so 8 spread the work well and cost
# nothing. A service is asked once a batch.
LOCAL_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Selection:
    """What decides which pictures stand for a video, beside the request's options.

    Attributes:
        similarity: least likeness (`dedup`) of pictures of which one is enough, 0..1.
        per_minute: most pictures a minute; 0 for no limit.
        most: most pictures of a video; 0 for no limit.
        batch: most pictures of a batch where a service may be asked, 1..50.
        device: where they are decoded; its colours may be a shade off.
    """

    similarity: float = DUPLICATE_COSINE
    per_minute: float = 60.0
    most: int = 5_000
    batch: int = LOCAL_BATCH
    device: Literal["cpu", "cuda"] = "cpu"

    def to_json(self) -> dict[str, Any]:
        """For a child, and for cache keys."""
        return asdict(self)


DEFAULT_SELECTION: Final = Selection()

__all__ = ["DEFAULT_SELECTION", "LOCAL_BATCH", "Selection"]
