"""The domain is one package to its users, whatever file a class lies in."""

from __future__ import annotations

import ast
from pathlib import Path

import processors.domain

FOLDER = Path(processors.domain.__file__).parent


def _defined(path: Path) -> set[str]:
    """Public names that a file defines, not those that it imports."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def test_every_name_of_every_file_is_exported() -> None:
    files = sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")
    assert files
    defined = [name for path in files for name in _defined(path)]
    assert len(defined) == len(set(defined)), "a name is defined in two files"
    assert set(processors.domain.__all__) == set(defined)
    assert all(hasattr(processors.domain, name) for name in defined)
