"""Constructed talks whose highlights are known: `python -m ops.bench.highlights OUT`."""
