"""Parts of erasing that need no broker: entries of the cache, lines of logs, the receipt."""

from __future__ import annotations

import zlib
from pathlib import Path

import orjson
import pytest

from processors.blobs import BlobStore
from processors.cache import DiskTier, ResultCache
from processors.media import staging
from streams.admin import gone_after_ms, wanted_topics
from streams.clock import SYSTEM_CLOCK
from streams.collect import UnderWay
from streams.erasing.cached import erase_on_disk, matcher
from streams.erasing.erase import _places
from streams.erasing.footprint import Footprint, _named_by
from streams.erasing.lines import erase_lines
from streams.erasing.receipt import Receipt
from streams.gateway.uploads import NoUpload, Uploads
from streams.settings import Settings
from streams.topics import DAY_MS, TRANSCRIPT
from streams.work import hash_of

DIGEST = "ab" * 32


def test_entries_are_known_by_what_they_hold(tmp_path: Path):
    said = {"start_ms": 0, "text": "hello"}
    entries = {
        "1" * 64: [b'{"blob_uri":"blob:' + DIGEST.encode() + b'"}'],
        "2" * 64: [b'{"segments":[{"segment_id":"mine-0-10"}]}'],
        "3" * 64: [orjson.dumps({"text": "hello", "start_ms": 0})],
        "4" * 64: [b'{"segments":[{"segment_id":"mine2-0-10"}]}'],
        "5" * 64: [b'{"blob_uri":"blob:' + b"cd" * 32 + b'"}', orjson.dumps({"text": "hello"})],
    }
    cache = ResultCache([DiskTier(tmp_path)], lambda: 0.0)
    for key, outputs in entries.items():
        cache.put("stage", key, outputs)
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "entry").write_bytes(b"of ours")
    matches = matcher(Footprint("mine", digests={DIGEST}, outputs={hash_of(said)}))
    count, size = erase_on_disk(tmp_path, matches)
    assert count == 3
    assert size > 0
    assert [key[0] for key in entries if cache.get("stage", key) is not None] == ["4", "5"]
    assert not matches(zlib.compress(b"key\n{}"))
    assert erase_on_disk(tmp_path, matches) == (0, 0)


def test_lines_are_covered_in_place_while_others_append(tmp_path: Path):
    path = tmp_path / "vision.log"
    lines = [b'{"video_id":"v.1","message":"a"}', b"v.10 is another", b"about v.1: b", b"x-v.1", b"v.1"]
    path.write_bytes(b"\n".join(lines))
    with path.open("ab") as worker:
        assert erase_lines(tmp_path, "v.1")[0] == 3
        worker.write(b"\nappended")
    kept = path.read_bytes().split(b"\n")
    assert [one.strip() for one in kept] == [b"", b"v.10 is another", b"", b"x-v.1", b"", b"appended"]
    assert [len(one) for one in kept[:5]] == [len(one) for one in lines]


def test_a_receipt_says_until_when():
    receipt = Receipt("v", 3)
    receipt.gone("blobs", 2, 10)
    receipt.left("records on transcript", 5, "by age", 1_800_000_000_000)
    receipt.left("nothing", 0, "is not listed")
    told = receipt.to_json()
    assert told["remains"][0]["until"] == "2027-01-15 08:00 UTC"
    assert (len(told["remains"]), told["complete"], told["generation"]) == (1, True, 3)


def test_retention_is_that_of_the_settings_and_records_go_with_their_segment():
    settings = Settings(retention_results_days=10.0, retention_items_days=0.5)
    configs = {topic.name: topic.topic_configs for topic in wanted_topics(settings)}
    assert configs["transcript"] == {"retention.ms": str(10 * DAY_MS), "segment.ms": str(DAY_MS)}
    assert configs["audio-chunk"] == configs["audio-chunk-high"]
    assert configs["frame-batch"] == {"retention.ms": str(DAY_MS // 2), "segment.ms": str(DAY_MS // 2)}
    assert configs["progress"]["retention.ms"] == str(DAY_MS)
    assert configs["segments"] == {"cleanup.policy": "compact", "max.compaction.lag.ms": str(DAY_MS)}
    assert 11 * DAY_MS <= gone_after_ms(TRANSCRIPT, settings) <= 11.1 * DAY_MS


def test_files_in_the_data_folder_that_a_request_named_are_not_ours_to_remove(tmp_path: Path):
    """Whoever submits may name any path; only what was fetched or uploaded lies where erasing looks."""
    settings = Settings(data_dir=tmp_path)
    keys, shared = tmp_path / "gateway-keys.json", tmp_path / "shared.mp4"
    keys.write_text("{}")
    shared.write_text("x")
    uploaded = "blob:" + DIGEST + "/talk.mp4"
    staged = settings.staging_dir / staging.key_of(uploaded)
    staged.mkdir(parents=True)
    (staged / "talk.mp4").write_bytes(b"bytes")
    found = Footprint("v", uris={keys.as_uri(), str(shared), uploaded})
    receipt = Receipt("v", 0)
    _places(settings, found, UnderWay(), SYSTEM_CLOCK, receipt)
    assert (keys.exists(), shared.exists(), staged.exists()) == (True, True, False)
    assert [one.count for one in receipt.erased if "sources" in one.what] == [1]


def test_a_source_is_not_read_into_memory_to_see_what_it_names(tmp_path: Path, monkeypatch):
    blobs, most = BlobStore(str(tmp_path)), 0
    read = BlobStore.read

    def measured(self: BlobStore, uri: str, start: int, end: int) -> bytes:
        nonlocal most
        piece = read(self, uri, start, end)
        most = max(most, len(piece))
        return piece

    def whole(self: BlobStore, uri: str) -> bytes:
        raise AssertionError(f"{uri} is read as a whole")

    monkeypatch.setattr(BlobStore, "read", measured)
    monkeypatch.setattr(BlobStore, "get", whole)
    film = blobs.put(b"\0" * 3_000_000)
    assert _named_by(blobs, film) == set()
    assert most == 1
    # a name lies across the end of the first piece
    name = b'"blob:' + DIGEST.encode() + b'"'
    assert _named_by(blobs, blobs.put(b"[" + b" " * (2**20 - 30) + name + b" " * 2**20 + b"]")) == {DIGEST}
    assert most < 2**20 + 100
    assert _named_by(blobs, f"blob:{'0' * 64}") == set(), "it is gone"


def test_an_upload_whose_video_is_erased_is_none_any_more(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    uploads = Uploads(settings, SYSTEM_CLOCK, BlobStore(settings.store))
    kept, gone = (uploads.create(3, name, "", "") for name in ("kept.mp4", "gone.mp4"))
    for upload in (kept, gone):
        uploads.put(upload, 0, b"abc")
    uri = uploads.finished(gone, "").uri
    uploads.finished(kept, "")
    receipt = Receipt("v", 0)
    _places(settings, Footprint("v", uris={uri}), UnderWay(), SYSTEM_CLOCK, receipt)
    assert [one.count for one in receipt.erased if one.what == "notes of uploads"] == [1]
    assert uploads.info(kept, "").name == "kept.mp4"
    with pytest.raises(NoUpload):
        uploads.info(gone, "")
