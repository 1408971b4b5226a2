"""Files that are there whole or not at all, whatever dies meanwhile."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(path: Path, pieces: Iterable[bytes]) -> Iterator[Path]:
    """A file in the folder of `path` with this content, on its disk; removed at the end unless it was moved away.

    Its name is its own: several may write the same file at the same time.

    Raises:
        OSError: the folder cannot be written, or is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Put a file in place at once, over one that is there.

    Raises:
        OSError: as `beside`.
    """
    with beside(path, pieces) as temporary:
        temporary.replace(path)


__all__ = ["beside", "write_whole"]
