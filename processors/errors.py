"""The three classes of error, and what each means for the event in hand.

::

    ClipstreamError
    |-- InvalidMessage   the item is wrong and will be wrong again (poison): dead letter, go on
    |   |-- InvalidMedia     the media file cannot be processed; the reason is for the user's eyes
    |   `-- ServiceRefused   a paid service does not take the request: the next time neither
    |-- Retryable        this try failed, another may succeed: back off, 3 tries from 1 s, then dead letter
    |   |-- ChildDied        a pool child was killed or crashed in the middle of the item
    |   |-- WorkerDied       the worker itself died again and again in the middle of the item
    |   `-- ServiceUnavailable   a paid service cannot be reached, is busy or failed, also after its own tries
    |       `-- AnswerInvalid        it answered with something else than what was asked for
    `-- Fatal            the environment is broken (broker, disk, model), never the item: exit, offset not acked
        |-- StorageFull      the blob store or the state folder has no room
        |-- ModelUnavailable a model's weights cannot be had or fail their hash
        `-- ServiceMisconfigured the key, the address or the model of a paid service is wrong

Anything else that a processor raises counts as `Retryable`: it is tried again and then dead-lettered with its
trace, so an unforeseen bug in one item never stops the stream.
"""

from __future__ import annotations

import errno


class ClipstreamError(Exception):
    """Base of every error that clipstream raises on purpose.

    Args:
        reason: one sentence that a user understands, without a trace.
        remedy: what to do about it; empty when nothing can be done.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[ClipstreamError], tuple[str, str]]:
        return (type(self), (self.reason, self.remedy))


class InvalidMessage(ClipstreamError):
    """The message or what it names is wrong: goes to the dead letters, the offset is acked."""


class InvalidMedia(InvalidMessage):
    """The media file cannot be processed: `failed` record downstream, dead letter, the offset is acked."""


class ServiceRefused(InvalidMessage):
    """A paid service finds the request itself wrong, so it is not asked again: dead letter, the offset is acked."""


class Retryable(ClipstreamError):
    """This try failed and a later one may not: retried with back-off, then dead-lettered."""


class ChildDied(Retryable):
    """The pool child that worked on the item died; a second death on the same item dead-letters it."""


class WorkerDied(Retryable):
    """The worker died too often while it worked on the item, which is dead-lettered without a further try."""


class ServiceUnavailable(Retryable):
    """A paid service cannot be reached, is busy or failed, and its own tries did not help."""


class AnswerInvalid(ServiceUnavailable):
    """A service's answer is not what was asked for. The request is charged all the same."""


class Fatal(ClipstreamError):
    """The environment is broken: the worker exits without acking, and the supervisor starts it again."""


class StorageFull(Fatal):
    """No room where blobs or state are written."""


class ModelUnavailable(Fatal):
    """A model's weights are nowhere to be had, or do not have the hash of the manifest."""


class ServiceMisconfigured(Fatal):
    """A paid service does not accept the key, or knows no such address or model."""


FULL_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_WRITING_ERRNOS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def from_os_error(error: OSError, doing: str) -> ClipstreamError:
    """Class an operating system error met while writing or reading our own state.

    Args:
        error: what was raised.
        doing: what was being done, for the message ("writing a blob").

    Returns:
        `StorageFull` when there is no room, `Fatal` when there is no right to write, else `Retryable`.
    """
    if error.errno in FULL_DISK_ERRNOS:
        return StorageFull(
            f"No room left while {doing}: {error.strerror}.",
            "Free some space (`clipstream gc` removes blobs that nothing refers to) or set CLIPSTREAM_DATA_DIR.",
        )
    if error.errno in NO_WRITING_ERRNOS:
        return Fatal(f"No permission while {doing}: {error.strerror}.", "Choose a folder that you may write to.")
    return Retryable(f"Failed while {doing}: {error}.")


__all__ = [
    "AnswerInvalid",
    "ChildDied",
    "ClipstreamError",
    "Fatal",
    "InvalidMedia",
    "InvalidMessage",
    "ModelUnavailable",
    "Retryable",
    "ServiceMisconfigured",
    "ServiceRefused",
    "ServiceUnavailable",
    "StorageFull",
    "WorkerDied",
    "from_os_error",
]
