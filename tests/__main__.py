"""`python -m tests`: the whole suite in parts, two at a time, each in a pytest of its own; arguments go to all of them.

Tests of the stream wait for Kafka, for groups that form and for models that load, and leave half of two cores idle; the
unit tests compute. A part has its own Kafka and its own agents. What the parts print is shown one after the other, the
first one live, so that it reads as if they had run in turn.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.local.child import spawn
from streams.cli.entry import EXIT_INTERRUPTED

HERE: Final = Path(__file__).resolve().parent
# Folders by part, the longest first; a folder of tests that stands nowhere here goes to the last part. Those of the
# browser come before chaos, which leaves hundreds of dead letters on the topics that the page shows.
PARTS: Final = {"stream": ("stream",), "whole programs": ("browser", "chaos", "e2e"), "units": ()}
AT_ONCE: Final = 2
# The unit tests compute and wait for nothing. The agents of the part beside them give way by ten steps themselves, and
# would get a tenth of what both want; so it is a quarter, and few unit tests look at the clock.
GIVES_WAY: Final = {"units": 5}
_POLL_S: Final = 0.2
_NO_TESTS: Final = 5  # pytest's code where the arguments leave none


@dataclass(slots=True)
class Part:
    """One run of pytest.

    Args:
        name: of the part.
        folders: what it tests.
        log: gets what it prints.
    """

    name: str
    folders: list[str]
    log: Path
    code: int | None = None
    seconds: float = 0.0


def folders_of(tests: Path) -> dict[str, list[str]]:
    """The folders of each part; every folder and file with tests is in exactly one."""
    named = {folder for folders in PARTS.values() for folder in folders}
    present = sorted({path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")})
    found = {part: [name for name in folders if name in present] for part, folders in PARTS.items()}
    found[list(PARTS)[-1]] += [name for name in present if name not in named]
    return found


def worst(codes: Sequence[int]) -> int:
    """The exit code of all parts: that of one which failed, before "no tests here", which is none unless all say so."""
    told = [code for code in codes if code != _NO_TESTS]
    return next((code for code in told if code), 0) if told else _NO_TESTS


def run(parts: list[Part], arguments: Sequence[str], stop: threading.Event) -> None:
    """Run the parts, `AT_ONCE` at a time, until all have ended or `stop` is set."""
    left = iter(parts)
    taking = threading.Lock()

    def take() -> None:
        while not stop.is_set():
            with taking:
                part = next(left, None)
            if part is None:
                return
            _run(part, arguments, stop)

    takers = [threading.Thread(target=take, name=f"part {number}") for number in range(AT_ONCE)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()


def _run(part: Part, arguments: Sequence[str], stop: threading.Event) -> None:
    began = time.monotonic()
    # a cache of its own, as two runs that write to one file lose what the other one wrote
    own = ["-o", f"cache_dir=.pytest_cache/{part.name.replace(' ', '-')}"]
    command = [sys.executable, "-m", "pytest", *own, *part.folders, *arguments]
    process = spawn(
        command, part.log, {**os.environ, "PYTHONUNBUFFERED": "1"}, None, signal.SIGINT, GIVES_WAY.get(part.name, 0)
    )
    while process.poll() is None:
        if stop.wait(_POLL_S):
            process.send_signal(signal.SIGINT)  # pytest ends what its fixtures have started
            process.wait()
    part.code, part.seconds = process.returncode, time.monotonic() - began


def shown(part: Part, ended: threading.Event) -> Iterator[bytes]:
    """What a part prints, until it has ended."""
    while not (part.log.exists() or ended.is_set()):
        time.sleep(_POLL_S)
    with contextlib.suppress(FileNotFoundError), part.log.open("rb") as log:
        while True:
            over = part.code is not None or ended.is_set()  # asked first: what it printed last is read after that
            while piece := log.read(65_536):
                yield piece
            if over:
                return
            time.sleep(_POLL_S)


def main(arguments: Sequence[str], tests: Path = HERE) -> int:
    """Run everything; the exit code.

    Args:
        arguments: for pytest.
        tests: the folder with the parts' folders.
    """
    if sys.stdout.isatty():
        arguments = ["--color=yes", *arguments]
    stop, ended = threading.Event(), threading.Event()
    with tempfile.TemporaryDirectory(prefix="clipstream-tests-") as logs:
        parts = [
            Part(name, [str(tests / folder) for folder in folders], Path(logs, f"{name}.log"))
            for name, folders in folders_of(tests).items()
            if folders
        ]

        def work() -> None:
            try:
                run(parts, arguments, stop)
            finally:
                ended.set()

        worker = threading.Thread(target=work, name="parts")
        worker.start()
        try:
            for part in parts:
                for piece in shown(part, ended):
                    sys.stdout.buffer.write(piece)
                    sys.stdout.buffer.flush()
        except BaseException:
            stop.set()
            raise
        finally:
            worker.join()
    for part in parts:
        sys.stdout.write(f"{part.name}: code {part.code}, {part.seconds:.0f} s\n")
    return worst([1 if part.code is None else part.code for part in parts])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
