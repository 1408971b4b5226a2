"""What the bytes of a blob are, by their first ones. Nothing here is ever a web page: no blob can become a script."""

from __future__ import annotations

from typing import Final

FIRST_BYTES: Final = 64
UNKNOWN: Final = "application/octet-stream"
_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"{", "application/json"),
    (b"[", "application/json"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_SUFFIXES: Final = {
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska",
    "avi": "video/x-msvideo", "mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav", "flac": "audio/flac",
    "ogg": "audio/ogg", "ts": "video/mp2t",
}  # fmt: skip


def media_type(first: bytes, name: str = "") -> str:
    """The type of a file.

    Args:
        first: its first bytes, `FIRST_BYTES` of them if it has so many.
        name: of the file, whose suffix tells what the bytes do not.
    """
    if first[:4] == b"RIFF":
        return _RIFF.get(first[8:12], UNKNOWN)
    if first[4:8] == b"ftyp":
        return "video/quicktime" if first[8:12] == b"qt  " else "video/mp4"
    for start, kind in _STARTS:
        if first.startswith(start):
            return kind if kind != "video/webm" else _SUFFIXES.get(_suffix(name), kind)
    return _SUFFIXES.get(_suffix(name), UNKNOWN)


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


__all__ = ["FIRST_BYTES", "UNKNOWN", "media_type"]
