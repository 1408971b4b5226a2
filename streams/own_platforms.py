"""Platforms of the file that the settings name, and what a request may ask for by name.

`processors.segments` brings NumPy and all signals, a tenth of a second in each worker and command: it is imported only
where a file is set or a request names something.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from processors.options import Options

if TYPE_CHECKING:
    from streams.settings import Settings


def checked_platforms(value: Path | None) -> Path | None:
    """The file, absolute.

    Raises:
        ValueError: it is not there, or not of the form; the text says where and what.
    """
    if value is None:
        return None
    from processors.segments.platforms import read_platforms

    path = value.expanduser().absolute()
    read_platforms(path)
    return path


def own_platforms(path: Path | None) -> dict[str, Any]:
    """The rules in the file, as JSON; empty without one."""
    if path is None:
        return {}
    from processors.segments.platforms import platforms_to, read_platforms

    return platforms_to(read_platforms(path))


def check_names(options: Options, settings: Settings) -> None:
    """Refuse a request that names a platform or a preference that nobody knows, before anything is computed.

    Raises:
        InvalidMessage: an unknown name (the known ones are listed), or a factor out of range.
    """
    if not options.platforms and not options.preferences:
        return
    from processors.segments.platforms import checked, read_platforms

    checked(options, None if settings.platforms_file is None else read_platforms(settings.platforms_file))


__all__ = ["check_names", "checked_platforms", "own_platforms"]
