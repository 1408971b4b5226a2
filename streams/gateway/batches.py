"""Batches: a small document in the store for each, so that every gateway knows what was asked and what was refused."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import fsspec
import orjson
from fsspec.implementations.local import LocalFileSystem

from processors.errors import from_os_error
from processors.whole_file import beside, write_whole
from streams.settings import Settings

FOLDER: Final = "batches"
_ID: Final = re.compile(r"[0-9a-f]{32}")


class Batches:
    """The documents. Every method blocks.

    Args:
        settings: the store.
    """

    def __init__(self, settings: Settings) -> None:
        self._fs, root = fsspec.core.url_to_fs(settings.store)
        self._root = f"{root}/{FOLDER}"
        self._local = isinstance(self._fs, LocalFileSystem)

    def put(self, batch_id: str, document: dict[str, Any]) -> None:
        """Keep what became of the items of a batch, whole or not at all.

        Raises:
            StorageFull, Retryable, Fatal: the store failed.
        """
        path, content = self._path(batch_id), orjson.dumps(document)
        try:
            if self._local:
                write_whole(Path(path), (content,))
            else:
                self._fs.pipe_file(path, content)
        except OSError as error:
            raise from_os_error(error, "writing a batch") from error

    def claim(self, batch_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Keep a document unless there is one; returns the one that is kept. Of several at a time one is the first.

        In a store that cannot create a file only where none is, two at the very same moment may both be told theirs.

        Raises:
            StorageFull, Retryable, Fatal: the store failed.
        """
        path, content = self._path(batch_id), orjson.dumps(document)
        try:
            if self._local:
                with beside(Path(path), (content,)) as temporary:
                    _link(temporary, Path(path))
            else:
                self._fs.pipe_file(path, content, mode="create")
        except FileExistsError:
            return self.get(batch_id) or document
        except OSError as error:
            raise from_os_error(error, "writing a batch") from error
        return document

    def get(self, batch_id: str) -> dict[str, Any] | None:
        """What was kept; None when there is no such batch."""
        if not _ID.fullmatch(batch_id):
            return None
        try:
            found: dict[str, Any] = orjson.loads(self._fs.cat_file(self._path(batch_id)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, "reading a batch") from error
        return found

    def _path(self, batch_id: str) -> str:
        return f"{self._root}/{batch_id}.json"


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)


__all__ = ["FOLDER", "Batches"]
