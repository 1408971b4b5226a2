"""Where a bench gives its result, checked before the work: as JSON into a file or on standard output, or as a table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from processors.errors import InvalidMessage
from streams.cli.console import print_json
from streams.cli.reporting import check_writable

FORM: Final = "Its form: docs/quality.md, Data of one's own."  # of the help of --data


def check(output: Path | None) -> None:
    """Find out before the work whether the result can be written where it is wanted; its folder is created.

    Raises:
        ClipstreamError: it cannot.
    """
    if output is None:
        return
    if not output.exists() or output.is_dir():
        check_writable(output, "the result", "result.json")
    elif not os.access(output, os.W_OK):  # a file, or a device, whose folder need not be ours
        raise InvalidMessage(f"{output} is there and cannot be written to.", "Name another file.")


def give(found: dict[str, Any], as_json: bool, output: Path | None, show: Callable[[dict[str, Any]], None]) -> None:
    """Write a result where it is wanted; `show` prints it for people."""
    if output is not None:
        output.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(found)
    else:
        show(found)


__all__ = ["FORM", "check", "give"]
