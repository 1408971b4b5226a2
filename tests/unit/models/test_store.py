"""The model store: sources in order, never without the hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from processors.errors import ModelUnavailable
from processors.models import store as store_module
from processors.models.manifest import MODELS, Model, ModelFile
from processors.models.store import ModelStore

CONTENT = b"weights"
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of one file without any source to fetch it from."""
    model = Model("small", "faces", "MIT", (ModelFile("w.bin", len(CONTENT), SHA),), entry="w.bin")
    monkeypatch.setattr(store_module, "MODELS", {"small": model})
    return model


def put(folder: Path, content: bytes = CONTENT) -> Path:
    folder.mkdir(parents=True)
    (folder / "w.bin").write_bytes(content)
    return folder / "w.bin"


def test_the_users_folder_comes_before_the_cache(small, tmp_path):
    mine, cached = put(tmp_path / "mine" / "small"), put(tmp_path / "cache" / "models" / "small")
    assert ModelStore(tmp_path / "mine", tmp_path / "cache").path("small") == mine
    assert ModelStore(None, tmp_path / "cache").path("small") == cached


def test_another_hash_is_refused_and_not_used(small, tmp_path):
    put(tmp_path / "mine" / "small", b"WEIGHTS")
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        ModelStore(tmp_path / "mine", tmp_path / "cache").path("small")


def test_a_file_that_changes_after_it_was_verified_is_hashed_again(small, tmp_path):
    path = put(tmp_path / "mine" / "small")
    store = ModelStore(tmp_path / "mine", tmp_path / "cache")
    store.path("small")
    path.write_bytes(b"evil  !")
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        store.path("small")


def test_files_in_folders_of_the_hub_are_fetched(tmp_path, monkeypatch):
    content = b"a network"
    (tmp_path / "hub" / "owner" / "net" / "abc" / "onnx").mkdir(parents=True)
    (tmp_path / "hub" / "owner" / "net" / "abc" / "onnx" / "net.onnx").write_bytes(content)
    monkeypatch.setattr(store_module, "_HUB_URL", (tmp_path / "hub").as_uri() + "/{hub}/{revision}/{name}")
    file = ModelFile("onnx/net.onnx", len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(MODELS, "net", Model("net", "faces", "MIT", (file,), hub="owner/net", revision="abc"))
    folder = ModelStore(None, tmp_path / "cache").pull("net")
    assert (folder / "onnx" / "net.onnx").read_bytes() == content
    assert not list(folder.rglob("*.part"))


def test_without_a_source_the_remedy_is_told(small, tmp_path):
    with pytest.raises(ModelUnavailable, match="could not be downloaded") as caught:
        ModelStore(None, tmp_path).path("small")
    assert "CLIPSTREAM_MODELS_DIR" in caught.value.remedy
    with pytest.raises(ModelUnavailable, match="downloads are off"):
        ModelStore(None, tmp_path, allow_download=False).path("small")


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(ModelUnavailable) as caught:
        ModelStore(None, tmp_path).path("huge")
    assert "base" in caught.value.remedy


def test_bundled_models_need_no_download(tmp_path):
    store = ModelStore(None, tmp_path, allow_download=False)
    assert store.path("yunet").is_file()
    assert store.path("silero-vad").is_file()
    assert {state.name for state in store.status() if state.present} == {
        "yunet",
        "silero-vad",
        "campplus",
        "transnetv2",
        "nanodet-g",
        "efficientnet-lite0",
    }


def test_every_entry_has_a_licence_hashes_and_a_source():
    for model in MODELS.values():
        assert model.licence
        assert model.bundled or model.module_assets or model.packages or model.hub
        assert all(len(file.sha256) == 64 and file.size_bytes for file in model.files)
        assert {part.target for part in model.packages} <= {file.name for file in model.files}
