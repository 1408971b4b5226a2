"""A blob store full of old blobs, then a disk full to the last byte under Kafka, on two small file systems."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path
from typing import Final

from ops.local.cluster import read_cluster
from ops.runbooks.runner import Book
from ops.runbooks.scenarios._steps import alert_fires, is_final, observed, submit, up, video
from ops.runbooks.small_disk import small_disk
from processors.blobs import BlobStore

# An embedded cluster with its topics, the joiner's table and logs takes 40 MB at first.
DATA_MB: Final = 200
# Blobs of the sample take 1.5 MB.
STORE_MB: Final = 16
OLD_DAYS: Final = 30  # gc takes what is older than 7
_MB: Final = 1_000_000


def run(book: Book) -> None:
    """See the page."""
    with (
        small_disk(book.folder / "disk", f"{DATA_MB}m") as disk,
        small_disk(book.folder / "store", f"{STORE_MB}m") as store,
    ):
        book.data = disk / "data"
        book.bind(DATA_DIR=book.data, STORE_DIR=store)
        book.environment["CLIPSTREAM_STORE_URL"] = str(store / "blobs")
        book.environment["CLIPSTREAM_CACHE_ENABLED"] = "false"  # or the second video would be through at once
        up(book, observed(book))
        _fill_with_blobs(book, store)
        submit(book, "store-full")
        book.until("status says that there is no room", lambda: "No room left" in _reasons(book), 300)
        book.run("look")
        told = book.run("where", code=None)[0].text
        book.check("doctor says which folder is full", "blob store" in told and "No room" in told)
        book.run("room")
        told = book.run("would-go")[0].text
        book.check("old blobs would go", "0 blobs," not in told)
        book.run("collect")
        is_final(book, "store-full")

        filler = disk / "somebody-elses"
        submit(book, "disk-full")
        book.until("the next video is under way", lambda: video(book, "disk-full") == "running", 300)
        book.fault("another program fills the disk under Kafka, at first up to some MB")
        _fill(filler, disk, 3 * _MB)
        alert_fires(book, "DiskFull", 240)
        book.fault("and then to the last byte")
        _fill(filler, disk, 0)
        book.until("Kafka has ended itself", lambda: read_cluster(book.data) is None, 300)
        book.run("look", code=None)
        book.run("where", code=None)
        book.run("room")
        book.fault("what the other program wrote is removed")
        filler.unlink()
        book.until("Kafka is back without anybody's help", lambda: read_cluster(book.data) is not None, 300)
        is_final(book, "disk-full")
        told = book.run("see")[0].text
        book.check("nothing is lost", all(name in told for name in ("store-full", "disk-full")))
        book.end()  # before its disk goes


def _reasons(book: Book) -> str:
    return " ".join(str(one.get("reason", "")) for one in book.status().get("agents", []))


def _fill_with_blobs(book: Book, disk: Path) -> None:
    book.fault(f"the store is full of blobs of {OLD_DAYS} days ago, to which nothing refers")
    blobs, chance = BlobStore(str(disk / "blobs")), random.Random(7)
    for size in (_MB, 100_000, 4_096):
        while _free(disk) >= size:
            digest = blobs.put(chance.randbytes(size)).removeprefix("blob:")
            path = disk / "blobs" / digest[:2] / digest
            old_s = path.stat().st_mtime - OLD_DAYS * 86_400
            os.utime(path, (old_s, old_s))


def _fill(path: Path, disk: Path, leave: int) -> None:
    """Make a file longer until only so many bytes of its disk are free."""
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as file:
        while _free(disk) > leave:
            file.write(bytes(min(2**20, max(4_096, _free(disk) - leave))))


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
