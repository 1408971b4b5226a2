"""What `docs/quality.md` says about feelings and sounds, measured: `python -m tests.feelings [DATA]`.

Prints the pitch of each folder with speech, laughter and applause that is heard in files without any, the music of the
films, and what all of it costs beside recognition in the balanced profile.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from processors.blobs import BlobStore
from processors.domain import AudioChunk
from processors.media.audio import open_audio
from processors.models.store import ModelStore
from processors.options import Options
from processors.speech import feelings, transcribe
from processors.speech.extract import extract_audio
from processors.speech.pitch import pitch_track
from processors.speech.sounds import SoundFinder
from processors.speech.vad import Samples
from processors.tools import Tools
from streams.settings import Settings

SPEECH = ("speech_librispeech_3005", "speech_librispeech_533", "speech_librispeech_1998", "speech_fleurs_de")
SPEECH += ("speech_fleurs_es", "audio_katiesteve", "audio_jfk")
SOUND = (".flac", ".wav", ".ogg", ".mp3", ".mp4", ".webm", ".mov", ".mkv")


def main(folder: Path) -> None:
    """Measure and print."""
    files = [p for p in sorted(folder.glob("*/*")) if p.suffix in SOUND and p.parent.name != "corrupt_dev"]
    pitch(folder)
    sounds(files)
    cost(folder)


def tell(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def heard(path: Path) -> Samples:
    """The sound of a file; empty when it has none."""
    with open_audio(path, None) as track:
        blocks = [] if track is None else [block for _, block in track.blocks()]
    return np.concatenate([*blocks, np.zeros(0, np.float32)])


def pitch(folder: Path) -> None:
    """Medians per clip, and the time."""
    for name in SPEECH:
        clips = [heard(path) for path in sorted((folder / name).glob("*")) if path.suffix in SOUND]
        started = time.process_time()
        medians = sorted(float(np.nanmedian(pitch_track(clip).hz)) for clip in clips)
        share = (time.process_time() - started) * 16_000 / sum(map(len, clips))
        tell(f"pitch {name}: {medians[0]:.0f} to {medians[-1]:.0f} Hz, {share:.4f} x real time")


def sounds(files: list[Path]) -> None:
    """Every file as if nobody spoke in it: laughter and applause are false alarms, music is told of the films."""
    alarms: Counter[str] = Counter()
    total_s = 0.0
    for path in files:
        samples = heard(path)
        finder = SoundFinder()
        finder.feed(0, samples)
        lengths: Counter[str] = Counter()
        for sound in finder.finish():
            lengths[sound.kind] += sound.end_ms - sound.start_ms
            alarms[sound.kind] += sound.kind in ("laughter", "applause")
        total_s += len(samples) / 16_000
        if path.parent.name in ("video_bbb_30s", "video_chaplin"):
            tell(f"music {path.name}: {lengths['music'] / 1000:.1f} of {len(samples) / 16_000:.1f} s")
    alarmed = f"{alarms['laughter']} laughter, {alarms['applause']} applause"
    tell(f"false alarms in {len(files)} files, {total_s:.0f} s: {alarmed}")


def cost(folder: Path) -> None:
    """Processor time of all of it beside recognition, and how many markers there are."""
    spent = 0.0
    found: Counter[str] = Counter()

    def timed(chunk: transcribe.ChunkTranscript, samples: Samples) -> transcribe.ChunkTranscript:
        nonlocal spent
        started = time.process_time()
        felt = feelings.felt(chunk, samples)
        spent += time.process_time() - started
        for utterance in felt.utterances:
            found["words"] += len(utterance.words)
            found["utterances"] += 1
            found[utterance.emotion.label if utterance.emotion else "no emotion"] += 1
            found.update(marker.kind for marker in utterance.markers)
        return felt

    transcribe.felt = timed  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as state:
        tools = Tools(BlobStore(state), ModelStore(None, Settings().cache_dir), 1, None, Path(state))
        total, length_s = 0.0, 0.0
        for path in (p for name in SPEECH for p in sorted((folder / name).glob("*")) if p.suffix in SOUND):
            for chunk in extract_audio(path, Options(), tools):
                if isinstance(chunk, AudioChunk):
                    started = time.process_time()
                    transcribe.transcribe_chunk(chunk, Options(), tools)
                    total += time.process_time() - started
                    length_s += (chunk.end_ms - chunk.start_ms) / 1000
    share = 100 * spent / (total - spent)
    tell(f"cost: {spent / length_s:.5f} x real time, {share:.1f} % of recognition ({length_s:.0f} s)")
    tell(f"found: {dict(sorted(found.items()))}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
