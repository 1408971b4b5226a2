"""What went wrong with a request to a service, in the classes of `processors.errors`; never with the key in it.

::

    no connection, time-out, 408, 409, 429, 5xx    ServiceUnavailable    tried again, counts for the breaker
    no money left (402, 429 insufficient_quota)    ServiceUnavailable    opens the breaker at once
    401, 403, 404, a redirect                      ServiceMisconfigured  opens the breaker at once
    400, 413, 422 and other 4xx                    ServiceRefused        the request is wrong, the service is well
    an answer that is not what was asked for       AnswerInvalid         counts for the breaker, not tried again
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from processors.errors import (
    AnswerInvalid,
    ClipstreamError,
    ServiceMisconfigured,
    ServiceRefused,
    ServiceUnavailable,
)

_AGAIN: Final = frozenset({408, 409, 429})
_KEY_REMEDY: Final = "CLIPSTREAM_OPENAI_API_KEY is the key."
_ADDRESS_REMEDY: Final = "CLIPSTREAM_OPENAI_BASE_URL is the address, up to and with its version."
_MAX_TEXT: Final = 200  # characters of what a service says that are passed on


class Failure(Exception):
    """One try that failed.

    Args:
        error: what the caller gets when no other try succeeds.
        again: whether another try may succeed.
        after_s: seconds that the service wants us to wait, or None.
        counts: whether the service is to blame, for the breaker.
        at_once: whether requests to come would fail as well.
    """

    def __init__(
        self,
        error: ClipstreamError,
        again: bool = False,
        after_s: float | None = None,
        counts: bool = True,
        at_once: bool = False,
    ) -> None:
        super().__init__(error.reason)
        self.error, self.again, self.after_s = error, again, after_s
        self.counts, self.at_once = counts, at_once


def failure_of(error: Exception, base_url: str, key: str) -> Failure:
    """Class what the SDK or its transport raised.

    Args:
        error: of `openai` or `httpx2`; anything else counts as an answer that cannot be used.
        base_url: of the service, for its name in the reason.
        key: to be kept out of the reason.
    """
    import httpx2
    import openai

    host = host_of(base_url)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return Failure(ServiceUnavailable(f"The service at {host} did not answer in time."), again=True)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, host, key)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | httpx2.StreamError):
        return Failure(ServiceUnavailable(f"The service at {host} cannot be reached.", _ADDRESS_REMEDY), again=True)
    if isinstance(error, httpx2.InvalidURL | httpx2.CookieConflict):
        return Failure(ServiceMisconfigured(f"'{host}' is no address of a service.", _ADDRESS_REMEDY), at_once=True)
    said = masked(f"{type(error).__name__}: {error}", key)
    return Failure(AnswerInvalid(f"The service at {host} gave no valid answer ({said})."))


def host_of(base_url: str) -> str:
    """Host and port of an address, without anything that may be secret in it."""
    try:
        return urlsplit(base_url).netloc.rpartition("@")[2] or "?"
    except ValueError:  # no address; its maker says so
        return "?"


def _of_status(error: Any, host: str, key: str) -> Failure:
    status = int(error.status_code)
    said = _said(error, key)
    if status in (401, 403):  # what it says is left out: some services repeat the key in it
        reason = f"The service at {host} does not accept the key ({status})."
        return Failure(ServiceMisconfigured(reason, _KEY_REMEDY), at_once=True)
    if status == 404:
        reason = f"The service at {host} knows no such address or model (404{said})."
        return Failure(ServiceMisconfigured(reason, _ADDRESS_REMEDY), at_once=True)
    if status < 400:
        # not followed: what was sent is for the address in the settings and for nobody else
        reason = f"The service at {host} answers with a redirect ({status}), which is not followed."
        return Failure(ServiceMisconfigured(reason, _ADDRESS_REMEDY), at_once=True)
    if status == 402 or (status == 429 and "insufficient_quota" in (error.code, error.type)):
        return Failure(ServiceUnavailable(f"The account at {host} has no money left ({status})."), at_once=True)
    if status in _AGAIN or status >= 500:
        reason = f"The service at {host} {'is busy' if status == 429 else 'failed'} ({status}{said})."
        return Failure(ServiceUnavailable(reason), again=True, after_s=retry_after_s(error.response.headers))
    return Failure(ServiceRefused(f"The service at {host} refused the request ({status}{said})."), counts=False)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer's headers ask us to wait, >= 0; None when they say nothing that can be read.

    `retry-after-ms`, else `retry-after` in seconds or as a date, which is compared with the service's own `date`.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            value = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        return value if 0.0 <= value < float("inf") else None
    try:
        wanted, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (wanted - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def _said(error: Any, key: str) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    text = body.get("message")
    return f": {masked(text, key)}" if isinstance(text, str) and text.strip() else ""


def masked(text: str, key: str) -> str:
    """A text of a service in one line, short, and without the key."""
    cleaned = " ".join(text.split())
    return (cleaned.replace(key, "***") if key else cleaned)[:_MAX_TEXT]


__all__ = ["Failure", "failure_of", "host_of", "masked", "retry_after_s"]
