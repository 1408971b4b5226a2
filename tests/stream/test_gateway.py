"""A video through two gateways on one broker and one store: submitted through the one, seen through the other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from streams import topics
from streams.gateway.signing import secret_bytes
from tests import media
from tests.gateways import SECRET, Follower, GatewayProcess, Receiver
from tests.pipeline import Pipeline, until

pytestmark = [pytest.mark.stream, pytest.mark.timeout(900)]
Gateways = tuple[GatewayProcess, GatewayProcess]
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def _upload(gateways: Gateways, file: Path, name: str) -> str:
    """Upload a file: half of it through the first gateway, on a connection that breaks; the rest through the other."""
    one, other = gateways
    content = file.read_bytes()
    label = base64.b64encode(name.encode()).decode()
    begun = one.ask(
        "POST",
        "/v1/uploads",
        headers={**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {label}"},
    )
    assert begun.status_code == 201, begun.text
    where = begun.headers["location"]
    half = len(content) // 2
    connection = http.client.HTTPConnection("127.0.0.1", one.port)
    connection.putrequest("PATCH", where)
    for header, value in {**BYTES, "Upload-Offset": "0", "Content-Length": str(len(content))}.items():
        connection.putheader(header, value)
    connection.endheaders()
    connection.send(content[:half])
    connection.close()  # in the middle
    found: dict[str, str] = {}

    def kept() -> bool:
        found.update(other.ask("HEAD", where, headers=TUS).headers)
        return int(found["upload-offset"]) > 0

    until(kept, "what came before the connection broke is kept")
    offset = int(found["upload-offset"])
    assert 0 < offset <= half
    assert found["upload-length"] == str(len(content))
    wrong = other.ask("PATCH", where, headers={**BYTES, "Upload-Offset": "1"}, content=b"x")
    assert wrong.status_code == 409
    rest = other.ask("PATCH", where, headers={**BYTES, "Upload-Offset": str(offset)}, content=content[offset:])
    assert rest.status_code == 204, rest.text
    assert rest.headers["upload-offset"] == str(len(content))
    told = one.ask("GET", where).json()
    assert told["finished"]
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    return str(told["upload"])


@pytest.fixture(scope="module")
def processed(pipeline: Pipeline, gateways: Gateways, sample: Path) -> Iterator[tuple[str, Follower]]:
    """The sample, uploaded in two parts and processed; with what a reader of all events saw."""
    one, other = gateways
    upload = _upload(gateways, sample, "A talk.mp4")
    body = {"upload": upload, "options": {"profile": "fast"}, "metadata": {"tags": "bees"}, "priority": 3}
    with Follower([other.url], "/v1/events") as follower:
        taken = one.ask("POST", "/v1/videos", json=body, headers={"Idempotency-Key": "first"})
        assert taken.status_code == 202, taken.text
        video_id = taken.json()["video_id"]
        assert taken.headers["location"] == f"/v1/videos/{video_id}"
        # at once, through the other one
        assert other.ask("GET", f"/v1/videos/{video_id}").json()["title"] == "A talk.mp4"
        follower.wait(
            lambda seen: any(one.kind == "segments" and one.data["status"] == "final" for one in seen),
            "it is final",
            180,
        )
        yield video_id, follower


def test_what_a_reader_saw(processed: tuple[str, Follower]):
    video_id, follower = processed
    mine = [event for event in follower.seen if event.data.get("video_id") == video_id]
    assert "submitted" in {event.kind for event in mine}, "first or not: topics have no common order"
    told = [event.data["done"] for event in mine if event.kind == "progress"]
    assert told
    assert told == sorted(told)
    revisions = [(e.data["generation"], e.data["revision"], e.data["enriched"]) for e in mine if e.kind == "segments"]
    assert revisions == sorted(set(revisions))


def test_a_repeat_is_the_same_video(processed: tuple[str, Follower], gateways: Gateways):
    video_id, _ = processed
    known = gateways[0].ask("GET", f"/v1/videos/{video_id}").json()
    assert known["priority"] == 3
    assert known["options"]["metadata"] == {"tags": "bees"}
    found = gateways[1].ask("GET", "/v1/videos?q=a+TALK").json()["videos"]
    assert [video["video_id"] for video in found] == [video_id]


def test_the_same_bytes_under_another_name_are_the_same_video(
    processed: tuple[str, Follower], gateways: Gateways, sample: Path
):
    asked = {"options": {"profile": "fast"}, "metadata": {"of": "an upload"}}
    answers = []
    for gateway, name in zip(gateways, ("talk.mp4", "talk (1).mp4"), strict=True):
        body = {**asked, "upload": _upload(gateways, sample, name)}
        answers.append(gateway.ask("POST", "/v1/videos", json=body))
    assert [answer.status_code for answer in answers] == [202, 200], answers[1].text
    assert len({answer.json()["video_id"] for answer in answers}) == 1


def test_of_two_requests_for_one_id_at_the_same_time_one_is_taken(gateways: Gateways, sample: Path):
    for name, rivals in {"one": (gateways[0], gateways[0]), "two": gateways}.items():

        def ask(gateway: GatewayProcess, take: int, name: str = name) -> int:
            body = {"uri": str(sample), "video_id": f"mine-{name}", "metadata": {"take": str(take)}}
            return gateway.ask("POST", "/v1/videos", json=body).status_code

        with ThreadPoolExecutor(2) as threads:
            told = list(threads.map(ask, rivals, (1, 2)))
        assert sorted(told) == [202, 409]
        gateways[0].ask("DELETE", f"/v1/videos/mine-{name}").raise_for_status()


def test_parts_of_a_result(processed: tuple[str, Follower], gateways: Gateways):
    video_id, _ = processed
    with gateways[1].client() as client:
        base = f"/v1/videos/{video_id}"
        segments = client.get(f"{base}/segments").json()
        assert segments["status"] == "final"
        assert [segment["rank"] for segment in segments["segments"]] == list(range(1, len(segments["segments"]) + 1))
        assert client.get(f"{base}/result").json()["transcript"]
        assert client.get(f"{base}/frames").json()["frames"]
        assert client.get(f"{base}/report").headers["content-type"] == "text/html; charset=utf-8"
        for form, start in {"srt": "1\n", "vtt": "WEBVTT", "rttm": "SPEAKER "}.items():
            assert client.get(f"{base}/transcript", params={"format": form}).text.startswith(start)
        assert client.get(f"{base}/transcript", headers={"Accept": "text/vtt"}).text.startswith("WEBVTT")
        assert client.get(f"{base}/transcript", headers={"Accept": "image/png"}).status_code == 406
        picture = segments["segments"][0]["keyframe_uri"]
        whole = client.get(picture)
        assert whole.headers["content-type"] == "image/jpeg"
        assert hashlib.sha256(whole.content).hexdigest() == picture.rpartition("/")[2]
        part = client.get(picture, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert client.get(picture, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
        assert client.get(picture, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def test_the_source_can_be_played(processed: tuple[str, Follower], gateways: Gateways, sample: Path):
    video_id, _ = processed
    content = sample.read_bytes()
    answer = gateways[0].ask("GET", f"/v1/videos/{video_id}/media", headers={"Range": "bytes=-100"})
    assert answer.status_code == 206
    assert answer.content == content[-100:]
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-range"] == f"bytes {len(content) - 100}-{len(content) - 1}/{len(content)}"


def test_a_callback_that_fails_first(processed: tuple[str, Follower], gateways: Gateways, sample: Path):
    with Receiver(503, 302) as receiver:
        body = {
            "uri": str(sample),
            "options": {"profile": "fast"},
            "callback_url": f"http://127.0.0.1:{receiver.port}/moved",
        }
        taken = gateways[0].ask("POST", "/v1/videos", json=body)
        assert taken.status_code == 202, taken.text
        until(lambda: len(receiver.got) >= 3, "it is delivered", 120)
        headers = [got[0] for got in receiver.got]
        assert len({one["webhook-id"] for one in headers}) == 1, "every try is the same message"
        for one, content in receiver.got:
            signed = f"{one['webhook-id']}.{one['webhook-timestamp']}.".encode() + content
            expected = base64.b64encode(hmac.new(secret_bytes(SECRET), signed, hashlib.sha256).digest()).decode()
            assert one["webhook-signature"] == f"v1,{expected}"
        message = json.loads(receiver.got[-1][1])
        assert message["type"] == "video.final"
        assert message["data"]["video_id"] == taken.json()["video_id"]
        assert message["data"]["segments"]


def test_a_batch_with_a_bad_item(processed: tuple[str, Follower], gateways: Gateways, sample: Path):
    items = [
        {"uri": str(sample), "options": {"profile": "fast"}},
        {"uri": str(sample), "options": {"profile": "fastest"}},
        {"uri": "/nowhere/talk.mp4"},
        {"uri": "gopher://127.0.0.1/"},
    ]
    one, other = gateways
    answer = one.ask("POST", "/v1/batches", json={"items": items}, headers={"Idempotency-Key": "b1"})
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert [item["accepted"] for item in batch["items"]] == [True, False, False, False]
    assert all(item["problem"]["detail"] for item in batch["items"][1:])
    again = other.ask("POST", "/v1/batches", json={"items": items}, headers={"Idempotency-Key": "b1"})
    assert again.json() == batch
    reused = other.ask("POST", "/v1/batches", json={"items": items[:1]}, headers={"Idempotency-Key": "b1"})
    assert reused.status_code == 422

    def through() -> bool:
        return bool(other.ask("GET", answer.headers["location"]).json()["through"])

    until(through, "the video of the batch is through", 120)
    found = one.ask("GET", f"{answer.headers['location']}?segments=true").json()
    assert found["statuses"] == {"final": 1}
    assert found["items"][0]["segments"]


def test_cancel_and_replay(processed: tuple[str, Follower], gateways: Gateways, tmp_path: Path):
    one, other = gateways
    video = media.repeated(tmp_path / "long.mp4", 4)
    taken = one.ask("POST", "/v1/videos", json={"uri": str(video), "video_id": "unwanted-by-http"})
    assert taken.status_code == 202, taken.text
    assert other.ask("DELETE", "/v1/videos/unwanted-by-http").status_code == 202

    def status() -> str:
        return str(one.ask("GET", "/v1/videos/unwanted-by-http").json()["status"])

    until(lambda: status() == "cancelled", "it is cancelled", 60)
    assert other.ask("DELETE", "/v1/videos/unwanted-by-http").status_code == 200
    assert other.ask("DELETE", f"/v1/videos/{processed[0]}").status_code == 409
    again = other.ask("POST", f"/v1/videos/{processed[0]}/replay", json={"from": "segmenter"})
    assert (again.status_code, again.json()["generation"]) == (202, 1)
    until(
        lambda: one.ask("GET", f"/v1/videos/{processed[0]}").json()["result"]["generation"] == 1,
        "the replay has a result",
        120,
    )


def test_a_file_that_is_no_video(
    processed: tuple[str, Follower], gateways: Gateways, pipeline: Pipeline, tmp_path: Path
):
    broken = tmp_path / "notes.mp4"
    broken.write_text("no video")
    one, other = gateways
    taken = one.ask("POST", "/v1/videos", json={"uri": str(broken), "video_id": "no-video"})
    assert taken.status_code == 202

    def letters() -> list[dict[str, Any]]:
        answer = other.ask("GET", "/v1/dead-letters", params={"video_id": "no-video", "waiting": True})
        return list(answer.json()["dead_letters"])

    until(lambda: bool(letters()), "it is among the dead letters", 60)
    ids = [
        letter["id"] for letter in letters() if letter["topic"] == pipeline.settings.topic(topics.VIDEO_INGESTED.name)
    ]
    sent = one.ask("POST", "/v1/dead-letters/requeue", json={"ids": ids[:1]})
    assert sent.json() == {"requeued": ids[:1]}
    until(lambda: not any(letter["id"] == ids[0] for letter in letters()), "it counts as sent again", 60)


def test_status(processed: tuple[str, Follower], gateways: Gateways):
    told = gateways[0].ask("GET", "/v1/status").json()
    assert all(agent["members"] for agent in told["agents"])
    assert told["videos"]["final"]
