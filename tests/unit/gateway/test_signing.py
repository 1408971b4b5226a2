"""Signatures of webhooks against the example of the specification, kinds of content, problems."""

from __future__ import annotations

import base64

import pytest

from processors.errors import ClipstreamError, Fatal, InvalidMessage, Retryable
from streams.gateway.kinds import media_type
from streams.gateway.problems import Problem, problem_of
from streams.gateway.signing import check_secret, signed_headers


def test_the_example_of_standard_webhooks():
    """From the specification's reference libraries."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["x", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_secrets_that_are_none(secret: str):
    with pytest.raises(ValueError, match="base64 of 24 to 64"):
        check_secret(secret)


@pytest.mark.parametrize(
    ("first", "name", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"\0\0\0\x18ftypmp42", "", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "a.mp4", "video/quicktime"),
        (b"\x1aE\xdf\xa3", "a.mkv", "video/x-matroska"),
        (b"RIFF\0\0\0\0WAVE", "", "audio/wav"),
        (b'{"a": 1}', "", "application/json"),
        (b"<html><script>", "a.html", "application/octet-stream"),
        (b"<svg>", "a.svg", "application/octet-stream"),
        (b"", "", "application/octet-stream"),
        (b"\x47", "A.TS", "video/mp2t"),
    ],
)
def test_kinds(first: bytes, name: str, expected: str):
    assert media_type(first, name) == expected


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidMessage("x"), 422), (Retryable("x"), 503), (Fatal("x"), 503), (ClipstreamError("x"), 404)],
)
def test_errors_as_problems(error: ClipstreamError, status: int):
    assert problem_of(error).status == status
    assert problem_of(error).document("id")["request_id"] == "id"


def test_a_problem():
    told = Problem(409, "why", "what", kind="k", extra={"more": 1}).document()
    assert told == {
        "type": "urn:clipstream:problem:k", "title": "Conflict", "status": 409, "detail": "why", "remedy": "what",
        "more": 1,
    }  # fmt: skip
