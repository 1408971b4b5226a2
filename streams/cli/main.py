"""The `clipstream` command: one typer application, one place where errors become words and exit codes."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import Annotated, Final, NoReturn

import typer
from aiokafka.errors import KafkaError

from processors.errors import FULL_DISK_ERRNOS, ClipstreamError, from_os_error
from streams.cli import (
    bench,
    cancel,
    cluster,
    data,
    db,
    dead_letters,
    erase,
    explain,
    gateway,
    kafka,
    logs,
    process,
    replay,
    restart,
    search,
    status,
    system,
    topics,
)
from streams.cli.console import console, escape, print_text
from streams.cli.presence import explained

EXIT_ERROR: Final = 1
EXIT_USAGE: Final = 2

# aiokafka logs what it raises as well; here it becomes one line with a remedy
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _show_version(wanted: bool) -> None:
    if wanted:
        print_text(f"clipstream {version('clipstream')}")
        raise typer.Exit


app = typer.Typer(
    name="clipstream",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Long videos in, transcripts and ranked ready-to-publish segments out, as stream processors on Kafka."""


_PARTS: Final = (
    *(process, cluster, restart, gateway, status, kafka, logs, data, explain, search, db, replay, cancel, erase),
    *(topics, dead_letters, system, bench),
)
for part in _PARTS:
    part.register(app)


def main() -> None:
    """Entry point of the `clipstream` script."""
    try:
        app()
    except ClipstreamError as error:
        _end_with(error)
    except KafkaError as error:
        _end_with(explained(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.exit(EXIT_ERROR)  # the reader of our output is gone (`| head`)
        where = f": {error.filename}" if error.filename else ""
        console.print(f"[red]Error:[/] {escape(error.strerror or str(error))}{escape(where)}", soft_wrap=True)
        if error.errno in FULL_DISK_ERRNOS:
            console.print(f"  {escape(from_os_error(error, 'writing').remedy)}", soft_wrap=True)
        sys.exit(EXIT_ERROR)


def _end_with(error: ClipstreamError) -> NoReturn:
    console.print(f"[red]Error:[/] {escape(error.reason)}", soft_wrap=True)
    if error.remedy:
        console.print(f"  {escape(error.remedy)}", soft_wrap=True)
    sys.exit(EXIT_ERROR)


if __name__ == "__main__":
    main()
