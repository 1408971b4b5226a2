from __future__ import annotations

import processors.report
import processors.segments


def test_what_is_exported_is_there_and_sorted() -> None:
    for package in (processors.segments, processors.report):
        names = package.__all__
        assert list(names) == sorted(names)
        assert all(hasattr(package, name) for name in names)
