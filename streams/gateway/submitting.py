"""Taking a video in: who it is, whether it was asked for before, whether its source may be used.

A caller who repeats a request after a lost answer sends the same `Idempotency-Key`. The id of the video is then a
digest of caller, key and body, so repeats are one video through whatever gateway, also at the same time. All requests
of one key are on one partition, so which came first is the same for every reader: another body under that key that was
second is refused, and cancelled where it went out before that was known.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import orjson

from processors.errors import ClipstreamError, InvalidMessage, Retryable
from processors.media import hosts, weburl
from processors.media.source import fingerprint, resolve, scheme_of
from processors.options import Options
from schemas.messages import VideoIngested
from streams import identity
from streams.client import check_language
from streams.gateway.core import Gateway
from streams.gateway.models import Submission
from streams.gateway.problems import Problem, problem_of
from streams.gateway.videos import Video
from streams.own_platforms import check_names
from streams.settings import Settings

_ID_DIGITS: Final = 16
_LOOKUP_S: Final = 5.0
_OWN_RECORD_S: Final = 5.0
AGAIN: Final = frozenset({"failed", "degraded", "cancelled"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that was taken, or was known."""

    video: Video
    new: bool
    repeated: bool = False  # under its Idempotency-Key


async def take(
    gateway: Gateway, submission: Submission, caller: str, key: str | None, batch_id: str | None = None
) -> Taken:
    """Submit a video, once.

    Args:
        gateway: view and producer.
        submission: as asked; valid.
        caller: name of the API key.
        key: of idempotency, or None.
        batch_id: of the batch it belongs to.

    Raises:
        Problem: it is refused; the reason says why.
    """
    digest = hashlib.sha256(orjson.dumps(submission.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()
    own = None if key is None else hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()
    await gateway.fresh()
    if (repeat := _repeated(gateway, own, digest)) is not None:
        return repeat
    try:
        options = _options(submission, gateway.settings)
        uri, sha256 = await _source(gateway, submission, caller)
        if options.callback_url is not None:
            await check_callback(options.callback_url, gateway.settings)
    except ClipstreamError as error:
        raise problem_of(error) from error
    video_id = submission.video_id or (
        identity.video_id_of(sha256 or uri, options)
        if own is None
        else hashlib.sha256(f"{own} {digest}".encode()).hexdigest()[:_ID_DIGITS]
    )
    request = VideoIngested(
        uri=uri, video_id=video_id, source_digest=sha256, options=options, priority=submission.priority,
        submitted_at_ms=gateway.clock.now_ms(), batch_id=batch_id, body_digest=digest, idempotency=own,
    )  # fmt: skip
    async with gateway.turn(video_id):
        return await _sent(gateway, request, own)


def own_record_s(settings: Settings) -> float:
    """How long a submission waits to be seen: 5 s, or as long as reads do where that is longer."""
    return max(_OWN_RECORD_S, settings.gateway_read_wait_s)


async def _sent(gateway: Gateway, request: VideoIngested, own: str | None) -> Taken:
    """Send a request unless it is known by now."""
    video_id = request.video_id or ""
    if (repeat := _repeated(gateway, own, request.body_digest or "")) is not None:  # it came in the meantime
        return repeat
    known = gateway.view.videos.get(video_id)
    if known is not None:
        if known.request is not None and _differs(known.request, request):
            raise _exists(video_id)
        if known.status not in AGAIN:
            return Taken(known, new=False)
        request = replace(request, generation=known.generation + 1)
    # of what was erased, and of what is no longer held, nobody takes anything up to that generation
    before = max(gateway.view.erasures.until(video_id), gateway.view.videos.forgotten(video_id))
    if before >= request.generation:
        request = replace(request, generation=before + 1)
    place, offset = await gateway.submit(request, own or video_id)
    await gateway.view.has_read(place, offset, own_record_s(gateway.settings))
    if own is not None and (first := gateway.view.videos.first_of(own)) is not None and first[0].video_id != video_id:
        with suppress(Problem):
            await gateway.cancel(video_id, request.generation)
        raise _reused()
    video = gateway.view.videos.get(video_id)
    if video is None:  # Kafka has it, and the view is far behind
        raise Problem(
            503, "The video was taken, and is not seen yet.", "Ask for it in a moment.", extra={"video_id": video_id}
        )
    first_request = video.requests.get(request.generation)
    if first_request is not None and _differs(first_request, request):  # through another gateway, at the same time
        raise _exists(video_id)
    return Taken(video, new=True)


def _repeated(gateway: Gateway, own: str | None, digest: str) -> Taken | None:
    """What was taken under an Idempotency-Key; None where nothing was."""
    first = None if own is None else gateway.view.videos.first_of(own)
    if first is None:
        return None
    video, asked = first
    if asked != digest:
        raise _reused()
    return Taken(video, new=False, repeated=True)


def _reused() -> Problem:
    return Problem(
        422, "This Idempotency-Key was used with another request.", "Use a new key for a new request.",
        kind="idempotency-key-reused",
    )  # fmt: skip


def _exists(video_id: str) -> Problem:
    return Problem(
        409, f"Video '{video_id}' is another request.",
        "Choose another video_id, or POST to its /replay to compute it anew.", kind="video-exists",
    )  # fmt: skip


def _differs(before: VideoIngested, request: VideoIngested) -> bool:
    # an upload's URI has its name in it, and the same bytes under another name are the same source
    same = before.uri == request.uri or (
        request.source_digest is not None and before.source_digest == request.source_digest
    )
    return not same or before.options != request.options


def _options(submission: Submission, settings: Settings) -> Options:
    options = submission.options
    if submission.metadata or submission.callback_url is not None:
        options = options.model_copy(
            update={
                "metadata": {**options.metadata, **submission.metadata},
                "callback_url": submission.callback_url or options.callback_url,
            }
        )
    check_language(options, settings)
    check_names(options, settings)
    return options


async def _source(gateway: Gateway, submission: Submission, caller: str) -> tuple[str, str | None]:
    """URI and, where it is known, SHA-256 of the source."""
    if submission.upload is not None:
        done = await asyncio.to_thread(gateway.uploads.finished, submission.upload, caller)
        return done.uri, done.sha256
    assert submission.uri is not None
    uri = submission.uri.strip()
    scheme, settings = scheme_of(uri), gateway.settings
    if scheme in weburl.SCHEMES:
        await check_web(uri, settings)
        return uri, None
    if scheme == "file" and not gateway.local_sources():
        raise InvalidMessage(
            "Files of the gateway's machine are not accepted as sources.",
            "Upload the file (/v1/uploads), or allow it: CLIPSTREAM_GATEWAY_LOCAL_SOURCES=on with "
            "CLIPSTREAM_ALLOWED_FOLDERS.",
        )
    await asyncio.to_thread(_check_file, uri, settings)
    return uri, None


def _check_file(uri: str, settings: Settings) -> None:
    """In a thread of its own: the folder may be on another machine."""
    path = resolve(uri, settings.allowed_schemes, settings.allowed_folders)
    settings.limits.check_size(path.name, fingerprint(path)[0])


async def check_web(url: str, settings: Settings) -> None:
    """Refuse an address that may not be fetched, by the rules by which workers fetch.

    A name that cannot be resolved here is let through: workers may be in another network, and check again.

    Raises:
        InvalidMessage: it may not.
    """
    at = weburl.parse(url)
    if at.scheme not in settings.allowed_schemes:
        raise InvalidMessage(f"Sources of the kind '{at.scheme}:' are not accepted.")
    hosts.check_host(at.host, settings.allowed_hosts)
    with suppress(Retryable, TimeoutError):
        async with asyncio.timeout(_LOOKUP_S):
            await asyncio.to_thread(
                hosts.checked_addresses, at.host, at.port,
                allow_private=settings.allow_private_hosts, resolver=hosts.lookup,
            )  # fmt: skip


async def check_callback(url: str, settings: Settings) -> None:
    """Refuse a callback that may not be called.

    Raises:
        InvalidMessage: it may not, or nothing could be signed.
    """
    if not settings.gateway_webhook_secret.get_secret_value():
        raise InvalidMessage(
            "There are no callbacks here: nothing signs them.", "Set CLIPSTREAM_GATEWAY_WEBHOOK_SECRET=whsec_..."
        )
    if weburl.parse(url).authorization is not None:
        raise InvalidMessage("'callback_url' holds a user or password.", "Check the signature instead.")
    await check_web(url, settings)


__all__ = ["AGAIN", "Taken", "check_callback", "check_web", "own_record_s", "take"]
