"""What is looked at before a run begins, and what doctor says of it."""

from __future__ import annotations

import errno
import os

import pytest

from processors.errors import Fatal, StorageFull
from processors.speech.wav import to_wav
from streams.cli import doctor
from streams.places import check_folder, check_places
from streams.settings import Settings
from tests import media


def test_places_that_can_be_used_stay_as_they_are(tmp_path):
    check_places(Settings(data_dir=tmp_path / "data"))
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["blobs"]


def test_a_file_in_place_of_the_data_folder_is_named(tmp_path):
    for in_the_way in (tmp_path / "data", tmp_path / "data" / "below"):
        (tmp_path / "data").write_text("")
        with pytest.raises(Fatal, match="a file in its place") as caught:
            check_places(Settings(data_dir=in_the_way))
        assert str(in_the_way) in caught.value.reason
        assert "CLIPSTREAM_DATA_DIR" in caught.value.remedy


def test_a_folder_that_cannot_be_made_is_blamed_itself():
    with pytest.raises(Fatal, match="The data folder /proc/x cannot be used") as caught:
        check_places(Settings(data_dir="/proc/x"))
    assert "CLIPSTREAM_DATA_DIR" in caught.value.remedy


def test_a_full_disk_is_told_with_its_folder_and_what_to_do(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match=str(tmp_path)) as caught:
        check_folder(tmp_path, "data", "CLIPSTREAM_DATA_DIR")
    assert "CLIPSTREAM_DATA_DIR" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


async def test_doctor_looks_at_the_store_and_the_cache(tmp_path):
    async def found(**values: str) -> dict[str, doctor.Check]:
        settings = Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", **values)
        return {check.name: check for check in await doctor.run(settings)}

    well = await found()
    assert well["blob store"].state == "ok"
    assert "result cache" not in well
    wrong = await found(store_url="nonsuch://user:word@x", cache_url="redis://:word@127.0.0.1:1/0")
    assert wrong["blob store"].state == "wrong"
    assert "CLIPSTREAM_STORE_URL" in wrong["blob store"].remedy
    assert wrong["result cache"].state == "note"
    assert "CLIPSTREAM_CACHE_URL" in wrong["result cache"].remedy
    assert "word" not in wrong["result cache"].text + wrong["blob store"].text
    assert (await found(cache_url="redis://h:abc"))["result cache"].state == "wrong"


async def test_doctor_looks_at_the_recordings_of_known_people(tmp_path):
    folder = tmp_path / "voices"
    folder.mkdir()

    async def said() -> tuple[str, str]:
        settings = Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", voices_dir=folder)
        (check,) = [check for check in await doctor.run(settings) if check.name == "known voices"]
        return check.state, check.text

    assert (await said())[0] == "note"
    (folder / "Ada.wav").write_bytes(to_wav(media.speech(1_000, 16_000)[0]))
    assert await said() == ("ok", f"{folder}: 1 of 1 files are recordings")
    (folder / "notes.mp3").write_text("no sound")
    assert await said() == ("wrong", f"{folder}: 1 of 2 files are recordings; without sound: notes.mp3")
