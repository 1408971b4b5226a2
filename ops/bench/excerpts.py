"""What is left of the words of a moment at a budget: `python -m ops.bench.excerpts DIR`, DIR with meetings (QMSum).

Every minute of a meeting is a moment, with half a minute before and after it, which is more than most segments have.
Told are the bytes that are sent, and which share of the words that the minute is about (those that come back in the
meeting and are not everywhere in it) is still there; beside the plain way of cutting: as many of its bytes from the
front. Both leave room for what is around.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from ops.bench.machine import describe
from ops.bench.meetings import WORD_MS, Meeting, read_meetings
from processors.domain import Document, Segment, Utterance
from processors.enrichment.moments import AROUND_MS, moments_of
from processors.segments.lexicon import bare_word
from processors.segments.material import Material
from processors.segments.sentences import split_sentences
from processors.segments.signals.substance import TOPIC_WORTH, content_worth
from processors.segments.words import tokens_of
from processors.vision.hosted_prompt import clipped

MOMENT_MS: Final = 60_000
BUDGETS: Final = (100, 200, 300, 600, 4_000)


@dataclass(slots=True)
class _Sum:
    """Over all moments of a budget."""

    moments: int = 0
    whole: int = 0  # bytes of all that is said in and around
    sent: int = 0
    words: int = 0  # of the topic
    kept: int = 0
    front: int = 0  # kept by the plain way


def run(data: Path) -> dict[str, Any]:
    """All meetings below a folder."""
    sums = {budget: _Sum() for budget in BUDGETS}
    for meeting in read_meetings(data):
        _measure(meeting, sums)
    rows = [
        {
            "item": f"{budget} tokens",
            "moments": one.moments,
            "bytes_whole": round(one.whole / one.moments),
            "bytes_sent": round(one.sent / one.moments),
            "topic_words_kept": round(one.kept / one.words, 3),
            "topic_words_kept_from_the_front": round(one.front / one.words, 3),
        }
        for budget, one in sums.items()
    ]
    return {"bench": "excerpts", "machine": describe(), "rows": rows}


def _measure(meeting: Meeting, sums: dict[int, _Sum]) -> None:
    transcript: list[Utterance] = []
    for sentence in meeting.sentences:
        start_ms = transcript[-1].end_ms if transcript else 0
        length_ms = WORD_MS * len(sentence.split())
        transcript.append(Utterance(start_ms, start_ms + length_ms, sentence, "en", [], 0.0, 0.0, None))
    document = Document(transcript=transcript)
    words = tokens_of(transcript)
    end_ms = transcript[-1].end_ms
    sentences = split_sentences(words)
    worth, bare = content_worth(Material.of(document, words, sentences, end_ms))
    starts = range(0, end_ms - MOMENT_MS, MOMENT_MS)
    segments = [Segment(str(at), 1, at, at + MOMENT_MS, 0.0, 0.0, "", "", [], None) for at in starts]
    for budget, one in sums.items():
        for segment, moment in zip(segments, moments_of(segments, document, budget), strict=True):
            own = [
                at
                for sentence in sentences
                if segment.start_ms <= (sentence.start_ms + sentence.end_ms) / 2 < segment.end_ms
                for at in range(sentence.first, sentence.last + 1)
            ]
            about = {bare[at] for at in own if worth[at] >= TOPIC_WORTH}
            first_ms, last_ms = segment.start_ms - AROUND_MS, segment.end_ms + AROUND_MS
            near = " ".join(word.text for word in words if first_ms <= word.start_ms < last_ms)
            said = moment.excerpt.said
            front = clipped(" ".join(words[at].text for at in own), len(said.encode()))
            one.moments += 1
            one.whole += len(near.encode())
            one.sent += moment.excerpt.size
            one.words += len(about)
            one.kept += len(about & _bare(said.split()))
            one.front += len(about & _bare(front.split()))


def _bare(words: Sequence[str]) -> set[str]:
    return {bare_word(word) for word in words}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(run(Path(sys.argv[1])), option=orjson.OPT_INDENT_2) + b"\n")
