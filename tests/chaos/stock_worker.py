"""A worker with Faust's own table recovery in place of `streams.recovery`: the other side of the comparison."""

from __future__ import annotations

import faust.tables.manager

import streams.app
from streams.cli.entry import main

if __name__ == "__main__":
    streams.app.SafeTableManager = faust.tables.manager.TableManager  # type: ignore[misc,assignment]
    main()
