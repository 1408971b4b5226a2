"""Writes the report of a result."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processors.blobs import BlobMissing, BlobStore
from processors.errors import ClipstreamError, InvalidMessage, from_os_error
from processors.report import render_report
from streams.client import latest_results
from streams.results import to_json
from streams.settings import Settings


def write_report(result: dict[str, Any], settings: Settings, path: Path) -> None:
    """Render a merged result into one self-contained HTML file.

    Args:
        result: from `streams.results.to_json`.
        settings: where the blobs are.
        path: written atomically.

    Raises:
        ClipstreamError: the file cannot be written.
    """
    blobs = BlobStore(settings.store)
    html = render_report(result, blob_reader(blobs))
    check_writable(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(html, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise from_os_error(error, f"writing the report {path}") from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path, what: str = "the report", example: str = "report.html") -> None:
    """Find out before the work whether a file can be written in its folder, which is created.

    Args:
        path: of the file.
        what: it is, for the message.
        example: of a name for it.

    Raises:
        ClipstreamError: it cannot.
    """
    if path.is_dir():
        raise InvalidMessage(f"{path} is a folder.", f"Name the file: -o {example}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise from_os_error(error, f"writing {what} {path}") from error


async def result_json(settings: Settings, video_id: str) -> dict[str, Any]:
    """The newest result of a video, merged.

    Raises:
        ClipstreamError: there is none.
    """
    found = (await latest_results(settings)).get(video_id)
    if found is None:
        raise ClipstreamError(f"No result for video '{video_id}'.", "`clipstream results` lists all that there are.")
    return to_json(found, BlobStore(settings.store), locations=False)


def blob_reader(blobs: BlobStore) -> Callable[[str], bytes | None]:
    """How the report gets its pictures; None where one was collected."""
    return lambda uri: _image(blobs, uri)


def _image(blobs: BlobStore, uri: str) -> bytes | None:
    try:
        return blobs.get(_blob_uri(uri))
    except BlobMissing:
        return None


def _blob_uri(uri: str) -> str:
    """A `blob:` URI from itself or from the location that `to_json` gave."""
    return uri if uri.startswith("blob:") else "blob:" + uri.rsplit("/", 1)[-1]


__all__ = ["blob_reader", "check_writable", "result_json", "write_report"]
