"""Passwords and keys stay out of everything that people and log files see."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

if TYPE_CHECKING:
    from streams.settings import Settings

_MASK: Final = "***"
# The password of ://user:password@host, up to the last @ before white space or the next address of a list: one that was
# not percent-encoded may hold any of : / @ itself.
_PASSWORD: Final = re.compile(r"(://[^:@/\s]*:)((?:(?!://)\S)*)@")


def masked(text: str) -> str:
    """A text with the passwords in its addresses masked."""
    return _PASSWORD.sub(rf"\1{_MASK}@", text)


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
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return masked(text)


__all__ = ["MaskingFormatter", "masked", "secrets_of"]
