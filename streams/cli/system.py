"""`models`, `settings`, `doctor`, `gc`: what the installation is made of."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from processors.models.manifest import MODELS
from processors.models.store import ModelStore
from streams.cli import doctor as checks
from streams.cli.console import console, escape, out, print_json, print_text
from streams.cli.embedded import downloading
from streams.collect import collect
from streams.reading import load_settings, shown
from streams.settings import PREFIX, Settings

models_commands: Final = typer.Typer(no_args_is_help=True, help="The models: what there is, what is here.")
_DAY_S: Final = 86_400
_WIDE: Final = 400
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    panel = "Installation"
    app.add_typer(models_commands, name="models", rich_help_panel=panel)
    app.command("settings", rich_help_panel=panel)(settings_command)
    app.command(rich_help_panel=panel)(doctor)
    app.command(rich_help_panel=panel)(gc)


@models_commands.command("list")
def list_models(as_json: AsJson = False) -> None:
    """The models of the manifest, their licence and whether they are here."""
    settings = load_settings()
    states = _store(settings).status()
    if as_json:
        print_json({"models": [state.to_dict() for state in states]})
        return
    table = Table("model", "for", "size", "licence", "", box=None, header_style="bold", pad_edge=False)
    for state in states:
        here = "[green]here[/]" if state.present else "not here"
        table.add_row(state.name, state.kind, f"{state.size_bytes / 1e6:.1f} MB", state.licence, here)
    out().print(table)


@models_commands.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="When left out: all but those for GPUs.")] = None,
) -> None:
    """Fetch models into the user cache and check their hashes.

    Examples:

        clipstream models pull base
    """
    settings = load_settings()
    known = [state.name for state in _store(settings).status()]
    wanted = names or [name for name in known if not MODELS[name].on_demand]
    for name in wanted:
        if name not in known:
            raise typer.BadParameter(f"No model '{name}'. There are: {', '.join(known)}.")
    with downloading() as on_progress:
        store = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline, on_progress)
        for name in wanted:
            store.pull(name)
            console.print(f"{name}: here")


def settings_command(as_json: AsJson = False) -> None:
    """The effective settings with where to set them; secrets are masked."""
    settings = load_settings()
    values = shown(settings)
    if as_json:
        print_json(values)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("meaning", overflow="fold")
    for name, field in Settings.model_fields.items():
        value = values[name]
        told = "" if value is None else escape(str(value))
        table.add_row(PREFIX + name.upper(), told, f"[dim]{field.description or ''}[/]")
    # values are pasted elsewhere: without a terminal no line is cut
    (out() if sys.stdout.isatty() else Console(width=_WIDE, highlight=False)).print(table)


def doctor(as_json: AsJson = False) -> None:
    """Check Python, Java, disk, blob store, cache, models, broker, topics, and say what to do about each.

    Exit code 1 when one is wrong.
    """
    settings = load_settings()
    found = asyncio.run(checks.run(settings))
    if as_json:
        print_json({"checks": [vars_of(check) for check in found]})
    else:
        marks = {"ok": "[green]ok[/]  ", "note": "[yellow]note[/]", "wrong": "[red]wrong[/]"}
        for check in found:
            out().print(f"{marks[check.state]} {check.name}: {escape(check.text)}", soft_wrap=True)
            if check.remedy:
                out().print(f"      {escape(check.remedy)}", soft_wrap=True)
    if any(check.state == "wrong" for check in found):
        raise typer.Exit(1)


def gc(
    days: Annotated[
        float | None,
        typer.Option(help="Keep what was used in the last DAYS; else as CLIPSTREAM_GC_DAYS says.", min=0.0),
    ] = None,
    cache: Annotated[bool, typer.Option("--cache", help="Also empty the whole result cache.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove blobs that no result refers to, result cache entries and fetched sources, that are older than DAYS.

    It may run at any time: what a video under way needs is kept, also with --days 0.

    Examples:

        clipstream gc --dry-run

        clipstream gc --days 0 --cache
    """
    settings = load_settings()
    age_s = (settings.gc_days if days is None else days) * _DAY_S
    done = asyncio.run(collect(settings, older_than_s=age_s, whole_cache=cache, dry_run=dry_run))
    verb = "would free" if dry_run else "freed"
    print_text(
        f"{done.blobs} blobs, {done.cache_entries} cache entries and {done.sources} fetched sources "
        f"{verb} {done.bytes / 1e6:.1f} MB; "
        f"{done.kept} blobs are in use or younger"
    )
    if done.under_way:
        videos = "1 video under way; its" if done.under_way == 1 else f"{done.under_way} videos under way; their"
        print_text(f"{videos} blobs are kept")


def vars_of(check: checks.Check) -> dict[str, Any]:
    """A check as JSON."""
    return {"name": check.name, "state": check.state, "text": check.text, "remedy": check.remedy}


def _store(settings: Settings) -> ModelStore:
    return ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
