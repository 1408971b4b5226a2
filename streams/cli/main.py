"""The `clipstream` command: one typer application, one place where errors become words and exit codes."""

from __future__ import annotations

import sys
from typing import Final

import typer

from processors.errors import ClipstreamError
from streams.cli import bench, cluster, data, kafka, process, system, topics
from streams.cli.console import console, escape

EXIT_ERROR: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130

app = typer.Typer(
    name="clipstream",
    help="Long videos in, transcripts and ranked ready-to-publish segments out, as stream processors on Kafka.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (process, cluster, kafka, data, topics, system, bench):
    part.register(app)


def main() -> None:
    """Entry point of the `clipstream` script."""
    try:
        app()
    except ClipstreamError as error:
        console.print(f"[red]Error:[/] {escape(error.reason)}", soft_wrap=True)
        if error.remedy:
            console.print(f"  {escape(error.remedy)}", soft_wrap=True)
        sys.exit(EXIT_ERROR)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(EXIT_ERROR)  # the reader of our output is gone (`| head`)


if __name__ == "__main__":
    main()
