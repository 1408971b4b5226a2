"""What the logs of all workers on this host and of the gateway tell, in the order of time: for `clipstream logs`.

Lines that are no JSON (a trace of Python's own, what a library printed) belong to nobody and are told where no video is
asked for, behind the line before them in their file.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from streams.groups import READS
from streams.supervisor import GATEWAY

WRITERS: Final = frozenset({*READS, GATEWAY})
_FILE: Final = re.compile(r"(?P<name>.+)\.log(?:\.(?P<age>\d+))?")
_LONGEST: Final = 1_000_000  # a line above that is cut; ours have some hundred bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines to tell.

    Attributes:
        video_id: of this video; None for all.
        stage: of this stage; None for all.
    """

    video_id: str | None = None
    stage: str | None = None

    def takes(self, line: dict[str, Any]) -> bool:
        """Whether to tell a line."""
        if self.video_id is not None and line.get("video_id") != self.video_id:
            return False
        return self.stage is None or line.get("stage") == self.stage


def written(folder: Path, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """All lines that are there, those of files that were put aside too, by their time."""
    by_name: dict[str, list[tuple[int, Path]]] = {}
    for path in folder.glob("*.log*"):
        if (found := _FILE.fullmatch(path.name)) and _is_of_worker(found["name"]):
            by_name.setdefault(found["name"], []).append((int(found["age"] or 0), path))
    streams = [_lines(name, [path for _, path in sorted(files, reverse=True)]) for name, files in by_name.items()]
    for line in heapq.merge(*streams, key=lambda line: line.get("at", "")):
        if wanted.takes(line):
            yield line


def _is_of_worker(name: str) -> bool:
    """Whether a file, by its name without an ending, is a worker's or the gateway's; servers write beside them."""
    return bool({name, name.rpartition("-")[0]} & WRITERS)


def _lines(name: str, paths: list[Path]) -> Iterator[dict[str, Any]]:
    at = ""
    for path in paths:
        try:
            with path.open("rb") as file:
                for raw in iter(lambda file=file: file.readline(_LONGEST), b""):  # type: ignore[misc]
                    if (line := parsed(raw, name, at)) is not None:
                        at = line["at"]
                        yield line
        except FileNotFoundError:
            continue  # put aside in this moment: the next file has it


def parsed(raw: bytes, name: str, at: str) -> dict[str, Any] | None:
    """A line of a file; None for an empty one.

    Args:
        raw: it.
        name: of the file, without its ending: the stage where the line names none.
        at: time of the line before.
    """
    text = raw.strip()
    if not text:
        return None
    if text.startswith(b"{"):
        try:
            line = orjson.loads(text)
            if isinstance(line, dict) and isinstance(line.get("at"), str):
                return line
        except orjson.JSONDecodeError:
            pass
    return {"at": at, "stage": name, "message": text.decode(errors="replace")}


@dataclass(slots=True)
class Follower:
    """Follows the files of a folder from their present ends, new ones from their beginning."""

    folder: Path
    wanted: Wanted
    _open: dict[Path, tuple[int, BinaryIO]] = field(default_factory=dict)  # by path: inode, file
    _aside: dict[Path, BinaryIO] = field(default_factory=dict)  # the one before, where jobs that run still write
    _rest: dict[BinaryIO, bytes] = field(default_factory=dict)  # a line whose end is not there yet
    _at: dict[BinaryIO, str] = field(default_factory=dict)  # time of the last line that had one

    def __post_init__(self) -> None:
        for path in self._files():
            self._take(path).seek(0, 2)

    def news(self) -> list[dict[str, Any]]:
        """The lines that came since, by their time."""
        found: list[dict[str, Any]] = []
        for path in self._files():
            held = self._open.get(path)
            try:
                rotated = held is not None and path.stat().st_ino != held[0]
            except FileNotFoundError:
                continue
            if path in self._aside:
                found += self._read(path, self._aside[path])
            if held is not None:
                found += self._read(path, held[1])
            if rotated or held is None:
                fresh = self._take(path)
                if held is not None:
                    self._put_aside(path, held[1])
                    self._at[fresh] = self._at.get(held[1], "")
                found += self._read(path, fresh)
        return sorted((line for line in found if self.wanted.takes(line)), key=lambda line: str(line["at"]))

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.log") if _is_of_worker(path.name.removesuffix(".log")))

    def close(self) -> None:
        """Close the files."""
        for file in (*(file for _, file in self._open.values()), *self._aside.values()):
            file.close()
        self._open.clear()
        self._aside.clear()

    def _put_aside(self, path: Path, file: BinaryIO) -> None:
        if (older := self._aside.get(path)) is not None:
            older.close()
            self._rest.pop(older, None)
            self._at.pop(older, None)
        self._aside[path] = file

    def _take(self, path: Path) -> BinaryIO:
        file = path.open("rb")
        self._open[path] = (path.stat().st_ino, file)
        return file

    def _read(self, path: Path, file: BinaryIO) -> list[dict[str, Any]]:
        *lines, rest = (self._rest.get(file, b"") + file.read()).split(b"\n")
        self._rest[file] = rest
        name = path.name.removesuffix(".log")
        found = []
        for raw in lines:
            if (line := parsed(raw, name, self._at.get(file, ""))) is not None:
                self._at[file] = line["at"]
                found.append(line)
        return found


def as_text(line: dict[str, Any]) -> str:
    """A line for people."""
    about = "/".join(str(line[name]) for name in ("video_id", "generation", "index") if line.get(name) is not None)
    head = " ".join(part for part in (line.get("at"), line.get("level"), line.get("stage"), about) if part)
    trace = f"\n{line['trace']}" if line.get("trace") else ""
    return f"{head}: {line.get('message', '')}{trace}"


__all__ = ["Follower", "Wanted", "as_text", "parsed", "written"]
