"""How every bench gives its result: as JSON into a file, as JSON on standard output, or as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from streams.cli.console import print_json


def give(found: dict[str, Any], as_json: bool, output: Path | None, show: Callable[[dict[str, Any]], None]) -> None:
    """Write a result where it is wanted; `show` prints it for people."""
    if output is not None:
        output.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(found)
    else:
        show(found)


__all__ = ["give"]
