"""Clients of the tests wait longer for Kafka than those of a user, who hears after 8 s that it does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def _patient_clients() -> Iterator[None]:
    """Whoever asks thousands of times meets a broker, or is itself a process, that stands still for some seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.connection.CONNECT_LIMIT_S", 30.0)
        patch.setattr("streams.admin._ANSWER_LIMIT_S", 30.0)
        yield
