"""The client against a real server on loopback that answers, fails, lies and hangs."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from processors.errors import AnswerInvalid, ClipstreamError, ServiceMisconfigured, ServiceRefused, ServiceUnavailable
from processors.service.breaker import FAILURES, OPEN_S
from processors.service.client import MAX_ANSWER_BYTES, ServiceClient
from processors.service.config import HostedAsr, ServiceConfig
from processors.service.retry import TRIES
from tests.openai_service import KEY, OpenAiService, Reply, failed, spoken
from tests.pipeline import until

GOOD = spoken("Hello.", [("Hello", 0.0, 0.5)])


class Time:
    """A clock that only sleeping moves, and what was slept."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@contextmanager
def client(service: OpenAiService | str, **changes: Any) -> Iterator[tuple[ServiceClient, Time]]:
    url = service if isinstance(service, str) else service.base_url
    config = ServiceConfig(**{"base_url": url, "api_key": KEY, "timeout_s": 60.0} | changes)
    clock = Time()
    made = ServiceClient(config, clock, clock.sleep, lambda: 0.5)
    try:
        yield made, clock
    finally:
        made.close()


def text_of(body: bytes) -> str:
    return str(json.loads(body)["text"])


def ask(made: ServiceClient, read: Callable[[bytes], Any] = text_of) -> Any:
    def send(sdk: Any) -> Any:
        return sdk.audio.transcriptions.with_streaming_response.create(file=("a.wav", b"RIFF", "audio/wav"), model="m")

    return made.call(send, 4, read)


def test_an_answer() -> None:
    with OpenAiService(GOOD) as service, client(service) as (made, time):
        assert ask(made) == "Hello."
        assert (service.asked[0].fields, service.asked[0].file) == ({"model": ["m"]}, b"RIFF")
        assert time.slept == []


@pytest.mark.parametrize(
    ("reply", "slept"),
    [
        (failed(429, retry_after="7"), [7.0]),
        (failed(429), [1.0]),
        (failed(503), [1.0]),
        (failed(408), [1.0]),
        (failed(409), [1.0]),
        (Reply(b'{"text": "Hel', declared=500), [1.0]),  # cut off by a broken connection
    ],
    ids=["429 with retry-after", "429", "503", "408", "409", "cut off"],
)
def test_what_may_pass_is_tried_again(reply: Reply, slept: list[float]) -> None:
    with OpenAiService(reply, GOOD) as service, client(service) as (made, time):
        assert ask(made) == "Hello."
        assert (len(service.asked), time.slept) == (2, slept)
        assert made.breaker.state == "closed"


def test_the_sdk_does_not_try_again_by_itself() -> None:
    with OpenAiService(failed(500)) as service, client(service) as (made, time):
        with pytest.raises(ServiceUnavailable, match="failed \\(500: no\\)"):
            ask(made)
        assert (len(service.asked), time.slept) == (3, [1.0, 2.0])


def test_a_long_retry_after_is_not_waited_for() -> None:
    with OpenAiService(failed(429, retry_after="300"), GOOD) as service, client(service) as (made, time):
        with pytest.raises(ServiceUnavailable, match="busy"):
            ask(made)
        assert (len(service.asked), time.slept) == (1, [])


def test_the_breaker_opens_asks_once_and_closes() -> None:
    with OpenAiService(*[failed(500)] * (FAILURES + 1), GOOD) as service, client(service) as (made, time):
        for _ in range(2):
            with pytest.raises(ServiceUnavailable):
                ask(made)
        assert len(service.asked) == FAILURES, "the sixth try was not made"
        with pytest.raises(ServiceUnavailable, match=r"not asked for a while. .* failed \(500"):
            ask(made)
        assert len(service.asked) == FAILURES
        time.now += OPEN_S
        with pytest.raises(ServiceUnavailable):  # half-open: one request, which fails
            ask(made)
        assert len(service.asked) == FAILURES + 1
        time.now += OPEN_S
        assert ask(made) == "Hello."
        assert made.breaker.state == "closed"


def test_nobody_listens() -> None:
    with OpenAiService(GOOD) as service:
        url = service.base_url
    with client(url) as (made, _), pytest.raises(ServiceUnavailable, match="cannot be reached"):
        ask(made)


def test_a_service_that_does_not_answer() -> None:
    stop = threading.Event()
    with OpenAiService(Reply(wait=stop)) as service, client(service, timeout_s=0.2) as (made, _):
        with pytest.raises(ServiceUnavailable, match="in time"):
            ask(made)
        stop.set()


def test_a_service_that_dribbles_is_given_up_after_the_whole_time() -> None:
    """Each byte comes in time, the answer never does."""
    stop = threading.Event()
    with OpenAiService(Reply(drip=(b" ", stop))) as service:
        config = ServiceConfig(service.base_url, KEY, 0.3)
        made = ServiceClient(config, sleep=lambda _: None, jitter=lambda: 0.0)
        with pytest.raises(ServiceUnavailable, match="in time"):
            ask(made)
        stop.set()
        made.close()


def test_a_service_that_dribbles_headers_is_given_up_too() -> None:
    stop = threading.Event()
    with OpenAiService(Reply(head=stop)) as service, client(service, timeout_s=0.3) as (made, clock):
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="in time"):
            ask(made)
        took_s = time.monotonic() - started
        until(lambda: "service-request" not in {one.name for one in threading.enumerate()}, "no thread is left")
        stop.set()
    assert len(clock.slept) == TRIES - 1
    assert len(service.asked) <= TRIES, "one whose time was up on its way never came there"
    assert took_s < 60, "three tries of 0.3 s, not for as long as it likes"


def test_an_endless_answer_does_not_fill_the_memory() -> None:
    stop = threading.Event()
    with OpenAiService(Reply(drip=(b"x" * 2**16, stop))) as service, client(service) as (made, _):
        with pytest.raises(AnswerInvalid, match=f"more than {MAX_ANSWER_BYTES:,} bytes"):
            ask(made)
        stop.set()


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"text": "Hel', b"[]", b'{"no": 1}', b"\xff\xfe"])
def test_garbage_is_not_asked_for_again(body: bytes) -> None:
    with OpenAiService(Reply(body), GOOD) as service, client(service) as (made, _):
        with pytest.raises(AnswerInvalid, match="no valid answer"):
            ask(made)
        assert len(service.asked) == 1


def test_a_refused_request_does_not_count_against_the_service() -> None:
    with OpenAiService(failed(400, "Invalid file format.")) as service, client(service) as (made, _):
        for _ in range(2 * FAILURES):
            with pytest.raises(ServiceRefused, match="Invalid file format"):
                ask(made)
        assert len(service.asked) == 2 * FAILURES


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with OpenAiService(GOOD) as other:
        away = Reply(status=status, headers={"Location": f"{other.base_url}/audio/transcriptions"})
        with OpenAiService(away) as service, client(service) as (made, _):
            with pytest.raises(ServiceMisconfigured, match="redirect"):
                ask(made)
            assert (len(service.asked), other.asked) == (1, [])


def test_a_wrong_key_is_said_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "sk-wrong-0815-secret"
    with OpenAiService(GOOD) as service, client(service, api_key=wrong) as (made, _):
        with pytest.raises(ServiceMisconfigured) as caught:
            ask(made)
        error = caught.value
        assert "does not accept the key (401)" in error.reason
        assert "CLIPSTREAM_OPENAI_API_KEY" in error.remedy
        with pytest.raises(ServiceUnavailable, match="not asked for a while"):  # the breaker is open at once
            ask(made)
        assert len(service.asked) == 1
        assert wrong in service.asked[0].headers["authorization"], "the server did see it"
    told = "\n".join([str(error), repr(error), error.remedy, repr(made), caplog.text])
    assert wrong not in told
    assert wrong.removeprefix("sk-") not in told


def test_no_key_asks_nobody() -> None:
    with OpenAiService(GOOD) as service, client(service, api_key="") as (made, _):
        with pytest.raises(ServiceMisconfigured, match="No key"):
            ask(made)
        assert service.asked == []


@pytest.mark.parametrize("key", ["sk-ü", "sk-\n1"])
def test_a_key_that_no_header_can_have(key: str) -> None:
    with OpenAiService(GOOD) as service, client(service, api_key=key) as (made, _):
        with pytest.raises(ClipstreamError) as caught:
            ask(made)
        assert key not in caught.value.reason
        assert service.asked == []


def test_limits_are_kept() -> None:
    with OpenAiService(GOOD) as service, client(service, requests_per_minute=60.0) as (made, time):
        for _ in range(7):
            ask(made)
        assert time.slept == [1.0, 1.0]


def test_limits_that_would_take_for_ever_are_not_waited_for() -> None:
    with OpenAiService(GOOD) as service, client(service, bytes_per_minute=3.0) as (made, time):
        assert ask(made) == "Hello."  # 4 bytes, of which one is there at once
        with pytest.raises(ServiceUnavailable, match="leave no room"):
            ask(made)
        assert (len(service.asked), time.slept) == (1, [60.0])
        time.now += 100
        assert ask(made) == "Hello.", "what was refused was not charged"


def test_the_key_is_not_in_the_representation() -> None:
    config = ServiceConfig("http://x/v1", KEY, 1.0)
    assert KEY not in repr(config)
    assert KEY not in repr(HostedAsr(config, "whisper-1"))
