"""`dead-letters summary|list|show|requeue`: what stages gave up on."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import orjson
import typer
from rich.table import Table

from processors.errors import ClipstreamError
from processors.media.weburl import public_text
from streams import admin
from streams.cli.console import console, escape, out, print_json, print_text
from streams.letters import Letter, is_result, kinds, letters, requeue
from streams.reading import load_settings
from streams.secrets import published
from streams.settings import Settings

commands: Final = typer.Typer(no_args_is_help=True, help="What stages gave up on: list it, look at it, send it again.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Reason = Annotated[str, typer.Option(help="Only those whose reason or error class contains this.")]
Video = Annotated[str, typer.Option(help="Only those of this video.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="dead-letters", rich_help_panel="Videos and results")


@commands.command()
def summary(reason: Reason = "", video: Video = "", as_json: AsJson = False) -> None:
    """How many there are of each kind, the most frequent first: of a storm, what it is made of.

    Examples:

        clipstream dead-letters summary
    """
    settings = load_settings()
    found = kinds(_chosen(asyncio.run(_letters(settings)), reason, video))
    if as_json:
        print_json({"kinds": [kind.to_json() for kind in found]})
        return
    table = _table("count", "waiting", "stage", "newest", "reason")
    for kind in found:
        letter = kind.example.letter
        told = escape(public_text(f"{letter.error_class}: {letter.reason}"))
        table.add_row(str(kind.count), str(kind.waiting), letter.stage, kind.example.id, told)
    out().print(table if found else "None.")


def _table(*columns: str) -> Table:
    """Only the reason gives way: ids are what the next command needs."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name != "reason", overflow="fold")
    return table


@commands.command("list")
def list_letters(reason: Reason = "", video: Video = "", as_json: AsJson = False) -> None:
    """The dead letters, oldest first.

    Examples:

        clipstream dead-letters list --reason ChildDied
    """
    settings = load_settings()
    found = _chosen(asyncio.run(_letters(settings)), reason, video)
    if as_json:
        print_json({"dead_letters": [letter.to_json(settings) for letter in found]})
        return
    table = _table("id", "stage", "video", "tries", "reason", "")
    for one in found:
        letter = one.letter
        again = "[green]sent again[/]" if one.requeued else ""
        table.add_row(
            one.id, letter.stage, letter.video_id or "", str(letter.attempts), escape(public_text(letter.reason)), again
        )
    out().print(table if found else "None.")


@commands.command()
def show(letter_id: Annotated[str, typer.Argument(help="As `list` prints it.")], as_json: AsJson = False) -> None:
    """What stages said about a message, the message decoded where possible, and traces.

    Examples:

        clipstream dead-letters show audio-chunk:3:41
    """
    settings = load_settings()
    found = [published(one.to_json(settings)) for one in _by_id(asyncio.run(_letters(settings)), [letter_id])]
    if as_json:
        print_json({"dead_letters": found})
        return
    for number, one in enumerate(found):
        trace = one.pop("trace")
        if number:
            print_text("")
        for name, value in one.items():
            told = value if isinstance(value, str) else orjson.dumps(value).decode()
            out().print(f"[bold]{name}[/]  {escape(told)}", soft_wrap=True)
        if trace:
            print_text("\n" + trace)


@commands.command("requeue")
def requeue_letters(
    ids: Annotated[list[str] | None, typer.Argument(help="As `list` prints them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, or all that the filters leave.")] = False,
    reason: Reason = "",
    video: Video = "",
    as_json: AsJson = False,
) -> None:
    """Send messages again to the topic where they were. What was sent again before is left out.

    A part that comes through this time makes a degraded video final. Results are left out: those are replayed.

    Examples:

        clipstream dead-letters requeue audio-chunk:3:41

        clipstream dead-letters requeue --all --reason "No room left"
    """
    if bool(ids) == everything:
        raise typer.BadParameter("Name the letters, or say --all.")
    settings = load_settings()
    found = asyncio.run(_letters(settings))
    if everything:
        chosen = [letter for letter in _chosen(found, reason, video) if not is_result(letter, settings)]
    else:
        chosen = _by_id(found, ids or [])
    sent = asyncio.run(requeue(settings, chosen))
    before = len({letter.id for letter in chosen}) - len(sent)
    if as_json:
        print_json({"requeued": [letter.id for letter in sent], "left_out": before})
        return
    for letter in sent:
        print_text(letter.id)
    console.print(f"{len(sent)} messages sent again, {before} were before")


async def _letters(settings: Settings) -> list[Letter]:
    await (await admin.connect(settings)).close()
    return await letters(settings)


def _chosen(found: list[Letter], reason: str, video: str) -> list[Letter]:
    return [
        one
        for one in found
        if reason.lower() in f"{one.letter.error_class} {one.letter.reason}".lower()
        and video in ("", one.letter.video_id)
    ]


def _by_id(found: list[Letter], ids: list[str]) -> list[Letter]:
    for letter_id in ids:
        if all(one.id != letter_id for one in found):
            raise ClipstreamError(f"No dead letter '{letter_id}'.", "`clipstream dead-letters list` lists all of them.")
    return [one for one in found if one.id in ids]
