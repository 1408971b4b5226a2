"""The pages: which blocks of commands are in one, and how a command is read without a shell.

A block that is run is fenced by "```console run=STEP". In it a line that begins with "$ " is a command, one that begins
with "#" a remark, and any other one is a line that the command must print, in this order; "..." in it stands for
anything. Words like VIDEO_ID stand for what the scenario binds. A block without `run=` is for another installation.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
_BLOCK: Final = re.compile(
    r"^ *```console(?: run=(?P<step>[a-z0-9-]+))?\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_PLACEHOLDER: Final = re.compile(r"(?<![\w/.-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w=])")
_OPERATORS: Final = frozenset("();<>|&")
_ASSIGNMENT: Final = re.compile(r"[A-Z_][A-Z0-9_]*=")


class PageWrong(Exception):
    """A page, or a command on it, is not of the agreed form."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page.

    Attributes:
        text: as it stands there, without the prompt.
        prints: lines that it must print.
    """

    text: str
    prints: tuple[str, ...]

    def bound(self, values: Mapping[str, str]) -> str:
        """Its text with values for its placeholders.

        Raises:
            PageWrong: one has no value.
        """

        def value_of(found: re.Match[str]) -> str:
            if found[0] not in values:
                raise PageWrong(f"Nothing is bound to {found[0]} in `{self.text}`.")
            return values[found[0]]

        return _PLACEHOLDER.sub(value_of, self.text)

    def pattern(self) -> re.Pattern[str]:
        """What its text looks like once its placeholders have values."""
        parts = _PLACEHOLDER.split(self.text)
        return re.compile(r"\S+".join(re.escape(part) for part in parts))

    def missing_in(self, output: str) -> str | None:
        """The first of the lines to print that is not in an output; None when all are."""
        rest = [_squeezed(line) for line in output.splitlines()]
        for wanted in self.prints:
            parts = (re.escape(part) for part in _squeezed(wanted).split("..."))
            pattern = re.compile(".*".join(parts))
            at = next((number for number, line in enumerate(rest) if pattern.fullmatch(line)), None)
            if at is None:
                return wanted
            rest = rest[at + 1 :]
        return None


@dataclass(frozen=True, slots=True)
class Page:
    """A runbook.

    Attributes:
        name: of its file, without the ending.
        text: all of it.
        steps: blocks that are run, by their names, in the order of the page.
        elsewhere: commands of the blocks for other installations.
    """

    name: str
    text: str
    steps: Mapping[str, tuple[Command, ...]]
    elsewhere: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A command as a process is started with it.

    Attributes:
        words: program and arguments.
        environment: variables set before it.
        background: whether nobody waits for its end.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]
    background: bool


def names() -> list[str]:
    """All pages."""
    return sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")


def read(name: str) -> Page:
    """A page.

    Raises:
        PageWrong: there is none of that name, or two of its blocks have one name.
    """
    path = FOLDER / f"{name}.md"
    if not path.is_file():
        raise PageWrong(f"No runbook '{name}'. There are: {', '.join(names())}.")
    return parse(name, path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Page:
    """A page from its text.

    Raises:
        PageWrong: two blocks have one name, or a block has no command.
    """
    steps: dict[str, tuple[Command, ...]] = {}
    elsewhere: list[Command] = []
    for block in _BLOCK.finditer(text):
        commands = _commands(textwrap.dedent(block["body"]))
        step = block["step"]
        if not commands or step in steps:
            raise PageWrong(f"{name}: block {step} has no command, or there are two of that name.")
        if step is None:
            elsewhere += commands
        else:
            steps[step] = commands
    return Page(name, text, steps, tuple(elsewhere))


def _commands(body: str) -> tuple[Command, ...]:
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:].strip(), []))
        elif line.strip() and not line.startswith("#") and found:
            found[-1][1].append(line)
    return tuple(Command(text, tuple(prints)) for text, prints in found)


def call_of(text: str) -> Call:
    """Read a command as a shell would, for what needs none: words, variables before them, `&` behind them.

    Raises:
        PageWrong: it has a pipe, a redirection or another operator.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = list(lexer)
    background = words[-1:] == ["&"]
    words = words[:-1] if background else words
    environment: dict[str, str] = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words or any(set(word) <= _OPERATORS for word in words) or "$(" in text or "`" in text:
        raise PageWrong(f"`{text}` needs a shell; a command of a runbook is a program with arguments.")
    return Call(tuple(words), environment, background)


def _squeezed(line: str) -> str:
    return " ".join(line.split())


__all__ = ["FOLDER", "Call", "Command", "Page", "PageWrong", "call_of", "names", "parse", "read"]
