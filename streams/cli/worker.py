"""`worker`: one agent as a process. Every agent starts by way of this module, so it imports little."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Final

import typer

from streams import agents
from streams.admin import create_topics
from streams.reading import load_settings

_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Cluster and agents")(worker)


def worker(
    name: Annotated[str, typer.Argument(help="Agent: " + ", ".join(agents.ALL))],
    instance: Annotated[
        str | None,
        typer.Option(help="Name of this worker among those of the agent: up to 64 letters, digits, '.', '_', '-'."),
    ] = None,
) -> None:
    """Run one agent in the foreground, against the broker in the settings.

    Examples:

        CLIPSTREAM_BROKER_URL=kafka://broker:9092 clipstream worker transcriber
    """
    if name not in agents.ALL:
        raise typer.BadParameter(f"No agent '{name}'. There are: {', '.join(agents.ALL)}.")
    if instance is not None and not _INSTANCE.fullmatch(instance):  # it is part of names of folders
        raise typer.BadParameter(
            "Up to 64 letters, digits, '.', '_' and '-', the first a letter or digit.", param_hint="--instance"
        )
    from streams.worker import run_worker

    settings = load_settings()
    asyncio.run(create_topics(settings))
    run_worker(name, settings, instance)


__all__ = ["register"]
