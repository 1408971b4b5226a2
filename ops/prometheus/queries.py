"""Which metrics a PromQL expression asks for: enough of the language for rules and dashboards of our own."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACES: Final = re.compile(r"\{[^}]*\}")
_RANGE: Final = re.compile(r"\[[^\]]*\]")
_DURATION: Final = re.compile(r"\boffset\s+\S+")
# Labels stand in brackets behind these, and are no metrics.
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME: Final = re.compile(r"(?<![\w.$:])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()")
_WORDS: Final = frozenset(
    {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf"}
)


def metrics_in(expression: str, recorded: Collection[str] = ()) -> set[str]:
    """Names of the series that it selects, those left out that are recorded by rules.

    Args:
        expression: PromQL; variables of Grafana (`$stage`) are passed over.
        recorded: names that rules record.
    """
    text = _STRING.sub('""', expression)
    for part in (_BRACES, _RANGE, _DURATION, _GROUPING):
        text = part.sub(" ", text)
    return {name for name in _NAME.findall(text) if name not in _WORDS and name not in recorded}


__all__ = ["metrics_in"]
