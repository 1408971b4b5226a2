"""`--option key=value`: request options from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import TypeAdapter, ValidationError
from typer.core import TyperCommand

from processors.errors import InvalidMessage
from processors.options import Options, parse_options
from streams.own_platforms import check_names
from streams.settings import Settings

OptionFlags = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="A request option, e.g. profile=fast; may be given repeatedly."),
]
_LISTS: Final = frozenset({"platforms"})
_MAPS: Final = frozenset({"preferences", "metadata"})


class TakesFiles(TyperCommand):
    """A command on files: says what to do where the name of one is taken for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click."""
        named = list(args)  # parsing takes from it
        try:
            return super().parse_args(ctx, args)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            dashed = [name for name in named if name.startswith("-") and Path(name).exists()]
            if not dashed:
                raise
            raise typer.BadParameter(
                f"'{dashed[0]}' is taken for an option. Put -- before the files: {ctx.command_path} -- {dashed[0]}"
            ) from error


def options_from(flags: list[str] | None, settings: Settings) -> Options:
    """Options from `key=value` flags. Lists are `platforms=tiktok,shorts`; maps are `metadata.title=My talk`.

    Args:
        flags: as written.
        settings: with the file of platforms of one's own.

    Raises:
        typer.BadParameter: not of that form, an unknown key, platform or preference, or a value out of range.
    """
    raw: dict[str, Any] = {}
    for flag in flags or []:
        key, separator, value = flag.partition("=")
        if not separator:
            raise typer.BadParameter(f"'{flag}' is not KEY=VALUE.", param_hint="--option")
        name, _, inner = key.partition(".")
        if name in _MAPS and inner:
            raw.setdefault(name, {})[inner] = value
        else:
            raw[key] = [part.strip() for part in value.split(",")] if name in _LISTS else _number(value)
    try:
        if not isinstance(raw.get("preferences", {}), dict):
            raise typer.BadParameter("Preferences are like preferences.hook=2.", param_hint="--option")
        if "preferences" in raw:
            raw["preferences"] = {name: float(value) for name, value in raw["preferences"].items()}
        options = parse_options(raw)
        check_names(options, settings)
    except (InvalidMessage, ValueError, TypeError) as error:
        reason = error.reason if isinstance(error, InvalidMessage) else str(error)
        raise typer.BadParameter(reason, param_hint="--option") from error
    return options


def _number(value: str) -> int | float | str:
    try:
        return TypeAdapter(int | float).validate_python(value)
    except ValidationError:
        return value
