"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import re
import sys
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from processors.timeline import clock
from streams.secrets import published

console: Final = Console(stderr=True, highlight=False)
_STATUS_STYLE: Final = {"final": "green", "provisional": "cyan", "degraded": "yellow", "failed": "red"}
_MIDDLE: Final = 0.5
_REASONS_SHOWN: Final = 2
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def print_json(value: Any) -> None:
    """One JSON document on standard output; of web addresses nothing that may be a secret."""
    sys.stdout.buffer.write(orjson.dumps(published(value), option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.flush()


def print_json_line(value: Any) -> None:
    """The same in one line."""
    print_text(orjson.dumps(published(value)).decode())


def print_text(text: str) -> None:
    """Plain text on standard output."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def out() -> Console:
    """A console on standard output, for tables that are the result."""
    return Console(highlight=False)


def styled(status: str) -> str:
    """A status in its colour."""
    return f"[{_STATUS_STYLE.get(status, 'white')}]{status}[/]"


def escape(text: str) -> str:
    """User text without markup of its own, and without control characters that a terminal would obey."""
    return plain(text).replace("[", r"\[")


def plain(text: str) -> str:
    """User text without control characters that a terminal would obey."""
    return _CONTROL.sub("", text)


def segments_table(result: dict[str, Any]) -> Table:
    """The ranked segments of a result."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("time", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("segment", ratio=3)
    table.add_column("why", ratio=2)
    for segment in result["segments"]:
        # what lifts it above the middle of the video's candidates
        reasons = sorted(segment["reasons"], key=lambda reason: (_MIDDLE - reason["value"]) * reason["weight"])
        why = "; ".join(reason["detail"].split(", ")[0] or reason["signal"] for reason in reasons[:_REASONS_SHOWN])
        table.add_row(
            str(segment["rank"]),
            f"{clock(segment['start_ms'])}–{clock(segment['end_ms'])}",
            f"{segment['score']:.2f}",
            escape(segment["title"]) + _insight(segment),
            f"[dim]{escape(why)}[/]",
        )
    return table


def _insight(segment: dict[str, Any]) -> str:
    """What a service says of it, under its title."""
    insight = segment.get("insight")
    return f"\n[dim]{escape(insight['description'])}[/]" if insight else ""


def print_result(result: dict[str, Any], name: str, told: str = "") -> None:
    """A result for people; `told`: what is to be said of this revision."""
    target = out()
    known = ""
    if result["duration_ms"]:
        known = f"  {clock(result['duration_ms'])}  {', '.join(result.get('languages', [])) or 'no speech'}"
    target.print(f"\n[bold]{escape(name)}[/]  {styled(result['status'])}{known}  [dim]{result['video_id'] or ''}[/]")
    if told:
        target.print(f"  [dim]{escape(told)}[/]")
    if result.get("error"):
        target.print(f"  {escape(result['error'])}")
    for note in result.get("missing", []):
        target.print(f"  [yellow]missing[/] {escape(note)}")
    for line in result.get("suggestions", []):
        target.print(f"  [cyan]better[/] {escape(line)}")
    if result["segments"]:
        target.print(segments_table(result))
