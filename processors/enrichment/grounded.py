"""What must not stand beside a clip whoever wrote it: addresses, and figures that nobody said.

A transcript is a stranger's text. It may order a model to advertise, and models make figures up. Neither can be told
from the wording, both can be told from the text that the model was shown.
"""

from __future__ import annotations

import re
from typing import Final

# Links, mail addresses, names of accounts. A domain ends in letters of one case: "3.5", "e.g." and "so.The" are none.
_ADDRESS: Final = re.compile(
    r"(?:https?:|www\.)\S+|\S+@\S+|(?<!\w)@\w{2,}|\b[\w-]{2,}\.(?:(?-i:[a-z]{2,3}|[A-Z]{2,3})|info|shop|link|site|online)\b(?:/\S*)?",
    re.IGNORECASE,
)
_FIGURE: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_SEPARATORS: Final = re.compile(r"[.,:]")
# Up to a dozen, people say words ("three reasons") and titles have figures.
_SPOKEN: Final = 12


def foreign(text: str, shown: str) -> str | None:
    """What of a text has no ground in what was shown, for people; None when all has.

    Args:
        text: that a model wrote.
        shown: all that it was shown of the clip and its video.
    """
    known_words = shown.casefold()
    for found in _ADDRESS.findall(text):
        if found.casefold().rstrip(".,;:!?)") not in known_words:
            return "an address that nobody names"
    known = {_figure(found) for found in _FIGURE.findall(shown)}
    for found in map(_figure, _FIGURE.findall(text)):
        if found not in known and not (len(found) <= 2 and int(found) <= _SPOKEN):
            return "a figure that nobody names"
    return None


def _figure(text: str) -> str:
    """A figure without its separators: "1,500" and "1.500" are one."""
    return _SEPARATORS.sub("", text)


__all__ = ["foreign"]
