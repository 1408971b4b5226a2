"""Benchmarks: honest comparisons in one run. See `docs/benchmarks.md` for the rules and the figures."""
