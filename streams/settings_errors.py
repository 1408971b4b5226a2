"""What is wrong with the settings, or with what they rely on."""

from __future__ import annotations

from pathlib import Path

from processors.errors import Fatal


class SettingsError(Fatal):
    """The settings are wrong; the reason names the setting."""


class BrokerBusy(SettingsError):
    """The embedded Kafka has no address at the moment, and may have one soon."""


def no_broker(data_dir: Path) -> SettingsError:
    """Why there is no address of a broker, where no setting names one.

    Args:
        data_dir: where an embedded cluster would run.
    """
    from ops.local.info import LOCK_FILE
    from ops.local.owner_lock import is_owned

    if is_owned(data_dir / LOCK_FILE):
        return BrokerBusy("The embedded Kafka is just starting, restarting or stopping.", "Try again in some seconds.")
    return SettingsError(
        "No Kafka broker: CLIPSTREAM_BROKER_URL is not set and no embedded cluster runs.",
        "Start one with `clipstream up`, or name yours: CLIPSTREAM_BROKER_URL=kafka://host:9092.",
    )


__all__ = ["BrokerBusy", "SettingsError", "no_broker"]
