"""A real HTTP server that answers as an OpenAI-compatible service does, or fails as tests tell it.

Each request is taken apart and checked against OpenAI's own description (`openai_trimmed.json`) where that is at hand.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import itertools
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from tests.web import Listener, Serving

KEY: Final = "sk-test-4711-do-not-tell"
PATH: Final = "/v1/audio/transcriptions"
CHAT: Final = "/v1/chat/completions"


@dataclass
class Reply:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None  # length that the header says, when not that of the body
    wait: threading.Event | None = None  # answers when this is set
    drip: tuple[bytes, threading.Event] | None = None  # sends this over and over until the event is set
    reset: bool = False  # breaks the connection off instead
    slow_s: float = 0.0  # waits before it answers
    head: threading.Event | None = None  # a byte of a header now and then until it is set


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]  # names in lower case
    fields: dict[str, list[str]]  # of the form, without the file
    file: bytes
    filename: str
    filetype: str
    json: Any = None  # of a request that is no form

    @property
    def pictures(self) -> list[tuple[str, bytes]]:
        """Note and JPEG of each picture of a chat."""
        content = self.json["messages"][-1]["content"]
        notes = [part["text"] for part in content[1:] if part["type"] == "text"]
        urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        return [(note, base64.b64decode(url.partition(",")[2])) for note, url in zip(notes, urls, strict=True)]

    @property
    def about(self) -> str:
        """What a chat asks about: `pictures`, `moments` or `clips`; empty for what asks for no form."""
        return str(self.json.get("response_format", {}).get("json_schema", {}).get("name", ""))

    @property
    def moments(self) -> list[tuple[str, list[bytes]]]:
        """Words and JPEGs of each moment, or clip, of a chat."""
        found: list[tuple[str, list[bytes]]] = []
        for part in self.json["messages"][-1]["content"][1:]:
            if part["type"] == "text":
                found.append((part["text"], []))
            else:
                found[-1][1].append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
        return found


def failed(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """An error in the service's form; `retry_after="1"` becomes the header `retry-after`."""
    body = {"error": {"message": message, "type": code or "error", "param": None, "code": code}}
    return Reply(json.dumps(body).encode(), status, {name.replace("_", "-"): text for name, text in headers.items()})


def spoken(
    text: str, words: list[tuple[str, float, float]], language: str = "english", duration: float = 3.0, **changes: Any
) -> dict[str, Any]:
    """A `verbose_json` answer of one segment, in every part as OpenAI describes it."""
    segment = {
        "id": 0,
        "seek": 0,
        "start": words[0][1] if words else 0.0,
        "end": words[-1][2] if words else duration,
        "text": f" {text}",
        "tokens": [50364, 440, 50514],
        "temperature": 0.0,
        "avg_logprob": -0.2,
        "compression_ratio": 0.9,
        "no_speech_prob": 0.01,
    }
    answer = {
        "task": "transcribe",
        "language": language,
        "duration": duration,
        "text": text,
        "words": [{"word": word, "start": start, "end": end} for word, start, end in words],
        "segments": [segment] if text else [],
        "usage": {"type": "duration", "seconds": round(duration)},
    }
    return {**answer, **changes}


def entry(number: int, description: str = "", **changes: Any) -> dict[str, Any]:
    """What is said of one picture."""
    said: dict[str, Any] = {
        "number": number,
        "description": description or f"A thing of number {number} stands in a room.",
        "kind": "other",
        "labels": [{"name": "room", "confidence": 0.9}, {"name": "thing", "confidence": 0.7}],
        "text": [],
        "confidence": 0.8,
    }
    return {**said, **changes}


def grasp(number: int, description: str = "", **changes: Any) -> dict[str, Any]:
    """What is said of one moment."""
    said: dict[str, Any] = {
        "number": number,
        "description": description or f"Number {number} explains the tides to a room.",
        "labels": [{"name": "Tides", "confidence": 0.9}, {"name": "sea", "confidence": 0.6}],
        "confidence": 0.8,
    }
    return {**said, **changes}


def clip_copy(place: int, note: str = "", **changes: Any) -> dict[str, Any]:
    """What is written about one clip; its hook and payoff are the first and last sentence that are said in it."""
    said = note.partition("Said in it: ")[2].partition("\n")[0]
    sentences = [one for one in re.split(r"(?<=[.?!])\s+", said) if one and one != "…"] or ["Nothing."]
    written: dict[str, Any] = {
        "number": place,
        "rating": 5.0,
        "hook": sentences[0],
        "payoff": sentences[-1],
        "intent": "teach",
        "title": f"What is told here: {sentences[0][:40]}",
        "description": f"The clip tells this: {sentences[-1][:80]}",
        "hashtags": ["Tides", "The Sea"],
        "confidence": 0.8,
    }
    return {**written, **changes}


def chat(content: Any, finish_reason: str = "stop", usage: tuple[int, int] = (1_000, 100), **message: Any) -> Reply:
    """A chat completion, in every part as OpenAI describes it; `content` is made JSON unless it is a text."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    said = {"role": "assistant", "content": text, "refusal": None, **message}
    sent, answered = usage
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": said, "finish_reason": finish_reason, "logprobs": None}],
        "usage": {"prompt_tokens": sent, "completion_tokens": answered, "total_tokens": sent + answered},
    }
    return Reply(json.dumps(body).encode())


def describing(asked: Asked) -> Reply:
    """A good answer to a request about pictures, moments or clips; 100 tokens sent and 50 answered for each of them."""
    if asked.about == "clips":
        notes = [note for note, _ in asked.moments]
        written = [clip_copy(number, note) for number, note in enumerate(notes, 1)]
        return chat({"clips": written}, usage=(100 * len(notes), 50 * len(notes)))
    if asked.about == "moments":
        count = len(asked.moments)
        return chat({"moments": [grasp(number) for number in range(1, count + 1)]}, usage=(100 * count, 50 * count))
    count = len(asked.pictures)
    return chat({"pictures": [entry(number) for number in range(1, count + 1)]}, usage=(100 * count, 50 * count))


class OpenAiService(Serving):
    """Answers with the replies in order, the last one again and again; use as a context manager.

    Args:
        replies: in order.
        answer: from a request to its reply, instead of `replies`.
        port: to listen on; 0 for a free one.
    """

    def __init__(
        self, *replies: Reply | dict[str, Any], answer: Callable[[Asked], Reply] | None = None, port: int = 0
    ) -> None:
        self.replies = [reply if isinstance(reply, Reply) else Reply(json.dumps(reply).encode()) for reply in replies]
        self.key = KEY
        self.asked: list[Asked] = []
        self._answer, self._lock = answer, threading.Lock()
        super().__init__(Listener(("127.0.0.1", port), self._handler()))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def _reply(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            said = asked.headers.get("authorization", "nothing")
            return failed(401, f"Incorrect API key provided: {said}", "invalid_api_key")
        if asked.path not in (PATH, CHAT):
            return failed(404, f"Invalid URL (POST {asked.path})")
        if self._answer is not None:
            return self._answer(asked)
        with self._lock:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = _taken_apart(self.path, headers, body)
                service.asked.append(asked)
                try:
                    self._send(service._reply(asked))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def do_GET(self) -> None:  # where a redirect was followed to
                service.asked.append(Asked(self.path, dict(self.headers), {}, b"", "", ""))
                self._send(failed(405))

            def _send(self, reply: Reply) -> None:
                if reply.wait is not None:
                    reply.wait.wait(120)  # a test that failed sets it no more
                if reply.slow_s:
                    time.sleep(reply.slow_s)
                if reply.reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    raise ConnectionResetError
                if reply.head is not None:  # a header that never ends
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Wait: ")
                    while not reply.head.wait(0.02):
                        self.wfile.write(b"x")
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                length = len(reply.body) if reply.declared is None else reply.declared
                headers = {"Content-Type": "application/json", "Content-Length": str(length)} | reply.headers
                if reply.drip is not None:
                    headers |= {"Transfer-Encoding": "chunked"}
                    del headers["Content-Length"]
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.drip is not None:
                    piece, stop = reply.drip
                    while not stop.wait(0.02 if len(piece) < 100 else 0):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                self.wfile.write(reply.body)
                self.close_connection = length != len(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _taken_apart(path: str, headers: dict[str, str], body: bytes) -> Asked:
    if headers["content-type"] == "application/json":
        return Asked(path, headers, {}, b"", "", "", json.loads(body))
    raw = f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw)
    fields: dict[str, list[str]] = {}
    file, filename, filetype = b"", "", ""
    for part in form.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            file, filename, filetype = content, str(part.get_filename()), part.get_content_type()
        else:
            fields.setdefault(name, []).append(content.decode())
    return Asked(path, headers, fields, file, filename, filetype)


def main(port: int, slow_s: float, slow_about: str = "", prompt: int = 0) -> None:
    """Describe pictures and moments until killed; prints `P` and the address, then number and kind of each request.

    Args:
        port: to listen on; 0 for a free one.
        slow_s: before each answer.
        slow_about: the kind of requests that are answered so late; all when empty.
        prompt: so many of them are answered at once, the first.
    """
    numbers = itertools.count()

    def answer(asked: Asked) -> Reply:
        if slow_about in ("", asked.about) and next(numbers) >= prompt:
            time.sleep(slow_s)
        return describing(asked)

    with OpenAiService(answer=answer, port=port) as service:
        _tell(f"P {service.base_url}")
        told = 0
        while True:
            time.sleep(0.02)
            for asked in service.asked[told:]:
                told += 1
                _tell(f"{len(asked.pictures if asked.about == 'pictures' else asked.moments)} {asked.about}")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
