"""Batches: a small document in the store for each, so that every gateway knows what was asked and what was refused."""

from __future__ import annotations

import re
from typing import Any, Final

import fsspec
import orjson

from processors.errors import from_os_error
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

    def put(self, batch_id: str, document: dict[str, Any]) -> None:
        """Keep what became of the items of a batch.

        Raises:
            StorageFull, Retryable, Fatal: the store failed.
        """
        try:
            self._fs.makedirs(self._root, exist_ok=True)
            # whole or not at all: a rename where the store is a folder, one request where it is none
            with self._fs.transaction, self._fs.open(self._path(batch_id), "wb") as file:
                file.write(orjson.dumps(document))
        except OSError as error:
            raise from_os_error(error, "writing a batch") from error

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


__all__ = ["FOLDER", "Batches"]
