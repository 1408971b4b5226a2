from __future__ import annotations

import re

import orjson
import pytest

from processors.domain import Turn, Utterance
from processors.errors import InvalidMessage
from processors.segments import FORMATS, render_transcript
from processors.segments.formats import timestamp
from tests.unit.segments.builders import talk, utterance

SAID = [utterance("It works. Does it?", 3_599_000), utterance("Sí, funciona.", 3_605_000, "es")]


def test_srt() -> None:
    assert render_transcript(SAID, "srt") == (
        "1\n00:59:59,000 --> 00:59:59,700\nIt works.\n\n"
        "2\n00:59:59,700 --> 01:00:00,700\nDoes it?\n\n"
        "3\n01:00:05,000 --> 01:00:06,000\nSí, funciona.\n"
    )


def test_vtt() -> None:
    assert render_transcript(SAID[1:], "vtt") == "WEBVTT\n\n1\n01:00:05.000 --> 01:00:06.000\nSí, funciona.\n"


def test_txt_has_a_paragraph_for_each_language_and_long_pause() -> None:
    said = [*SAID, utterance("Claro.", 3_606_000, "es"), utterance("Adiós.", 3_620_000, "es")]
    assert render_transcript(said, "txt") == "It works. Does it?\n\nSí, funciona. Claro.\n\nAdiós.\n"


def test_json_is_the_transcript_of_a_result() -> None:
    found = orjson.loads(render_transcript(SAID, "json"))
    assert [entry["text"] for entry in found["transcript"]] == ["It works. Does it?", "Sí, funciona."]
    assert found["transcript"][0]["words"][0] == {
        "start_ms": 3_599_000,
        "end_ms": 3_599_300,
        "text": "It",
        "probability": 0.9,
    }


def test_rttm_has_a_line_for_each_turn() -> None:
    turns = [Turn(1_000, 2_500, "S1"), Turn(2_400, 3_600_000, "Ada Lovelace")]
    assert render_transcript(SAID, "rttm", turns, "my talk") == (
        "SPEAKER my_talk 1 1.000 1.500 <NA> <NA> S1 <NA> <NA>\n"
        "SPEAKER my_talk 1 2.400 3597.600 <NA> <NA> Ada_Lovelace <NA> <NA>\n"
    )
    assert render_transcript([], "rttm") == ""


def test_rttm_of_words_without_speakers_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="no speakers"):
        render_transcript(SAID, "rttm")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidMessage, match="json, srt, vtt, txt, rttm"):
        render_transcript(SAID, "doc")


@pytest.mark.parametrize(
    ("kind", "expected"), [("srt", "\n"), ("vtt", "WEBVTT\n"), ("txt", ""), ("json", '{\n  "transcript": []\n}\n')]
)
def test_nothing_said(kind: str, expected: str) -> None:
    assert render_transcript([], kind) == expected


HOSTILE = "Hi --> there <script>x</script> & 00:00:01.000 --> 00:00:02.000 \u202eevil \n\n 2 \x00 end."


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_text_cannot_end_a_cue_nor_become_markup(kind: str) -> None:
    words = utterance(HOSTILE, 0).words
    written = render_transcript([Utterance(0, 9_000, HOSTILE, "en", words, -0.1, 0.0, None)], kind)
    times = [line for line in written.splitlines() if "-->" in line]
    assert all(re.fullmatch(r"[\d:.,]+ --> [\d:.,]+", line) for line in times)
    blocks = [block for block in written.split("\n\n") if block.strip() and not block.startswith("WEBVTT")]
    assert len(blocks) == len(times)
    assert "\u202e" not in written
    assert "\x00" not in written
    assert kind != "vtt" or ("<" not in written and "&lt;script&gt;" in written)


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_a_long_transcript_reads_in_order(kind: str) -> None:
    transcript = [said for chunk in talk(5).transcripts for said in chunk.utterances]
    times = re.findall(r"([\d:.,]+) --> ([\d:.,]+)", render_transcript(transcript, kind))
    flat = [time for pair in times for time in pair]
    assert len(times) > 80
    assert flat == sorted(flat)


def test_every_format_has_a_name() -> None:
    assert FORMATS == ("json", "srt", "vtt", "txt", "rttm")


@pytest.mark.parametrize(
    ("ms", "written"),
    [(0, "00:00:00.000"), (3_599_999, "00:59:59.999"), (36_000_000, "10:00:00.000"), (360_000_001, "100:00:00.001")],
)
def test_timestamp(ms: int, written: str) -> None:
    assert timestamp(ms, ".") == written
