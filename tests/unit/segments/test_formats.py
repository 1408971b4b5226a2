from __future__ import annotations

import html
import itertools
import re
from dataclasses import replace
from pathlib import Path

import av
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import Turn, Utterance
from processors.errors import InvalidMessage
from processors.segments import FORMATS, render_transcript
from processors.segments.formats import timestamp
from tests.unit.segments.builders import talk, utterance

SAID = [utterance("It really works. Does it?", 3_599_000), utterance("Sí, funciona.", 3_605_000, "es")]
TALK = [
    replace(utterance("Hello.", 0), speaker="S1"),
    replace(utterance("How are you?", 400), speaker="S1"),
    replace(utterance("Fine & <well>.", 2_000), speaker="Ana <b> & Co"),
    utterance("Who is that?", 4_000),
]


def test_srt() -> None:
    assert render_transcript(SAID, "srt") == (
        "1\n00:59:59,000 --> 00:59:59,970\nIt really works.\n\n"
        "2\n01:00:00,050 --> 01:00:00,850\nDoes it?\n\n"
        "3\n01:00:05,000 --> 01:00:05,800\nSí, funciona.\n"
    )


def test_vtt() -> None:
    assert render_transcript(SAID[1:], "vtt") == "WEBVTT\n\n1\n01:00:05.000 --> 01:00:05.800\nSí, funciona.\n"


def test_srt_names_speakers_where_they_change() -> None:
    lines = [line for line in render_transcript(TALK, "srt").splitlines() if line and line[0].isalpha()]
    assert lines == ["S1: Hello. How are you?", "Ana ‹b› & Co: Fine & ‹well›.", "Who is that?"]


def test_vtt_has_voices() -> None:
    lines = [line for line in render_transcript(TALK, "vtt").splitlines()[1:] if line and not line[0].isdigit()]
    assert lines == [
        "<v S1>Hello. How are you?",
        "<v Ana &lt;b&gt; &amp; Co>Fine &amp; &lt;well&gt;.",
        "Who is that?",
    ]


def test_txt_has_a_paragraph_for_each_language_and_long_pause() -> None:
    said = [*SAID, utterance("Claro.", 3_606_000, "es"), utterance("Adiós.", 3_620_000, "es")]
    assert render_transcript(said, "txt") == "It really works. Does it?\n\nSí, funciona. Claro.\n\nAdiós.\n"


def test_txt_has_a_paragraph_for_each_turn() -> None:
    again = replace(utterance("Back again.", 9_000), speaker="S1")
    later = replace(utterance("And later.", 20_000), speaker="S1")
    assert render_transcript([*TALK, again, later], "txt") == (
        "S1: Hello. How are you?\n\nAna <b> & Co: Fine & <well>.\n\nWho is that?\n\nS1: Back again.\n\nAnd later.\n"
    )


def test_rttm_of_nothing_said_is_empty() -> None:
    assert render_transcript([], "rttm") == ""


def test_json_is_the_transcript_of_a_result() -> None:
    found = orjson.loads(render_transcript(SAID, "json"))
    assert [entry["text"] for entry in found["transcript"]] == ["It really works. Does it?", "Sí, funciona."]
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
    said = Utterance(0, 9_000, HOSTILE, "en", words, -0.1, 0.0, None, speaker="Eve>\n\n00:01.000 --> 00:02.000")
    written = render_transcript([said], kind)
    times = [line for line in written.splitlines() if "-->" in line]
    assert all(re.fullmatch(r"[\d:.,]+ --> [\d:.,]+", line) for line in times)
    blocks = [block for block in written.split("\n\n") if block.strip() and not block.startswith("WEBVTT")]
    assert len(blocks) == len(times)
    assert "\u202e" not in written
    assert "\x00" not in written
    assert kind != "vtt" or (written.count("<") == written.count("\n<v ") == len(times) and "&lt;script&gt;" in written)


def shown_by_ffmpeg(path: Path, written: str) -> list[str]:
    """The cues of an SRT file as FFmpeg's decoder hands them to libass."""
    path.write_text(written, encoding="utf-8")
    with av.open(path) as media:
        events = [event for packet in media.demux(media.streams.subtitles[0]) for event in packet.decode()]
    return [event.ass.decode().split(",", 8)[8].replace(r"\N", " ") for event in events]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (r"{\an8}Hello <b>bold</b>", r"(\an8)Hello ‹b›bold‹/b›"),
        ("< i>so</ i> {Y:i}it {is} <br>and <font color=red>so", "‹ i›so‹/ i› (Y:i)it (is) ‹br›and ‹font color=red›so"),
        ("a<b and c>d", "a‹b and c›d"),
        ("5 < 7 and 9 --> 8", "5 ‹ 7 and 9 -› 8"),
        (r"C:\New\home \x", "C:\\\u2060New\\\u2060home \\x"),
        ("<script>x</script> <unclosed", "‹script›x‹/script› ‹unclosed"),
        ("<<b>> {{}}", "‹‹b›> (())"),
    ],
)
def test_srt_shows_markup_as_text(said: str, shown: str, tmp_path: Path) -> None:
    written = render_transcript([utterance(said, 0, word_ms=600)], "srt")
    assert " ".join(line for line in written.splitlines()[2:] if line) == shown
    assert " ".join(shown_by_ffmpeg(tmp_path / "said.srt", written)) == shown


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_a_long_transcript_reads_in_order(kind: str) -> None:
    transcript = [said for chunk in talk(5).transcripts for said in chunk.utterances]
    times = re.findall(r"([\d:.,]+) --> ([\d:.,]+)", render_transcript(transcript, kind))
    flat = [time for pair in times for time in pair]
    assert len(times) > 60
    assert flat == sorted(flat)


def test_every_format_has_a_name() -> None:
    assert FORMATS == ("json", "srt", "vtt", "txt", "rttm")


@pytest.mark.parametrize(
    ("ms", "written"),
    [(0, "00:00:00.000"), (3_599_999, "00:59:59.999"), (36_000_000, "10:00:00.000"), (360_000_001, "100:00:00.001")],
)
def test_timestamp(ms: int, written: str) -> None:
    assert timestamp(ms, ".") == written


def parsed(content: str, mark: str) -> list[tuple[int, int, str, str]]:
    """(start_ms, end_ms, voice, text) of each cue, by a small reader of its own: blocks, numbers, times, text."""
    head, _, body = content.partition("\n\n") if mark == "." else ("WEBVTT", "", content)
    assert head.strip() == "WEBVTT"
    cues = []
    for number, block in enumerate(body.strip("\n").split("\n\n") if body.strip() else [], start=1):
        count, timing, *text = block.split("\n")
        assert int(count) == number
        start, end = (re.fullmatch(rf"(\d+):(\d\d):(\d\d)\{mark}(\d{{3}})", part) for part in timing.split(" --> "))
        assert start is not None
        assert end is not None
        start_ms, end_ms = (
            ((int(time[1]) * 60 + int(time[2])) * 60 + int(time[3])) * 1_000 + int(time[4]) for time in (start, end)
        )
        joined, voice = " ".join(text), ""
        if mark == "." and joined.startswith("<v "):
            voice, _, joined = joined[3:].partition(">")
        assert mark != "." or "<" not in joined
        if mark == ".":
            joined, voice = html.unescape(joined), html.unescape(voice)
        cues.append((start_ms, end_ms, voice, joined))
    return cues


texts = st.lists(st.sampled_from(["so", "it", "&amp;", "<i>", "a<b", "-->", "&", "“no”", "2", "ok."]), min_size=1)


@given(
    st.lists(st.tuples(texts, st.sampled_from([None, "S1", "A & <B>"])), max_size=6), st.sampled_from(["srt", "vtt"])
)
def test_what_is_written_can_be_read_again(drawn: list[tuple[list[str], str | None]], kind: str) -> None:
    said, at_ms = [], 0
    for words, speaker in drawn:
        said.append(replace(utterance(" ".join(words), at_ms), speaker=speaker))
        at_ms = said[-1].end_ms + 100
    cues = parsed(render_transcript(said, kind), "." if kind == "vtt" else ",")
    flat = [time for start_ms, end_ms, _, _ in cues for time in (start_ms, end_ms)]
    assert flat == sorted(flat)
    expected = [word for words, _ in drawn for word in words]
    found = [word for _, _, _, text in cues for word in text.split()]
    if kind == "vtt":
        assert found == expected
        voices = [voice for voice, _ in itertools.groupby(voice for _, _, voice, _ in cues)]
        assert voices == [voice for voice, _ in itertools.groupby(speaker or "" for _, speaker in drawn)]
    else:
        written = " ".join(found).replace("S1: ", "").replace("A & ‹B›: ", "")
        plain = written.replace("‹", "<").replace("›", ">")
        assert plain == " ".join(expected).replace("-->", "->")
        assert "<" not in written
