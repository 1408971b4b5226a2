"""Reads the settings from their sources, shows them, hands them to children; says what is wrong with them."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pydantic_settings.exceptions import SettingsError as SourceError

from streams.secrets import masked
from streams.settings import PREFIX, TOML_FILE, Settings, SettingsError

_LISTED: Final = "Mend or remove it; `clipstream settings` then lists all settings."
_SET: Final = 'Sets are like: ["a", "b"]'
# Settings that are objects, with what one looks like.
_OBJECTS: Final = {
    "categories": 'It is an object, like: {"bees": "honey and hives; beekeepers"}',
    "asr_profiles": 'It is an object, like: {"fast": {"small": "tiny.en", "noise": 0.1}}',
}
_NAMED: Final = re.compile(r'field "(\w+)"')  # in the texts of pydantic_settings
# Read outside this model: the tests' media folder.
FOREIGN_NAMES: Final = frozenset({"CLIPSTREAM_TEST_DATA"})


def load_settings(**flags: Any) -> Settings:
    """Read the settings from all sources.

    Args:
        flags: values from the command line; those that are None are left to the other sources.

    Raises:
        SettingsError: an unknown name or a value out of range.
    """
    _refuse_unknown_names()
    if Path(TOML_FILE).is_dir():  # which would be passed over
        raise SettingsError(f"{TOML_FILE} is a folder.", "It must be a file with settings, or not be there.")
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{TOML_FILE} is no valid TOML: {error}.", 'Lines are like: log_level = "DEBUG"') from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{_not_text()} is no text in UTF-8.", "Save it as UTF-8, or remove it.") from error
    except ValidationError as error:
        raise _explained(error) from error
    except SourceError as error:  # a set or an object that is no JSON
        named = _NAMED.search(str(error))
        remedy = _form_of(named[1] if named else "")
        raise SettingsError(f"{str(error)[:1].upper()}{str(error)[1:]}.", remedy) from error
    addresses: dict[str, Any] = {}
    if not settings.broker_url:
        from ops.local.cluster import read_cluster

        running = read_cluster(settings.data_dir)
        if running is not None:
            addresses["broker_url"] = running.broker_url
            if not settings.cache_url and running.cache_url:
                addresses["cache_url"] = running.cache_url
            if not settings.registry_url and running.registry_url:
                addresses["registry_url"] = running.registry_url
            if not settings.database_url and running.database_url:
                addresses["database_url"] = running.database_url
    return settings.model_copy(update=addresses)


def to_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for child processes to see the same ones."""
    secrets = {name: value for name, value in settings if isinstance(value, SecretStr)}
    environment = {}
    for name, value in plain(settings).items():
        if value is not None and name not in secrets:
            environment[PREFIX + name.upper()] = value if isinstance(value, str) else json.dumps(value)
    for name, secret in secrets.items():
        if secret.get_secret_value():
            environment[PREFIX + name.upper()] = secret.get_secret_value()
    return environment


def plain(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values, sets in order and secrets masked."""
    values = settings.model_dump(mode="json")
    return {name: sorted(value) if isinstance(value, list) else value for name, value in values.items()}


def shown(settings: Settings) -> dict[str, Any]:
    """As `plain`, for people: passwords in addresses are masked as well."""
    return {name: masked(value) if isinstance(value, str) else value for name, value in plain(settings).items()}


def _not_text() -> str:
    """Which of the files it is."""
    try:
        Path(TOML_FILE).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return TOML_FILE
    except OSError:
        pass
    return ".env"


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | FOREIGN_NAMES
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsError(f"Unknown setting {name} in the environment.", _suggestion(name.upper(), known))


def _explained(error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":  # of a file: names of the environment were looked at before
        in_dot_env = name.upper().startswith(PREFIX)
        known = {PREFIX + field.upper() if in_dot_env else field for field in Settings.model_fields}
        shown, file = (name.upper(), ".env") if in_dot_env else (name, TOML_FILE)
        return SettingsError(f"Unknown setting {shown} in {file}.", _suggestion(shown, known))
    what = f"Setting {PREFIX}{name.upper()} is" if name else "The settings are"
    remedy = _form_of(name) if first["type"] in ("dict_type", "frozen_set_type") else _LISTED
    return SettingsError(f"{what} not valid: {first['msg'].removeprefix('Value error, ')}.", remedy)


def _form_of(name: str) -> str:
    """What a setting looks like that is written as JSON."""
    return _OBJECTS.get(name, _SET)


def _suggestion(name: str, known: set[str] | frozenset[str]) -> str:
    # without the prefix, which would make any two names alike
    shortened = {one.removeprefix(PREFIX): one for one in sorted(known)}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), list(shortened), 1)
    return f"Did you mean {shortened[near[0]]}?" if near else _LISTED


__all__ = ["load_settings", "plain", "shown", "to_environment"]
