"""Passwords and keys stay out of everything that people and log files see."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from processors.media import weburl

if TYPE_CHECKING:
    from streams.settings import Settings

_MASK: Final = "***"
_SOURCES: Final = frozenset({"callback_url", "source", "uri"})
# Of dead letters: what could not be decoded, and what was said about it.
_WORDS: Final = frozenset({"error", "key", "message", "reason", "trace", "value"})
# The password of ://user:password@host, up to the last @ before white space or the next address of a list: one that was
# not percent-encoded may hold any of : / @ itself.
_PASSWORD: Final = re.compile(r"(://[^:@/\s]*:)((?:(?!://)\S)*)@")


def masked(text: str) -> str:
    """A text with the passwords in its addresses masked."""
    return _PASSWORD.sub(rf"\1{_MASK}@", text)


def published(value: Any) -> Any:
    """A JSON value for people and programs: its sources and its words hold no passwords and no keys of web addresses.

    Topics hold sources whole, since agents fetch them.
    """
    if isinstance(value, dict):
        return {name: _published_field(name, inner) for name, inner in value.items()}
    return [published(inner) for inner in value] if isinstance(value, list) else value


def _published_field(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return published(value)
    if name in _SOURCES:
        return weburl.public(value)
    return weburl.public_text(value) if name in _WORDS else value


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """All secrets that the settings hold, the longest first, those within addresses too."""
    found = set()
    for _, value in settings:
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
        elif isinstance(value, str):
            found |= {match[1] for match in _PASSWORD.findall(value)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


class MaskingFormatter(logging.Formatter):
    """Writes log records, traces too, without the secrets of the settings and without passwords in addresses.

    Args:
        layout: as `logging.Formatter`.
        secrets: as they stand in the settings.
    """

    def __init__(self, layout: str, secrets: tuple[str, ...]) -> None:
        super().__init__(layout)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return without_secrets(super().format(record), self._secrets)


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """A text with these secrets masked, and the passwords in its addresses."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return masked(text)


__all__ = ["MaskingFormatter", "masked", "published", "secrets_of", "without_secrets"]
