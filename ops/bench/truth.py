"""Word errors of a transcript against a truth file, in all and by language of the truth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from processors.speech.wer import NO_ERRORS, WordErrors, word_errors

DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Spoken:
    """One speech segment of a truth file."""

    start_ms: int
    end_ms: int
    language: str
    text: str


def speech_by_language(truth: dict[str, Any]) -> list[Spoken]:
    """The speech segments of a `NAME.truth.json`, in time order; those that were cut in the middle are left out."""
    found = [
        Spoken(entry["start_ms"], entry["end_ms"], entry.get("lang", "?"), entry["text"])
        for entry in truth.get("speech", [])
        if not entry.get("cut")
    ]
    return sorted(found, key=lambda spoken: spoken.start_ms)


def pooled_errors(truth: list[Spoken], said: list[tuple[int, str]]) -> dict[str, Any]:
    """Word errors in all, and by language with each text given to the truth segment that it lies nearest to.

    Args:
        truth: reference.
        said: (start in ms, word) of the hypothesis.
    """
    reference = " ".join(spoken.text for spoken in truth)
    hypothesis = " ".join(text for _, text in sorted(said))
    total = word_errors(reference, hypothesis)
    texts: dict[int, list[str]] = defaultdict(list)
    for start_ms, text in sorted(said):
        nearest = min(range(len(truth)), key=lambda n: _distance(truth[n], start_ms), default=-1)
        texts[nearest].append(text)
    by_language: dict[str, WordErrors] = defaultdict(lambda: NO_ERRORS)
    for number, spoken in enumerate(truth):
        by_language[spoken.language] += word_errors(spoken.text, " ".join(texts[number]))
    return {
        "all": round(total.rate, DECIMALS),
        "reference_words": total.reference_words,
        "deletions": total.deletions,
        "insertions": total.insertions,
        "by_language": {language: round(errors.rate, DECIMALS) for language, errors in sorted(by_language.items())},
    }


def _distance(spoken: Spoken, at_ms: int) -> int:
    return max(spoken.start_ms - at_ms, at_ms - spoken.end_ms, 0)
