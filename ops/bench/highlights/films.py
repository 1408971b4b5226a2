"""Short films with known highlights: `python -m ops.bench.highlights.films OUT --films 4 --split test --seed 0`.

Spoken by Flite (English alone), over pictures of the bundled sample that change at random, so that no cut betrays a
border. For each film a folder with NAME.mp4, NAME.highlights.json, NAME.passages.json and NAME.truth.json: both `bench
segments` and `bench asr` read them. Flite is a system package (`ops/sample/install_tts.sh`).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from ops.bench.highlights.passages import Split
from ops.bench.highlights.plan import Plan, Size, plan
from ops.bench.highlights.timing import pause_ms
from ops.bench.highlights.voices import LOUDNESS_DB, of_passage, of_utterance
from ops.sample import encode, speech
from ops.sample.canvas import Moment
from ops.sample.make_sample import SCENES
from ops.sample.speech import RATE_HZ, SAMPLES_PER_MS, Samples
from ops.sample.storyboard import FPS, FRAME_MS

# Two highlights with three fillers and a greeting around them take 2 to 4 minutes.
FILM: Final = Size((2, 2), {"en": (2.0, 3.2)})
_VOICES: Final = ("slt", "rms", "awb")  # of Flite, clear ones of a woman and two men
_LEAD_MS: Final = 700
_NOISE_DBFS: Final = -58.0  # of a quiet room, so that pauses are no digital silence
_LIMIT: Final = 0.98
_SHOT_MS: Final = (3_000, 14_000)
_DRAWN_EVERY: Final = 5  # frames for one drawing: 5 pictures a second move well enough, and take a fifth of the time


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence on the sound track.

    Attributes:
        passage: its number in the plan.
        speaker: number of who says it.
        start_ms, end_ms: of its sound.
        text: what is said.
    """

    passage: int
    speaker: int
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Film:
    """What is said when, and the sound of it."""

    name: str
    plan: Plan
    spoken: list[Spoken]
    sound: Samples


def film(split: Split, seed: int, number: int) -> Film:
    """Speak a film; the same for the same arguments and the same Flite.

    Raises:
        FileNotFoundError: Flite is not installed.
    """
    source = random.Random(f"film {split} {seed} {number}")
    made = plan(split, number, source, FILM)
    voices = source.sample(_VOICES, made.speakers)
    spoken: list[Spoken] = []
    clips: list[Samples] = []
    at_ms, before = _LEAD_MS, made.said[0].speakers[0]
    for passage, said in enumerate(made.said):
        manner, opens = of_passage(said.passage.role == "highlight", source), True
        for speaker, sentences in zip(said.speakers, said.passage.turns, strict=True):
            for sentence in sentences:
                at_ms += pause_ms(opens, speaker != before, source) if spoken else 0
                text = " ".join(sentence.words)
                louder_db = LOUDNESS_DB * of_utterance(manner, source).loudness
                clips.append(speech.clip(voices[speaker], text) * np.float32(10 ** (louder_db / 20)))
                end_ms = at_ms + len(clips[-1]) // SAMPLES_PER_MS
                spoken.append(Spoken(passage, speaker, at_ms, end_ms, text))
                at_ms, before, opens = end_ms, speaker, False
    name = f"film-{split}-{seed}-{number:02}-{made.subject}"
    return Film(name, made, spoken, _mixed(spoken, clips, at_ms + _LEAD_MS, source))


def write(one: Film, folder: Path, seed: int) -> Path:
    """Draw it, encode it, and write what is known of it; returns the path of the video."""
    into = folder / one.name
    into.mkdir(parents=True, exist_ok=True)
    video = into / f"{one.name}.mp4"
    encode.write(video, _pictures(one, random.Random(f"pictures {seed} {one.name}")), one.sound, one.name)
    rows = passages_of(one)
    for kind, content in (
        ("highlights", [row for row in rows if row["role"] == "highlight"]),
        ("passages", rows),
        ("truth", truth_of(one)),
    ):
        (into / f"{one.name}.{kind}.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    return video


def passages_of(one: Film) -> list[dict[str, Any]]:
    """All passages with their times, as `talks.passages_of`."""
    rows = []
    for number, said in enumerate(one.plan.said):
        own = [sentence for sentence in one.spoken if sentence.passage == number]
        rows.append(
            {"start_ms": own[0].start_ms, "end_ms": own[-1].end_ms, "passage": said.passage.id,
             "role": said.passage.role, "kind": said.passage.kind}
        )  # fmt: skip
    return rows


def truth_of(one: Film) -> dict[str, Any]:
    """What `NAME.truth.json` holds: what is said when."""
    speech_rows = [
        {"start_ms": said.start_ms, "end_ms": said.end_ms, "lang": one.plan.language, "text": said.text,
         "speaker": f"S{said.speaker + 1}"}
        for said in one.spoken
    ]  # fmt: skip
    return {"duration_ms": len(one.sound) // SAMPLES_PER_MS, "speech": speech_rows}


def _mixed(spoken: Sequence[Spoken], clips: Sequence[Samples], length_ms: int, source: random.Random) -> Samples:
    """The clips over the noise of a room, a whole number of frames long."""
    count = -(-length_ms // FRAME_MS) * FRAME_MS * SAMPLES_PER_MS
    noise = np.random.default_rng(source.getrandbits(32)).standard_normal(count).astype(np.float32)
    whole = noise * np.float32(10 ** (_NOISE_DBFS / 20))
    for said, clip in zip(spoken, clips, strict=True):
        start = said.start_ms * SAMPLES_PER_MS
        whole[start : start + len(clip)] += clip
    return np.asarray(np.clip(whole, -_LIMIT, _LIMIT), dtype=np.float32)


def _pictures(one: Film, source: random.Random) -> Iterator[NDArray[np.uint8]]:
    """Frames of 640 x 360, 25 a second: shots of the sample's looks, never the same one twice in a row."""
    looks = sorted(SCENES)
    per_frame = RATE_HZ // FPS
    frames, number, look = len(one.sound) // per_frame, 0, ""
    while number < frames:
        look = source.choice([other for other in looks if other != look])
        length = min(frames - number, source.randint(*_SHOT_MS) // FRAME_MS)
        picture: NDArray[np.uint8] | None = None
        for at in range(length):
            if picture is None or at % _DRAWN_EVERY == 0:
                heard = one.sound[(number + at) * per_frame : (number + at + 1) * per_frame]
                mouth = float(min(1.0, 8.0 * np.sqrt(np.mean(heard**2))))
                picture = SCENES[look](Moment(at / FPS, at / length, mouth)).pixels()
            yield picture
        number += length


def main() -> None:
    """Read the arguments and make the films."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.highlights.films", description=__doc__)
    parser.add_argument("out", type=Path, help="folder, made where it is missing")
    parser.add_argument("--split", choices=("train", "test"), default="test", help="half of the passages (test)")
    parser.add_argument("--films", type=int, default=4, help="how many (4)")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other films (0)")
    given = parser.parse_args()
    for number in range(given.films):
        try:
            one = film(given.split, given.seed, number)
        except FileNotFoundError as error:
            parser.exit(1, f"{error}\n")
        print(f"{write(one, given.out, given.seed)}: {len(one.sound) / RATE_HZ:.0f} s", flush=True)


if __name__ == "__main__":
    main()
