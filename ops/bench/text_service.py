"""A language model that knows nothing: a real HTTP server that answers by simple rules, written down here.

::

    clips       rating 5; hook and payoff are the first and the last sentence that are said, the title the first one cut
                to 80 characters, the description the first two, the hashtags the longest words; all valid
    passages    from each sentence on, whole sentences of at least half a minute; best are those with the most
                occurrences of keywords for their words; none that overlaps a better one. A keyword has five letters and
                more, and comes back in three sentences and more, but in no more than a tenth of all
    tokens      a quarter of the bytes, of what is sent and of what is answered

So what it names is a baseline of keyword density behind the interface of a language model, and says nothing about what
a language model would choose. Its texts say nothing about quality either; what is measured with it is what is sent.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from ops.bench.serving import JsonService
from processors.segments.lexicon import bare_word

BYTES_PER_TOKEN: Final = 4
_SENTENCE: Final = re.compile(r"\[(\d+) (\d+)s\] (.*?)(?= (?:… )?\[\d+ \d+s\]|$)", re.DOTALL)
_WANTED: Final = re.compile(r"^(\d+) passages")
_PASSAGE_S: Final = 30
_KEYWORD_LETTERS: Final = 5
_KEYWORD_TIMES: Final = 3
_COMMON: Final = 0.1
_LAST_S: Final = 5  # of the last sentence, whose end nobody says


@dataclass(frozen=True)
class Sent:
    """One request: what it was about, and its tokens."""

    about: str
    sent: int
    answered: int


class TextService(JsonService):
    """Listens on loopback; use as a context manager."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        super().__init__(self._answered)

    def _answered(self, body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        about = asked["response_format"]["json_schema"]["name"]
        content = json.dumps(_ANSWERS[about](asked["messages"][-1]["content"]))
        sent = Sent(about, len(body) // BYTES_PER_TOKEN, len(content.encode()) // BYTES_PER_TOKEN)
        self.sent.append(sent)
        return _completion(content, sent)


def _completion(content: str, sent: Sent) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "refusal": None}
    total = sent.sent + sent.answered
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": sent.sent, "completion_tokens": sent.answered, "total_tokens": total},
    }


def _clips(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"clips": [_clip(number, part["text"]) for number, part in enumerate(content[1:], 1)]}


def _clip(number: int, note: str) -> dict[str, Any]:
    said = note.partition("Said in it: ")[2].partition("\n")[0]
    sentences = [one for one in re.split(r"(?<=[.?!])\s+", said) if one.strip("… ")] or [said]
    words = sorted({bare_word(word) for word in said.split()}, key=lambda word: (-len(word), word))
    return {
        "number": number,
        "rating": 5,
        "hook": sentences[0],
        "payoff": sentences[-1],
        "intent": "other",
        "title": sentences[0][:80],
        "description": " ".join(sentences[:2])[:280],
        "hashtags": words[:8],
        "confidence": 0.5,
    }


def _passages(content: list[dict[str, Any]]) -> dict[str, Any]:
    text = "\n".join(part["text"] for part in content)
    found = _WANTED.match(text)
    wanted = int(found[1]) if found else 1
    passages = densest_passages([(int(one[0]), int(one[1]), one[2]) for one in _SENTENCE.findall(text)], wanted)
    return {"passages": [{"number": at, "first": low, "last": high} for at, (low, high) in enumerate(passages, 1)]}


def densest_passages(sentences: list[tuple[int, int, str]], wanted: int) -> list[tuple[int, int]]:
    """The passages of the rule above, the best first, as first and last sentence.

    Args:
        sentences: number, second in which it begins, text; in order.
        wanted: passages at most.
    """
    words = [[bare_word(word) for word in text.split()] for _, _, text in sentences]
    met = Counter(word for spoken in words for word in set(spoken) if len(word) >= _KEYWORD_LETTERS)
    most = max(_KEYWORD_TIMES, len(sentences) * _COMMON)
    keywords = {word for word, times in met.items() if _KEYWORD_TIMES <= times <= most}
    counts = [sum(word in keywords for word in spoken) for spoken in words]
    ends = [start_s for _, start_s, _ in sentences[1:]] + [sentences[-1][1] + _LAST_S] if sentences else []
    windows = []
    for first, (_, start_s, _) in enumerate(sentences):
        last = next((at for at in range(first, len(sentences)) if ends[at] - start_s >= _PASSAGE_S), None)
        if last is not None:
            spoken = sum(map(len, words[first : last + 1]))
            windows.append((-sum(counts[first : last + 1]) / max(1, spoken), first, last))
    chosen: list[tuple[int, int]] = []
    for _, first, last in sorted(windows):
        if len(chosen) < wanted and all(last < low or first > high for low, high in chosen):
            chosen.append((first, last))
    return [(sentences[first][0], sentences[last][0]) for first, last in chosen]


_ANSWERS: Final = {"clips": _clips, "passages": _passages}

__all__ = ["BYTES_PER_TOKEN", "Sent", "TextService", "densest_passages"]
