"""Bytes on the wire."""

from __future__ import annotations

import contextlib
import struct

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.domain import ChunkTranscript, ExtractionEnd, Utterance, Word
from processors.errors import Fatal, InvalidMessage
from processors.options import Options
from schemas.messages import DeadLetter, Header, TranscriptMessage, VideoIngested
from streams import codec, topics
from streams.codec import RecordTooLarge

HEADER = Header("v", 0, "transcriber", 3, "ok", None, 1, Options(profile="fast"), None, 12, False)


def transcript(words: int) -> TranscriptMessage:
    spoken = [Word(n, n + 1, "wörd", 0.5) for n in range(words)]
    said = Utterance(0, words, "text", "en", spoken, -0.3, 0.1, None)
    return TranscriptMessage(HEADER, ChunkTranscript(0, 9, 9, "en", 0.9, [said], [], "base"), None)


def test_round_trip_of_items_and_ends():
    for message in (transcript(5), TranscriptMessage(HEADER, None, ExtractionEnd(None, 2, None, ["cut short"]))):
        assert codec.decode(topics.TRANSCRIPT, codec.encode(topics.TRANSCRIPT, message)) == message


def test_framing_is_confluent():
    raw = codec.encode(topics.VIDEO_INGESTED, VideoIngested(uri="/a"))
    assert struct.unpack(">bI", raw[:5]) == (0, 1_000_030)


def test_records_above_the_limit_are_refused():
    with pytest.raises(RecordTooLarge):
        codec.encode(topics.TRANSCRIPT, transcript(60_000))


def test_json_ingest_takes_defaults():
    got = codec.decode(topics.VIDEO_INGESTED, b'{"uri": "/v.mp4", "options": {"profile": "fast"}}')
    assert got == VideoIngested(uri="/v.mp4", options=Options(profile="fast"))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Empty"),
        (None, "Empty"),
        (b"{", "not valid JSON"),
        (b"{}", "no 'uri'"),
        (b'{"uri": ""}', "'uri' of the ingest message must be a text"),
        (b'{"uri": 7}', "'uri' of the ingest message must be a text"),
        (b'{"uri": "/x", "options": []}', "must be an object"),
        (b'{"uri": "/x", "options": 3}', "must be an object"),
        (b'{"uri": "/x", "more": 1}', "Unknown field 'more'"),
        (b'{"uri": "/x", "generation": "z"}', "generation"),
        (b'{"uri": "/x", "options": {"profil": "fast"}}', "Did you mean 'profile'"),
        (b'{"uri": "/x", "options": {"max_segments": 0}}', "max_segments"),
        (b'{"uri": "/x", "options": {"min_segment_ms": 9000, "max_segment_ms": 5000}}', "min_segment_ms"),
        (b"[]", "not a JSON object"),
        (b"17", "not a JSON object"),
        (b"[", "not valid JSON"),
        (b"/videos/talk.mp4", "neither JSON nor an Avro record"),
        (b"\0\0\0\0\1abc", "Unknown schema id 1"),
        (struct.pack(">bI", 0, 1_000_002) + b"x", "audio-chunk record is on"),
        (struct.pack(">bI", 0, 1_000_001) + b"\xff\xff", "Broken Avro"),
    ],
)
def test_unreadable_ingest_messages_say_why(raw, reason):
    with pytest.raises(InvalidMessage, match=reason):
        codec.decode(topics.VIDEO_INGESTED, raw)


def test_a_newer_writer_is_fatal_and_not_poison():
    with pytest.raises(Fatal, match="newer clipstream"):
        codec.decode(topics.TRANSCRIPT, struct.pack(">bI", 0, 1_000_999) + b"x")


def test_bytes_behind_the_record_are_refused():
    raw = codec.encode(topics.TRANSCRIPT, transcript(1))
    with pytest.raises(InvalidMessage, match="behind"):
        codec.decode(topics.TRANSCRIPT, raw + b"x")


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_but_invalid(noise):
    raw = struct.pack(">bI", 0, 1_000_004) + noise
    with contextlib.suppress(InvalidMessage):
        codec.decode(topics.TRANSCRIPT, raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_any_json_never_raises_anything_but_invalid(value):
    for document in (value, {"uri": "/x", "options": value}, {"uri": value}):
        with contextlib.suppress(InvalidMessage):
            codec.decode(topics.VIDEO_INGESTED, orjson.dumps(document))


def test_dead_letters_keep_raw_bytes():
    letter = DeadLetter("metadata", "t", 1, 2, None, b"\xff\x00", None, "InvalidMessage", "why", "", 1, 5)
    assert codec.decode(topics.DEAD_LETTER, codec.encode(topics.DEAD_LETTER, letter)) == letter
