"""What happened while a runbook was run, with the seconds since its start, and without paths of the machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
# A screen and a half: an operator sees what a command looks like, and a list of hundreds stays a list.
_LINES_SHOWN: Final = 40
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PROMPT: Final = re.compile(r"^ *[\d.]+ s  \$ (.*)$", re.MULTILINE)


class Transcript:
    """Lines, each told as it is noted.

    Args:
        elapsed_s: seconds since the start.
        hidden: paths and names of this machine, and what stands for each.
        tell: hears each line; None for standard error.
    """

    def __init__(
        self, elapsed_s: Callable[[], float], hidden: Mapping[str, str], tell: Callable[[str], None] | None = None
    ) -> None:
        self._elapsed_s = elapsed_s
        # the longest first: a data folder may lie within a project
        self._hidden = sorted(((path, word) for path, word in hidden.items() if path), key=lambda one: -len(one[0]))
        self._tell = tell or _to_stderr
        self._lines: list[str] = []

    def step(self, name: str) -> None:
        """A block of the page begins."""
        self._add("", f"[{name}]")

    def command(self, text: str) -> None:
        """A command of the page."""
        self._note("$ ", text)

    def output(self, text: str) -> None:
        """What a command said."""
        lines = [line.rstrip() for line in _ANSI.sub("", text).splitlines()]
        if len(lines) > _LINES_SHOWN:
            half = _LINES_SHOWN // 2
            lines = [*lines[:half], f"... ({len(lines) - 2 * half} more lines)", *lines[-half:]]
        self._add(*(f"           {line}".rstrip() for line in lines))

    def fault(self, text: str) -> None:
        """What the scenario did to the system."""
        self._note("!! ", text)

    def check(self, text: str, held: bool) -> None:
        """What must hold, and whether it did."""
        self._note("ok " if held else "NOT ", text)

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"

    def _note(self, sign: str, text: str) -> None:
        self._add(f"{self._elapsed_s():7.1f} s  {sign}{text}")

    def _add(self, *lines: str) -> None:
        for line in lines:
            shown = line
            for path, word in self._hidden:
                # whole words: a host may be named "vm"
                shown = re.sub(rf"(?<!\w){re.escape(path)}(?!\w)", word, shown)
            self._lines.append(shown)
            self._tell(shown)


def commands_in(text: str) -> list[str]:
    """The commands of the page in a transcript."""
    return _PROMPT.findall(text)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


__all__ = ["PROJECT", "Transcript", "commands_in"]
