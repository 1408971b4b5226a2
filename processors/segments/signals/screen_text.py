"""Screen text: titles, slides, captions and signs, which say what a moment is about even without sound."""

from __future__ import annotations

from typing import Final

from processors.domain import FrameAnalysis
from processors.segments.material import Material, Totals, Windows
from processors.segments.signals.base import Measured, Signal, plural, quoted
from processors.segments.words import clean_text, shortened

# Shorter findings of text recognition are mostly textures read as letters.
LEAST_CHARACTERS: Final = 3
SHOWN_CHARACTERS: Final = 40


class ScreenText(Signal):
    """Share of frames with readable text."""

    name = "screen_text"
    group = "vision"
    # least of the visual signals: a logo in the corner counts as much as a headline
    weight = 0.01

    def measure(self, material: Material, windows: Windows) -> Measured | None:
        if not material.frames:
            return None
        texts = [frame_text(frame) for frame in material.frames]
        low, high = windows.frame_low, windows.frame_high
        raw = Totals(float(text != "") for text in texts).mean(low, high)

        def detail(index: int) -> str:
            inside = [text for text in texts[int(low[index]) : int(high[index])] if text]
            if not inside:
                return "no text in the picture"
            return f"text in {plural(len(inside), 'frame')}: {quoted([shortened(inside[0], SHOWN_CHARACTERS)])}"

        return Measured(raw, detail)


def frame_text(frame: FrameAnalysis) -> str:
    """The frame's text in one line, empty when there is none worth reading."""
    lines = [line for line in map(clean_text, frame.text) if sum(map(str.isalnum, line)) >= LEAST_CHARACTERS]
    return " ".join(lines)


__all__ = ["ScreenText", "frame_text"]
