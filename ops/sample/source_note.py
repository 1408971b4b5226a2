"""The text of ``SOURCE.md``: how the sample was made and under which licences."""

from __future__ import annotations

from ops.sample.storyboard import CUES, DISSOLVE_MS, LINES, TITLE, VOICES, Timeline

_HEAD = """# Where the sample comes from

`sample.mp4` ("{title}", {seconds:.2f} s, 640 x 360, 25 frames a second) was made for this project by
`python -m ops.sample.make_sample`. Nothing in it was recorded or copied: pictures are drawn, music is computed, voices
are synthetic. Do not edit the three files here by hand; change the script and make them anew.

| part | made by | licence |
|---|---|---|
| words, drawings, chords, surf | `storyboard.py`, `scene*.py`, `figures.py`, `sound.py` | that of this project |
| voices `{host}` (host), `{guide}` (guide) | CMU Flite 2.2 (Debian `flite`, `install_tts.sh`) | free, see below |
| lettering | Aileron, the font that Pillow carries inside | CC0 1.0 |
| encoding | PyAV with libx264 and the AAC encoder of FFmpeg | puts no terms on its output |

Flite is copyright Carnegie Mellon University, with a permissive licence (use, copy, modify and distribute without fee,
with the notice kept). Its voices `rms` and `slt` were built from the CMU ARCTIC recordings, which are free for any
use. The sample holds only speech made with them, no part of the program.

The guide "Mara Lind" is invented. What is said about turtles is simplified for a short talk; it is a demo, not a
source. Numbers on the map are illustrations.

## What is in it

`sample.truth.json` has the exact times, in ms, ends exclusive: `shots`, `speech` (one entry a sentence), `silences`
(digital silence before encoding) and `duplicates` (pairs of shots that look nearly alike, counted from 0). All cuts are
hard except the one into shot {dissolve} (`dissolve_ms`), whose bound is the middle of a dissolve of {dissolve_ms} ms.
"""


def source_note(timeline: Timeline) -> str:
    """Return the note in Markdown, with the tables of shots and sentences."""
    dissolve = next(index for index, cue in enumerate(CUES) if cue.dissolve)
    seconds = timeline.duration_ms / 1000
    text = _HEAD.format(title=TITLE, seconds=seconds, dissolve=dissolve, dissolve_ms=DISSOLVE_MS, **VOICES)
    rows = ["", "| shot | from s | to s | look |", "|---|---|---|---|"]
    for index, (cue, span) in enumerate(zip(CUES, timeline.shots, strict=True)):
        rows.append(f"| {index} | {span.start_ms / 1000:.2f} | {span.end_ms / 1000:.2f} | {cue.look} |")
    rows += ["", "| from s | to s | speaker | sentence |", "|---|---|---|---|"]
    for line, span in zip(LINES, timeline.lines, strict=True):
        rows.append(f"| {span.start_ms / 1000:.3f} | {span.end_ms / 1000:.3f} | {line.speaker} | {line.text} |")
    return text + "\n".join(rows) + "\n"
