"""Lines of log files that name a video, overwritten in place: workers append to these files meanwhile.

A file that is written anew would lose what a worker appends in that moment, and its worker would go on with the old
one. Bytes that are there already nobody else touches, so a line is covered with blanks of its own length.
"""

from __future__ import annotations

import re
from pathlib import Path


def erase_lines(folder: Path, video_id: str) -> tuple[int, int]:
    """Cover the lines of all log files of a folder that name a video; how many lines, and their bytes."""
    named = re.compile(rb"(?<![A-Za-z0-9._-])" + re.escape(video_id.encode()) + rb"(?![A-Za-z0-9_]|[.-][A-Za-z0-9])")
    count = size = 0
    for path in sorted(folder.glob("*.log*")):
        with path.open("r+b") as file:
            at = 0
            for line in iter(file.readline, b""):
                if named.search(line):
                    blank = b" " * len(line.rstrip(b"\n"))
                    file.seek(at)
                    file.write(blank)
                    count, size = count + 1, size + len(blank)
                    file.seek(at + len(line))
                at += len(line)
    return count, size


__all__ = ["erase_lines"]
