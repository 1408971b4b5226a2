"""The one client of paid, OpenAI-compatible services: keeps to limits, tries again, and stops when a service is down.

Limits and breaker are of one process. The workers' settings are divided by their number of children, so all children
of a worker together keep to them (`streams.hosted_services`); each learns by itself that a service is down.

Each try runs in a thread of its own, which is given up at its time: the SDK's time-out is for each piece alone, and a
service may send a byte of a header now and then for hours.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from processors.cancelling import JobCancelled, check_wanted, sleep_while_wanted
from processors.errors import AnswerInvalid, ClipstreamError, ServiceMisconfigured, ServiceUnavailable
from processors.service import tally
from processors.service.breaker import Breaker
from processors.service.config import ServiceConfig
from processors.service.failures import Failure, failure_of, host_of, masked
from processors.service.limits import Limits
from processors.service.retry import BASE_S, TRIES, retried

T = TypeVar("T")
# A request as the SDK makes it: takes its client, gives the answer as a stream (`with_streaming_response`).
Send = Callable[[Any], AbstractContextManager[Any]]

MAX_ANSWER_BYTES: Final = 8 * 2**20  # half a minute of words is 20 kB; a service must not fill our memory
# A caller has something better to do than to wait longer: the local model takes a second for a chunk.
MAX_LIMIT_WAIT_S: Final = 60.0
_CONNECT_S: Final = 10.0
_LOOK_S: Final = 0.1  # how often it is asked whether an answer is still wanted
_JITTER: Final = random.SystemRandom().random  # children that are forked from one process would share a seed


class ServiceClient:
    """A client for one service.

    Args:
        config: where it is, its key, its limits.
        clock: seconds that only go forward.
        sleep: waits for seconds.
        jitter: 0..1, another number each time.
        base_s: first back-off in seconds.
    """

    def __init__(
        self,
        config: ServiceConfig,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = sleep_while_wanted,
        jitter: Callable[[], float] = _JITTER,
        base_s: float = BASE_S,
    ) -> None:
        self._config, self._clock, self._sleep, self._jitter, self._base_s = config, clock, sleep, jitter, base_s
        self._limits = Limits(config.requests_per_minute, config.bytes_per_minute, clock, config.tokens_per_minute)
        self.breaker = Breaker(clock)
        self._sdk: Any = None

    def call(self, send: Send, size: int, read: Callable[[bytes], T], tokens: int = 0) -> T:
        """Ask the service.

        Args:
            send: makes the request; called once for each try.
            size: bytes of the request, for the limit.
            read: makes a value of the answer's body; raises ValueError for one that is not what was asked for.
            tokens: that it will cost at most, for the limit, where a model counts them.

        Raises:
            ServiceMisconfigured: no key, or key, address or model are not accepted.
            ServiceUnavailable: it cannot be reached, is busy or failed, and the tries did not help; or it failed so
                often that it is not asked for a while.
            AnswerInvalid: it answered with something else than what was asked for; such a request is charged.
            ServiceRefused: what is in the request is wrong.
        """
        if not self._config.api_key:
            raise ServiceMisconfigured(
                "No key for the service: CLIPSTREAM_OPENAI_API_KEY is not set.", "A service of your own takes any."
            )
        try:
            return retried(lambda: self._once(send, size, read, tokens), self._sleep, self._jitter, TRIES, self._base_s)
        except Failure as failure:
            raise failure.error from None  # the SDK's own error may hold anything that the service said

    def close(self) -> None:
        """Close its connections."""
        sdk, self._sdk = self._sdk, None
        if sdk is not None:
            sdk.close()

    def _once(self, send: Send, size: int, read: Callable[[bytes], T], tokens: int) -> T:
        wait_s = self._limits.wait_s(size, tokens)
        if wait_s > MAX_LIMIT_WAIT_S:
            tally.note("stopped", 0.0)
            reason = f"The limits per minute leave no room for a request for {wait_s:.0f} s."
            raise Failure(ServiceUnavailable(reason, "CLIPSTREAM_OPENAI_REQUESTS_PER_MINUTE is one."))
        blocked_s = self.breaker.blocked_s()
        if blocked_s > 0:
            host = host_of(self._config.base_url)
            tally.note("stopped", 0.0)
            raise Failure(ServiceUnavailable(f"The service at {host} is not asked for a while. {self.breaker.reason}"))
        sent_s: float | None = None
        charged = 0
        try:
            wait_s = self._limits.reserve(size, tokens)
            if wait_s > 0:
                self._sleep(wait_s)
            check_wanted()  # nothing is paid for a video that is cancelled
            sent_s = self._clock()
            body = self._body(send)
            charged = tally.tokens_in(body)
            answer = read(body)
        except Exception as error:
            failure = self._failure(error)
            took_s = 0.0 if sent_s is None else self._clock() - sent_s
            tally.note("failed" if failure.counts else "refused", took_s, charged)
            if failure.counts:
                self.breaker.failed(failure.error.reason, failure.at_once)
            else:
                self.breaker.succeeded()
            raise failure from None
        tally.note("answered", self._clock() - sent_s, charged)
        self.breaker.succeeded()
        return answer

    def _failure(self, error: Exception) -> Failure:
        if isinstance(error, Failure):
            return error
        if isinstance(error, UnicodeEncodeError):  # of a header, before anything was sent
            return Failure(ServiceMisconfigured("The key of the service has letters that no key has."), at_once=True)
        if isinstance(error, ValueError):  # of `read`
            return Failure(_invalid(self._config, str(error)))
        return failure_of(error, self._config.base_url, self._config.api_key)

    def _body(self, send: Send) -> bytes:
        sdk = self._client()  # imports for a second the first time
        found: SimpleQueue[bytes | Exception] = SimpleQueue()

        def receive() -> None:
            try:
                found.put(self._received(send, sdk))
            except Exception as error:
                found.put(error)

        threading.Thread(target=receive, name="service-request", daemon=True).start()
        try:
            answer = self._awaited(found)
        except JobCancelled:
            self.close()  # a request that is under way is charged all the same
            raise
        except Empty:
            self.close()  # which ends the thread with its next byte, or with the SDK's time-out
            host = host_of(self._config.base_url)
            raise Failure(ServiceUnavailable(f"The service at {host} did not answer in time."), again=True) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _awaited(self, found: SimpleQueue[bytes | Exception]) -> bytes | Exception:
        """What comes within the time for an answer. Raises `Empty`, `JobCancelled`."""
        deadline_s = time.monotonic() + self._config.timeout_s
        while True:
            left_s = deadline_s - time.monotonic()
            try:
                return found.get(timeout=max(0.0, min(_LOOK_S, left_s)))
            except Empty:
                if left_s <= _LOOK_S:
                    raise
            check_wanted()

    def _received(self, send: Send, sdk: Any) -> bytes:
        pieces: list[bytes] = []
        length = 0
        with send(sdk) as answer:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                length += len(piece)
                if length > MAX_ANSWER_BYTES:
                    raise Failure(_invalid(self._config, f"more than {MAX_ANSWER_BYTES:,} bytes"))
        return b"".join(pieces)

    def _client(self) -> Any:
        if self._sdk is None:
            import httpx2
            import openai

            limits = httpx2.Timeout(self._config.timeout_s, connect=min(_CONNECT_S, self._config.timeout_s))
            self._sdk = openai.OpenAI(
                api_key=self._config.api_key,
                base_url=self._config.base_url,
                max_retries=0,
                timeout=limits,
                # a redirect would send sound and pictures of our users to somebody that no setting names
                http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=limits),
            )
        return self._sdk


def _invalid(config: ServiceConfig, what: str) -> ClipstreamError:
    said = masked(what, config.api_key)
    return AnswerInvalid(f"The service at {host_of(config.base_url)} gave no valid answer: {said}.")


_clients: dict[ServiceConfig, ServiceClient] = {}
_lock = threading.Lock()


def client_for(config: ServiceConfig) -> ServiceClient:
    """The client of this process for a service: one for all jobs, so that limits and breaker hold for all of them."""
    with _lock:
        if config not in _clients:
            _clients[config] = ServiceClient(config)
        return _clients[config]


def open_breakers() -> list[float | None]:
    """Of each client, for how many seconds its breaker stays open: 0 when half open, None when closed."""
    with _lock:
        return [client.breaker.open_s() for client in _clients.values()]


def forget_clients() -> None:
    """Close all clients of this process."""
    with _lock:
        while _clients:
            _clients.popitem()[1].close()


__all__ = ["MAX_ANSWER_BYTES", "Send", "ServiceClient", "client_for", "forget_clients", "open_breakers"]
