"""How a network in a file is run on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from processors.errors import ModelUnavailable


def session(path: Path, threads: int) -> Any:
    """An onnxruntime session.

    Args:
        path: of the network.
        threads: of the processor, >= 1.

    Raises:
        ModelUnavailable: onnxruntime cannot read it.
    """
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other jobs need the cores
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no base class of its own for what is wrong with a file
        raise ModelUnavailable(f"The network {path.name} cannot be read: {error}.") from error


__all__ = ["session"]
