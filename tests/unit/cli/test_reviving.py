"""`up` on a full disk: a server that cannot be started again is tried again, and nothing else ends."""

from __future__ import annotations

import errno

from ops.local.errors import StartFailed
from streams.cli import cluster
from streams.cli.cluster import _Reviver


class Dead:
    """A cluster whose Kafka died and cannot be started at first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.tries = list(errors), 0

    def died(self) -> tuple[str, ...]:
        return ("kafka",)

    def revive(self) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)


def test_a_start_that_fails_is_tried_again_after_a_pause(monkeypatch):
    monkeypatch.setattr(cluster, "_REVIVE_AGAIN_S", 0.0)
    dead = Dead(OSError(errno.ENOSPC, "No space left on device"), StartFailed("It ended."))
    reviver = _Reviver(dead)  # type: ignore[arg-type]
    for tries in (1, 2, 3):
        reviver.poll()
        assert dead.tries == tries
    monkeypatch.setattr(cluster, "_REVIVE_AGAIN_S", 600.0)
    dead.errors = [OSError(errno.ENOSPC, "No space left on device")]
    reviver.poll()
    reviver.poll()
    assert dead.tries == 4


def test_a_log_that_cannot_be_written_ends_nothing(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cluster.console, "print", refuse)
    dead = Dead(StartFailed("It ended."))
    _Reviver(dead).poll()  # type: ignore[arg-type]
    assert dead.tries == 1
