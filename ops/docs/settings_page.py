"""Writes `docs/configuration.md` from the settings: `python -m ops.docs.settings_page`. A test says when it is old."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from streams.keeping_settings import KeepingSettings
from streams.service_settings import ServiceSettings
from streams.settings import PREFIX, TOML_FILE, Settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "configuration.md"
# Defaults that depend on the machine.
_DEFAULTS: Final = {
    "data_dir": "`$XDG_DATA_HOME/clipstream`, else `~/.local/share/clipstream`",
    "cache_dir": "`$XDG_CACHE_HOME/clipstream`, else `~/.cache/clipstream`",
    "workers": "number of cores",
}
_GROUP: Final = re.compile(r"\s*# --- (.+)")
_COMMENT: Final = re.compile(r"\s*# (.+)")
_FIELD: Final = re.compile(r"    (\w+): ")
_CHOICE: Final = re.compile(r"\^\(([\w|-]+)\)\$")

_HEAD: Final = f"""\
<!-- Made by `python -m ops.docs.settings_page`; changes here are lost. -->

# Configuration

Every setting is one field of `streams/settings.py`, those of the order of work, retention and logs of
`streams/keeping_settings.py`, those of paid services of `streams/service_settings.py`. It is read from, and the first
one wins:

1. flags of the command line
2. the environment, as `{PREFIX}` and the name in capitals
3. `.env` in the current folder, with the same names
4. `{TOML_FILE}` in the current folder, with the names in small letters and without the prefix
5. the embedded cluster that runs (`cluster.json` in the data folder): addresses only
6. the default

```
{PREFIX}BROKER_URL=kafka://broker:9092 {PREFIX}WORKERS=4 clipstream worker transcriber
```

A name with this prefix that is not on this page is refused, with the nearest one that is. `clipstream settings` prints
what is in force, secrets masked; `clipstream settings --json` likewise for programs.
"""
_TABLE_HEAD: Final = "| setting | default | allowed | meaning |\n|---|---|---|---|\n"


def page() -> str:
    """The text of the page."""
    parts = [_HEAD]
    for group, names in _groups().items():
        parts.append(f"\n## {group[0].upper()}{group[1:]}\n\n{_TABLE_HEAD}")
        for name, comment in names.items():
            field = Settings.model_fields[name]
            meaning = ". ".join(text.rstrip(".") for text in (field.description, comment) if text)
            cells = (f"`{PREFIX}{name.upper()}`", _default(name, field), _allowed(field), meaning.replace("|", r"\|"))
            parts.append(f"| {' | '.join(cells)} |\n")
    return "".join(parts)


def _groups() -> dict[str, dict[str, str]]:
    """Group -> setting -> the comment above it, as they stand in the source."""
    groups: dict[str, dict[str, str]] = {}
    comment: list[str] = []
    current: dict[str, str] = {}
    lines = [
        line
        for source in (Settings, KeepingSettings, ServiceSettings)
        for line in inspect.getsource(source).splitlines()
    ]
    for line in lines:
        if found := _GROUP.fullmatch(line):
            current = groups.setdefault(found[1], {})
        elif found := _COMMENT.fullmatch(line):
            comment.append(found[1])
            continue
        elif (found := _FIELD.match(line)) and found[1] in Settings.model_fields:
            current[found[1]] = " ".join(comment)
        comment = []
    return groups


def _default(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if name in _DEFAULTS:
        return _DEFAULTS[name]
    if isinstance(default, SecretStr) or default is None or default == "":
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, frozenset):
        return f"`{sorted(default)}`".replace("'", '"')
    return f"`{default:.10g}`" if isinstance(default, float) else f"`{default}`"


def _allowed(field: FieldInfo) -> str:
    if field.annotation is bool:
        return "`true`, `false`"
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    rules: list[str] = []
    for rule in field.metadata:
        rules += _rule(rule)
    return ", ".join(rules)


def _rule(rule: Any) -> list[str]:
    signs = {annotated_types.Ge: ("≥", "ge"), annotated_types.Gt: (">", "gt"), annotated_types.Le: ("≤", "le")}
    if type(rule) in signs:
        sign, name = signs[type(rule)]
        return [f"{sign} {getattr(rule, name):.10g}"]
    pattern = getattr(rule, "pattern", None)
    if pattern is None:
        return []
    choice = _CHOICE.fullmatch(pattern)
    text = ", ".join(f"`{word}`" for word in choice[1].split("|")) if choice else f"`{pattern}`"
    return [text.replace("|", r"\|")]


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
