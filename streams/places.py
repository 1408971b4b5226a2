"""What a run stands on, looked at before anything is started: the data folder and the blob store."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import Final

from processors.blobs import BlobStore
from processors.errors import FULL_DISK_ERRNOS, Fatal, StorageFull
from streams.settings import Settings

_PROBE_BYTES: Final = 64 * 1024  # an empty file can be made on a full disk


def check_places(settings: Settings) -> None:
    """Make sure that there is a data folder and a blob store, and that both take and give.

    Raises:
        StorageFull: no room.
        Fatal: another reason why one of them cannot be used.
    """
    check_folder(settings.data_dir, "data", "CLIPSTREAM_DATA_DIR")
    BlobStore(settings.store).check()


def check_folder(folder: Path, what: str, setting: str) -> None:
    """Make a folder where there is none, and write to it.

    Args:
        folder: its path.
        what: what it is for, in the reason.
        setting: name of the setting that says where it is, in the remedy.

    Raises:
        StorageFull: no room.
        Fatal: it cannot be made or written to.
    """
    probe = folder / f".probe-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with probe.open("xb") as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        reason = f"The {what} folder {folder} cannot be made: there is a file in its place."
        raise Fatal(reason, f"Set {setting} to a folder that you may write to.") from error
    except OSError as error:
        if error.errno in FULL_DISK_ERRNOS:
            raise StorageFull(
                f"No room left in the {what} folder {folder}.",
                f"Free some space (`clipstream gc` removes blobs that nothing refers to) or set {setting}.",
            ) from error
        raise Fatal(
            f"The {what} folder {folder} cannot be used: {error.strerror}.",
            f"Set {setting} to a folder that you may write to.",
        ) from error


__all__ = ["check_folder", "check_places"]
