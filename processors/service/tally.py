"""What this process asked of services since somebody last looked: a child's worker does, after each job.

Plain numbers: who counts with them, and under which names, is not known here.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Final, Literal

Outcome = Literal["answered", "failed", "refused", "stopped"]
# Between two looks lies one job, which makes some ten requests; what is beyond is dropped.
_MOST: Final = 10_000

_requests: list[tuple[Outcome, float, int]] = []
_lock = threading.Lock()


def note(outcome: Outcome, seconds: float, tokens: int = 0) -> None:
    """A try of a request.

    Args:
        outcome: what came of it; "stopped" when nothing was sent.
        seconds: that it took.
        tokens: that the service says it charged.
    """
    with _lock:
        if len(_requests) < _MOST:
            _requests.append((outcome, round(seconds, 4), tokens))


def taken() -> list[tuple[Outcome, float, int]]:
    """What was noted, which is then forgotten."""
    with _lock:
        found = list(_requests)
        _requests.clear()
    return found


def tokens_in(body: bytes) -> int:
    """Tokens that an answer says it was charged with; 0 where it says nothing."""
    if b'"usage"' not in body:
        return 0
    try:
        usage: Any = json.loads(body).get("usage")
        total = usage.get("total_tokens")
    except (ValueError, AttributeError):
        return 0
    return total if isinstance(total, int) and not isinstance(total, bool) and total > 0 else 0


__all__ = ["Outcome", "note", "taken", "tokens_in"]
