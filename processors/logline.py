"""A log record as a line of JSON, and the log of a pool child: what it says is told of the item that it works on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

_MASK: Final = "***"
_KEYS: Final = frozenset({"api_key", "redis_url"})  # of what a child is given


def line_of(record: logging.LogRecord, about: Mapping[str, Any], trace: str | None, mask: Callable[[str], str]) -> str:
    """One line, with what is known of the work in hand.

    Args:
        record: of the log.
        about: stage, video_id, generation, index; what is None is left out.
        trace: of an exception.
        mask: takes secrets out of a text; before it is JSON, in which they might be spelt otherwise.
    """
    line = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        **about,
        "message": mask(record.getMessage()),
        "trace": None if trace is None else mask(trace),
    }
    return orjson.dumps({name: value for name, value in line.items() if value is not None}).decode()


class ChildLog(logging.Formatter):
    """Lines of a child. One job runs at a time, so what it is about is one value of the process.

    Args:
        environment: of the child; the secrets in it are masked.
    """

    def __init__(self, environment: Mapping[str, Any]) -> None:
        super().__init__()
        self._secrets = tuple(secrets_in(environment))
        self.about: Mapping[str, Any] = {}

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        trace = self.formatException(record.exc_info) if record.exc_info else None
        return line_of(record, self.about, trace, self._masked)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def secrets_in(value: Any) -> list[str]:
    """The secrets anywhere in what a child is given."""
    if not isinstance(value, Mapping):
        return []
    own = [one for name, one in value.items() if name in _KEYS and isinstance(one, str) and one]
    return own + [secret for one in value.values() for secret in secrets_in(one)]


def log_as_json(environment: Mapping[str, Any]) -> ChildLog:
    """Let everything that is logged in this process go to standard error as JSON."""
    made = ChildLog(environment)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(made)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    return made


__all__ = ["ChildLog", "line_of", "log_as_json", "secrets_in"]
