"""The manifests as they lie in this folder: read in one place, for the check and for the simulation."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent
BASE: Final = HERE / "base"
OVERLAYS: Final = HERE / "overlays"
KUSTOMIZATION: Final = "kustomization.yaml"
TEMPLATES: Final = "*.template.yaml"  # applied by hand, once they are filled in
NUMBERS: Final = "ai-optimization-config"
_BUILD_LIMIT_S: Final = 60.0

Document = dict[str, Any]


def documents(path: Path) -> list[Document]:
    """The documents of a file; a file of JSON patches is one document, a list."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _changed_ns: int) -> list[Document]:
    return _documents(path.read_text())


def _documents(text: str) -> list[Document]:
    # libyaml, where it is, reads all of this in 0.1 s instead of 0.8 s
    return [one for one in yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if one]


def base() -> Iterator[tuple[Path, Document]]:
    """Every document of the base, with its file."""
    for path in sorted(BASE.rglob("*.yaml")):
        if path.name != KUSTOMIZATION and not path.match(TEMPLATES):
            for one in documents(path):
                yield path, one


def of_kind(kind: str) -> dict[str, Document]:
    """The objects of the base of one kind, by name."""
    return {one["metadata"]["name"]: one for _, one in base() if one["kind"] == kind}


def numbers() -> dict[str, str]:
    """The numbers of autoscaling: what ConfigMap `ai-optimization-config` says."""
    data: dict[str, str] = of_kind("ConfigMap")[NUMBERS]["data"]
    return data


def scaled_object(agent: str, overlay: str = "") -> Document:
    """An agent's ScaledObject, of the base or as an overlay changes it.

    Args:
        agent: its name.
        overlay: folder below `overlays`, empty for the base.
    """
    found = of_kind("ScaledObject")[agent]
    path = OVERLAYS / overlay / f"scaling-{agent}.yaml"
    return patched(found, documents(path)[0]) if overlay and path.exists() else found


def patched(document: Document, patch: Any) -> Document:
    """A document with a JSON patch of `add` and `replace` carried out; the document itself stays."""
    result = copy.deepcopy(document)
    for step in patch:
        *parents, last = (part.replace("~1", "/") for part in step["path"].split("/")[1:])
        at: Any = result
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if isinstance(at, list):
            assert step["op"] == "add", step
            at.insert(len(at) if last == "-" else int(last), step["value"])
        else:
            assert step["op"] == "add" or last in at, step
            at[last] = step["value"]
    return result


def built(folder: Path) -> list[Document] | None:
    """What kustomize makes of a folder; None on a machine without kubectl.

    Raises:
        ValueError: it makes nothing of it.
    """
    if shutil.which("kubectl") is None:
        return None
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_BUILD_LIMIT_S)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return _documents(done.stdout)


__all__ = [
    "BASE", "HERE", "KUSTOMIZATION", "OVERLAYS", "TEMPLATES", "Document", "base", "built", "documents", "numbers",
    "of_kind", "patched", "scaled_object",
]  # fmt: skip
