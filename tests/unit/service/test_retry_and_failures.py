from __future__ import annotations

import inspect

import httpx2
import openai
import pytest

from processors.errors import (
    AnswerInvalid,
    ServiceMisconfigured,
    ServiceRefused,
    ServiceUnavailable,
)
from processors.service.cost import PRICES, sound_usd, usd_per_minute
from processors.service.failures import Failure, failure_of, host_of, retry_after_s
from processors.service.retry import retried

URL, KEY = "http://user:secret@service:8000/v1", "sk-1234567890"
REQUEST = httpx2.Request("POST", URL)


def of_status(status: int, message: str = "", code: str | None = None, **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(status, request=REQUEST, headers=headers)
    return openai.APIStatusError("x", response=response, body={"message": message, "code": code, "type": None})


@pytest.mark.parametrize(
    ("error", "kind", "again", "counts", "at_once"),
    [
        (openai.APITimeoutError(REQUEST), ServiceUnavailable, True, True, False),
        (openai.APIConnectionError(request=REQUEST), ServiceUnavailable, True, True, False),
        (httpx2.ReadTimeout("x"), ServiceUnavailable, True, True, False),
        (httpx2.RemoteProtocolError("x"), ServiceUnavailable, True, True, False),
        (of_status(408), ServiceUnavailable, True, True, False),
        (of_status(409), ServiceUnavailable, True, True, False),
        (of_status(429), ServiceUnavailable, True, True, False),
        (of_status(429, code="insufficient_quota"), ServiceUnavailable, False, True, True),
        (of_status(402), ServiceUnavailable, False, True, True),
        (of_status(500), ServiceUnavailable, True, True, False),
        (of_status(529), ServiceUnavailable, True, True, False),
        (of_status(401), ServiceMisconfigured, False, True, True),
        (of_status(403), ServiceMisconfigured, False, True, True),
        (of_status(404), ServiceMisconfigured, False, True, True),
        (of_status(307), ServiceMisconfigured, False, True, True),
        (of_status(400), ServiceRefused, False, False, False),
        (of_status(413), ServiceRefused, False, False, False),
        (of_status(422), ServiceRefused, False, False, False),
        (KeyError("x"), AnswerInvalid, False, True, False),
    ],
    ids=str,
)
def test_each_failure_has_its_class(error, kind, again, counts, at_once) -> None:
    failure = failure_of(error, URL, KEY)
    assert type(failure.error) is kind
    assert (failure.again, failure.counts, failure.at_once) == (again, counts, at_once)
    assert "service:8000" in failure.error.reason
    assert "secret" not in failure.error.reason


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_the_key_is_never_told_even_if_the_service_repeats_it(status: int) -> None:
    failure = failure_of(of_status(status, f"no such key:\n{KEY} " + "x" * 900), URL, KEY)
    assert KEY not in failure.error.reason + failure.error.remedy
    assert len(failure.error.reason) < 330
    assert "\n" not in failure.error.reason


def test_every_error_of_the_sdk_and_its_transport_is_known() -> None:
    """A class that a new version brings must not fall through to "no valid answer"."""
    handled = (openai.APIConnectionError, openai.APIStatusError, httpx2.HTTPError, httpx2.StreamError)
    ours = (httpx2.InvalidURL, httpx2.CookieConflict)
    invalid = {
        "OpenAIError", "APIError", "APIResponseValidationError",  # bases, and an answer that is none
        "LengthFinishReasonError", "ContentFilterFinishReasonError",  # of parsed chats
        "InvalidWebhookSignatureError", "WebSocketConnectionClosedError", "WebSocketQueueFullError",
        "OAuthError", "SubjectTokenProviderError", "MutuallyExclusiveAuthError",
    }  # fmt: skip
    for module in (openai, httpx2):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, Exception) and not issubclass(kind, Warning) and not name.startswith("_"):
                assert issubclass(kind, (*handled, *ours)) or name in invalid, name


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 25 Nov 2026 10:00:07 GMT", "date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 7.0),
        ({"retry-after": "Wed, 25 Nov 2026 09:00:00 GMT", "date": "Wed, 25 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 25 Nov 2026 10:00:07 GMT"}, None),
        ({"retry-after": "soon", "date": "x"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def tried(*failures: Failure, jitter: float = 0.5) -> tuple[str, list[float]]:
    waits: list[float] = []
    left = list(failures)

    def once() -> str:
        if left:
            raise left.pop(0)
        return "done"

    try:
        return retried(once, waits.append, lambda: jitter), waits
    except Failure as failure:
        return failure.error.reason, waits


def busy(again: bool = True, after_s: float | None = None) -> Failure:
    return Failure(ServiceUnavailable("busy"), again=again, after_s=after_s)


@pytest.mark.parametrize(
    ("failures", "jitter", "expected"),
    [
        ([], 0.5, ("done", [])),
        ([busy()], 0.5, ("done", [1.0])),
        ([busy(), busy()], 0.5, ("done", [1.0, 2.0])),
        ([busy(), busy()], 0.0, ("done", [0.5, 1.0])),
        ([busy(), busy()], 1.0, ("done", [1.5, 3.0])),
        ([busy(), busy(), busy()], 0.5, ("busy", [1.0, 2.0])),
        ([busy(again=False)], 0.5, ("busy", [])),
        ([busy(after_s=9.0)], 0.5, ("done", [9.0])),
        ([busy(after_s=0.1)], 0.5, ("done", [1.0])),
        ([busy(after_s=31.0)], 0.5, ("busy", [])),
    ],
)
def test_retries(failures: list[Failure], jitter: float, expected: tuple[str, list[float]]) -> None:
    assert tried(*failures, jitter=jitter) == expected


@pytest.mark.parametrize(
    ("seconds", "per_minute", "usd"), [(60, 0.006, 0.006), (29, 0.006, 0.0029), (0.2, 0.006, 0.0001), (0, 0.006, 0)]
)
def test_cost_of_sound(seconds: float, per_minute: float, usd: float) -> None:
    assert sound_usd(seconds, per_minute) == pytest.approx(usd)


def test_prices_have_a_date_and_a_source() -> None:
    assert all(price.as_of.startswith("20") and price.source.startswith("https://") for price in PRICES.values())
    assert usd_per_minute("whisper-1", None) == 0.006
    assert usd_per_minute("whisper-1", 0.0) == 0.0
    assert usd_per_minute("mine", None) is None
    assert usd_per_minute("mine", 0.001) == 0.001


def test_host_of_hides_the_user() -> None:
    assert host_of(URL) == "service:8000"
    assert host_of("http://[::1/v1") == "?"
