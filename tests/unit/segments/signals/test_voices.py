"""Signals of voices, of who speaks, and of place and length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.domain import Document, Marker, Sound, VoiceFeatures
from processors.segments.material import Material
from processors.segments.signals.exchange import LIVELY, Exchange
from processors.segments.signals.laughter import Laughter
from processors.segments.signals.length import ENOUGH_MS, Length
from processors.segments.signals.pitch import Pitch
from processors.segments.signals.position import FAR_MOST_MS, Position
from tests.unit.segments.builders import material, utterance, windows

MINUTE_MS = 60_000


def test_a_voice_that_moves_is_above_a_flat_one() -> None:
    flat, lively = (VoiceFeatures(120.0, 5.0, moved, 10.0, 2.5, None, 0.6) for moved in (1.0, 3.0))
    said = [replace(utterance("Rivers bend.", 0), voice=flat), replace(utterance("Rivers bend.", 9_000), voice=lively)]
    of = material([*said, utterance("Nobody knows.", 18_000)])
    found = Pitch().measure(of, windows(of, (0, 9_000), (9_000, 18_000), (18_000, 25_000)))
    assert found is not None
    assert found.raw[:2].tolist() == [1.0, 3.0]
    assert found.raw[2] != found.raw[2]
    assert found.detail(1) == "the voice moves by ±3.0 semitones, ±2.0 on average"
    assert Pitch().measure(material([utterance("Rivers bend.", 0)]), windows(of, (0, 9_000))) is None


def test_laughter_is_counted_once_in_sounds_and_markers() -> None:
    said = replace(utterance("Rivers bend.", 0), markers=[Marker("laughter", 2_000, 4_000, 0.5)])
    document = Document(transcript=[said], sounds=[Sound(2_000, 4_000, "laughter", 0.5), Sound(0, 9_000, "music", 1.0)])
    of = Material.of(document, [], [], 2 * MINUTE_MS)
    found = Laughter().measure(of, of.windows(windows(of, (0, MINUTE_MS), (MINUTE_MS, 2 * MINUTE_MS)).spans))
    assert found is not None
    assert found.raw.tolist() == [1.0, 0.0]
    assert found.detail(0) == "laughter"
    assert found.detail(1) == "nobody laughs or applauds"


def test_without_laughter_there_is_nothing_to_measure() -> None:
    of = material([utterance("Rivers bend.", 0)])
    assert Laughter().measure(of, windows(of, (0, 5_000))) is None


def test_changes_of_speaker_a_minute_up_to_a_lively_talk() -> None:
    said = [
        replace(utterance("Rivers bend.", 1_000 * at), speaker="S1" if at % 2 or at < 20 else "S2") for at in range(40)
    ]
    of = material(said, duration_ms=MINUTE_MS)
    found = Exchange().measure(of, windows(of, (0, 19_000), (20_000, 40_000), (18_000, 21_500)))
    assert found is not None
    assert found.raw[0] == 0
    assert found.raw[1] == LIVELY
    assert found.detail(0) == "one person speaks"
    assert found.detail(1) == "19 changes of speaker"
    assert Exchange().measure(material([replace(one, speaker="S1") for one in said]), windows(of, (0, 9_000))) is None


def test_the_middle_is_as_good_anywhere_and_the_ends_are_worse() -> None:
    of = material([], duration_ms=60 * MINUTE_MS)
    spans = [
        (0, 9_000),
        (FAR_MOST_MS // 2, FAR_MOST_MS),
        (20 * MINUTE_MS, 21 * MINUTE_MS),
        (30 * MINUTE_MS, 31 * MINUTE_MS),
    ]
    found = Position().measure(of, windows(of, *spans, (59 * MINUTE_MS, 60 * MINUTE_MS)))
    assert found is not None
    assert found.raw.tolist() == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.0])
    assert found.detail(2) == "from 20:00 of 1:00:00"


def test_longer_than_enough_is_no_better() -> None:
    of = material([], duration_ms=10 * MINUTE_MS)
    found = Length().measure(of, windows(of, (0, 30_000), (0, ENOUGH_MS), (0, 2 * ENOUGH_MS)))
    assert found is not None
    assert found.raw.tolist() == [30.0, 75.0, 75.0]
    assert found.detail(2) == "150 s long"
