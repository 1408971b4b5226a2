"""The folder with recordings of known people, and its digest: what decides is its content, not where it lies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

KINDS: Final = frozenset({".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus"})


def recordings(folder: Path | None) -> list[Path]:
    """The recordings in a folder, by name; none where there is no folder."""
    if folder is None or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS and path.is_file())


def voices_digest(folder: Path | None) -> str | None:
    """Digest of names and contents of the recordings, hex; None where there are none."""
    files = recordings(folder)
    if not files:
        return None
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


__all__ = ["KINDS", "recordings", "voices_digest"]
