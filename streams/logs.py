"""The logs of workers: a line of JSON a record, with what was worked on when it was written, and files that stay small.

::

    {"at": "2026-11-26T13:04:05.123Z", "level": "WARNING", "logger": "clipstream.stage", "stage": "transcriber",
     "video_id": "3f2a9c0d11e4b7a6", "generation": 0, "index": 12, "message": "try 1 failed: ...", "trace": "..."}

What is not known is left out. On a terminal people get text; `CLIPSTREAM_LOG_FORMAT` says it otherwise. Secrets of the
settings, and passwords in addresses, are masked in both.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any, Final

from processors.logline import line_of
from streams.clock import Clock
from streams.current import Current, current
from streams.secrets import MaskingFormatter, secrets_of, without_secrets
from streams.settings import Settings

TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Faust and aiokafka tell every rebalance step at INFO; a user of the logs wants videos.
QUIET_LOGGERS: Final = ("faust", "mode", "aiokafka", "kafka", "asyncio", "streams.recovery")
_STDOUT: Final = 1
_STDERR: Final = 2


class Repeats(logging.Filter):
    """Lets the same complaint of the Kafka client pass once in 10 s: without a broker it makes a hundred a second.

    Args:
        clock: monotonic time.
    """

    EACH_S: Final = 10.0

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._passed_s: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        if not record.name.startswith("aiokafka"):
            return True
        now, key = self._clock.monotonic_s(), (record.name, str(record.msg))
        if now - self._passed_s.get(key, float("-inf")) < self.EACH_S:
            return False
        self._passed_s[key] = now
        return True


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON.

    Args:
        agent: whose log it is; the stage of records that are written while no event is in hand.
        secrets: that are masked.
    """

    def __init__(self, agent: str, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._agent, self._secrets = agent, secrets

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        trace = self.formatException(record.exc_info) if record.exc_info else None
        return line_of(record, told(current(), self._agent), trace, lambda text: without_secrets(text, self._secrets))


def told(about: Current, agent: str) -> dict[str, Any]:
    """What is worked on, as a line of a log tells it."""
    return {
        "stage": about.stage or agent,
        "video_id": about.video_id,
        "generation": about.generation,
        "index": about.index,
    }


def as_json(settings: Settings) -> bool:
    """Whether this process, and its children, write JSON."""
    return settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())


class RotatingStderr(logging.StreamHandler[Any]):
    """Writes to standard error, and begins its file anew when that is full: what libraries and children print follows.

    Without a file of its own behind standard error it only writes.

    Args:
        path: the file that standard error should be.
        max_bytes: above which the next one begins.
        kept: older files, `.1` the youngest.
    """

    def __init__(self, path: Path | None, max_bytes: int, kept: int) -> None:
        super().__init__(sys.stderr)
        self._path = path if path is not None and _is_stderr(path) else None
        self._max_bytes, self._kept = max_bytes, kept

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        super().emit(record)
        if self._path is not None and os.fstat(_STDERR).st_size > self._max_bytes:
            try:
                self._rotate(self._path)
            except OSError:  # a full disk: it goes on where it is
                self._max_bytes *= 2

    @property
    def path(self) -> Path | None:
        """The file behind standard error; None where that is none of ours."""
        return self._path

    def _rotate(self, path: Path) -> None:
        self.flush()
        rotate(path, self._kept)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # children that run go on in the file that was put aside until their next job: `processors.child.write_on`
        os.dup2(fresh, _STDERR)
        os.dup2(fresh, _STDOUT)
        os.close(fresh)


def rotate(path: Path, kept: int) -> None:
    """Put a file aside as `.1`, the one before as `.2` and so on; the oldest goes."""
    for number in range(kept, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if newer.exists():
            os.replace(newer, older)


def log_path(log_dir: Path, agent: str, instance: str | None) -> Path:
    """The file of a worker under a supervisor."""
    return log_dir / f"{agent}{f'-{instance}' if instance not in (None, '1') else ''}.log"


def own_file() -> Path | None:
    """The file that this process's standard error is, and that it puts aside when it is full."""
    return next((one.path for one in logging.getLogger().handlers if isinstance(one, RotatingStderr)), None)


def set_up(settings: Settings, agent: str, instance: str | None, clock: Clock) -> None:
    """Logging of a worker's process.

    Args:
        settings: level, form, size.
        agent: its name.
        instance: name of this worker among those of the agent.
        clock: monotonic time.
    """
    path = log_path(settings.log_dir, agent, instance)
    handler = RotatingStderr(path, settings.log_max_bytes, settings.log_files)
    secrets = secrets_of(settings)
    handler.setFormatter(JsonFormatter(agent, secrets) if as_json(settings) else MaskingFormatter(TEXT_FORMAT, secrets))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    if settings.log_level != "DEBUG":
        handler.addFilter(Repeats(clock))
        for logger in QUIET_LOGGERS:
            logging.getLogger(logger).setLevel(logging.WARNING)


def _is_stderr(path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(_STDERR), path.stat())
    except OSError:
        return False


__all__ = ["JsonFormatter", "Repeats", "RotatingStderr", "as_json", "log_path", "own_file", "rotate", "set_up", "told"]
