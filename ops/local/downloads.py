"""Downloads of the cluster: what the user hears about them, and what their failures are called.

What is downloaded and how far it is goes to standard error: a bar on a terminal, a few plain lines elsewhere.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol, TextIO

from ops.local.errors import CacheNotWritable, DownloadFailed
from processors.errors import StorageFull
from processors.models.registry_package import PackageCacheReadOnly, PackageError

MB: Final = 1_000_000
# A plain log gets a line at each quarter: a sign of life on slow lines, no flood on quick ones.
_PLAIN_STEPS: Final = 4


class Reporter(Protocol):
    """Hears what the cluster does that takes time."""

    def say(self, text: str) -> None:
        """One line for the user."""
        ...

    def download(self, what: str, size_bytes: int, into: Path) -> AbstractContextManager[Callable[[int], None]]:
        """Announce a download.

        Args:
            what: name and version.
            size_bytes: how much it is in all.
            into: folder that it goes to.

        Returns:
            A context manager that gives a function to call with the bytes done so far, from one thread at a time.
        """
        ...


class ConsoleReporter:
    """Reports to a text stream, standard error unless told otherwise."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """See `Reporter`."""
        print(text, file=self._stream or sys.stderr, flush=True)

    @contextmanager
    def download(self, what: str, size_bytes: int, into: Path) -> Iterator[Callable[[int], None]]:
        """See `Reporter`."""
        self.say(f"Downloading {what} ({size_bytes / MB:.0f} MB, once) into {into}")
        begin_s = time.monotonic()
        show = self._bar if (self._stream or sys.stderr).isatty() else self._lines
        with show(what, size_bytes) as advance:
            yield advance
        self.say(f"{what} is there after {time.monotonic() - begin_s:.0f} s")

    @contextmanager
    def _bar(self, what: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        console = Console(file=self._stream or sys.stderr)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(what, total=size_bytes)
            yield lambda done_bytes: progress.update(task, completed=min(done_bytes, size_bytes))

    @contextmanager
    def _lines(self, what: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
        said = 0

        def advance(done_bytes: int) -> None:
            nonlocal said
            step = done_bytes * _PLAIN_STEPS // max(1, size_bytes)
            if said < step < _PLAIN_STEPS:
                said = step
                self.say(f"{what}: {done_bytes / MB:.0f} of {size_bytes / MB:.0f} MB")

        yield advance


class StoppableReporter:
    """Passes everything on, and ends a download when the cluster is stopped meanwhile.

    Args:
        reporter: hears everything.
        stopped: set when the cluster is to stop.
    """

    def __init__(self, reporter: Reporter, stopped: threading.Event) -> None:
        self._reporter, self._stopped = reporter, stopped

    def say(self, text: str) -> None:
        """See `Reporter`."""
        self._reporter.say(text)

    @contextmanager
    def download(self, what: str, size_bytes: int, into: Path) -> Iterator[Callable[[int], None]]:
        """See `Reporter`.

        Raises:
            DownloadFailed: from the function that it gives, when the cluster is stopped.
        """
        with self._reporter.download(what, size_bytes, into) as advance:

            def advance_unless_stopped(done_bytes: int) -> None:
                if self._stopped.is_set():
                    raise DownloadFailed(f"The download of {what} was stopped.", "The next start goes on with it.")
                advance(done_bytes)

            yield advance_unless_stopped


@contextmanager
def cluster_errors(cache_dir: Path) -> Iterator[None]:
    """Give failures of downloading and storing the names that the cluster's callers know.

    Args:
        cache_dir: the user cache, for the message.

    Raises:
        CacheNotWritable: no right to write there, or no room.
        DownloadFailed: the package cannot be had, or has the wrong hash.
    """
    try:
        yield
    except (PackageCacheReadOnly, StorageFull) as error:
        raise CacheNotWritable(error.reason, error.remedy) from error
    except PackageError as error:
        raise DownloadFailed(error.reason, error.remedy) from error
    except OSError as error:
        raise CacheNotWritable(
            f"The cache folder {cache_dir} cannot be written: {error.strerror or error}.",
            "Make it writable and free some space, or set CLIPSTREAM_CACHE_DIR to a folder that is.",
        ) from error


__all__ = ["MB", "ConsoleReporter", "Reporter", "StoppableReporter", "cluster_errors"]
