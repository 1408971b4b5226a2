"""The `clipstream` command: one place where errors become words and exit codes, and the table of its parts.

A part is imported when its command is asked for: the imports of all parts take 1.4 s of processor, of `worker` 0.7,
and every agent pays them when it starts.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Final, NoReturn

import typer
from aiokafka.errors import KafkaError

from processors.errors import FULL_DISK_ERRNOS, ClipstreamError, from_os_error
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


# Modules of this package with the commands that each one brings, in the order of the help.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "process": ("demo", "process"),
    "cluster": ("up", "down"),
    "restart": ("restart",),
    "worker": ("worker",),
    "gateway": ("gateway", "keys"),
    "status": ("status",),
    "kafka": ("kafka",),
    "logs": ("logs",),
    "data": ("ingest", "results", "transcript", "report"),
    "explain": ("explain",),
    "search": ("search",),
    "db": ("db",),
    "replay": ("replay",),
    "cancel": ("cancel",),
    "erase": ("erase",),
    "topics": ("topics",),
    "dead_letters": ("dead-letters",),
    "system": ("models", "settings", "doctor", "gc"),
    "bench": ("bench",),
}


def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Long videos in, transcripts and ranked ready-to-publish segments out, as stream processors on Kafka."""


def application(words: Sequence[str] = ()) -> typer.Typer:
    """The command line, with no more in it than these words ask for.

    Args:
        words: of the command line; where the first is no command (a flag, a slip), everything is in it.
    """
    made = typer.Typer(
        name="clipstream",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_options)
    asked = [part for part, commands in PARTS.items() if words and words[0] in commands]
    for part in asked or PARTS:
        import_module(f"streams.cli.{part}").register(made)
    return made


def main() -> None:
    """Entry point of the `clipstream` script."""
    try:
        application(sys.argv[1:])()
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
    finally:
        # what is imported lives to the end: looking through it for garbage once more took 0.25 s of processor, not 0.03
        gc.freeze()


def _end_with(error: ClipstreamError) -> NoReturn:
    console.print(f"[red]Error:[/] {escape(error.reason)}", soft_wrap=True)
    if error.remedy:
        console.print(f"  {escape(error.remedy)}", soft_wrap=True)
    sys.exit(EXIT_ERROR)


if __name__ == "__main__":
    main()
