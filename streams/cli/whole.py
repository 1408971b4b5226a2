"""All commands in one application, for whoever calls them from Python."""

from __future__ import annotations

from typing import Final

from streams.cli.main import application

app: Final = application()

__all__ = ["app"]
