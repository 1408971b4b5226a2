"""Names for people: of signals, languages, stages and states."""

from __future__ import annotations

from typing import Final

from processors.segments.signals import ALL

# Signals that a later version adds show under their own name.
SIGNAL_LABELS: Final = {
    "hook": "Hook",
    "completeness": "Complete thought",
    "substance": "Substance",
    "pace": "Pace",
    "clarity": "Clear words",
    "dynamics": "Lively voice",
    "loudness": "Loudness",
    "faces": "Faces",
    "picture": "Picture quality",
    "motion": "Motion",
    "rhythm": "Cutting rhythm",
    "novelty": "Visual change",
    "screen_text": "On-screen text",
}
GROUP_OF: Final = {signal.name: signal.group for signal in ALL}

# State of a result: its name and what it means.
STATUS: Final = {
    "final": ("Final", ""),
    "provisional": ("Provisional", "The video is still being worked on; this is the part that is known so far."),
    "degraded": ("Degraded", "Some parts of the video could not be used. The ranking rests on what is there."),
    "failed": ("Failed", "The video could not be processed."),
    "cancelled": ("Cancelled", "Work on this video was stopped on request."),
}

STAGE_LABELS: Final = {
    "audio-extractor": "Sound extraction",
    "frame-extractor": "Frame extraction",
    "metadata": "Metadata",
    "transcriber": "Transcription",
    "vision": "Picture analysis",
    "content": "Content analysis",
    "joiner": "Joining",
    "segmenter": "Ranking",
    "enricher": "Enrichment",
}

# The languages heard most in videos; others show their ISO 639 code.
LANGUAGE_NAMES: Final = {
    "ar": "Arabic",
    "bn": "Bengali",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}

__all__ = ["GROUP_OF", "LANGUAGE_NAMES", "SIGNAL_LABELS", "STAGE_LABELS", "STATUS"]
