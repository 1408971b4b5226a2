"""Options of a request: what is taken, and what is said about what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from processors.errors import InvalidMessage
from processors.options import Options, parse_options
from streams import codec, identity, topics
from streams.client import request_for
from streams.settings import Settings

BOUNDS = {"min_segment_ms": 9_000, "max_segment_ms": 8_000}


def test_reasons_are_those_of_this_program() -> None:
    with pytest.raises(InvalidMessage) as caught:
        codec.decode(topics.VIDEO_INGESTED, orjson.dumps({"uri": "file:///talk.mp4", "options": BOUNDS}))
    assert caught.value.reason == "The options are not valid: min_segment_ms must not be above max_segment_ms."
    with pytest.raises(InvalidMessage) as caught:
        parse_options({"language": "xx"})
    assert caught.value.reason.startswith("Option 'language' is not valid: 'xx' is no language")


@pytest.mark.parametrize(
    ("given", "code"),
    [("en", "en"), ("EN", "en"), ("en-US", "en"), ("de_AT", "de"), ("zh-Hans-CN", "zh"), ("yue", "yue"), ("jv", "jw")],
)
def test_codes_of_languages_are_taken_in_any_case_and_with_a_region(given: str, code: str) -> None:
    assert parse_options({"language": given}).language == code
    assert identity.video_id_of("aa", parse_options({"language": given})) == identity.video_id_of(
        "aa", Options(language=code)
    )


@pytest.mark.parametrize("given", ["", "xx", "e", "en-", "no-", "-en", "no such", "is it", "english", " en", "en\n"])
def test_what_is_no_code_of_a_language_is_refused(given: str) -> None:
    with pytest.raises(InvalidMessage, match="no language that can be recognised"):
        parse_options({"language": given})


@pytest.mark.parametrize(
    ("settings", "language", "refused"),
    [
        ({}, "de", False),
        ({"languages": {"en"}}, None, False),
        ({"languages": {"en", "de"}}, "de", False),
        ({"languages": {"en", "es"}}, "de", True),
        ({"languages": {"en"}, "other_languages": "nearest"}, "de", False),
    ],
)
def test_a_language_of_which_nothing_would_be_written_down_is_refused_when_it_is_submitted(
    settings: dict[str, Any], language: str | None, refused: bool, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.mp4"
    talk.write_bytes(b"anything")
    own = Settings(data_dir=tmp_path, **settings)
    if not refused:
        assert request_for(str(talk), Options(language=language), None, own).options.language == language
        return
    with pytest.raises(InvalidMessage, match="CLIPSTREAM_LANGUAGES has only en, es") as caught:
        request_for(str(talk), Options(language=language), None, own)
    assert "Add de" in caught.value.remedy
