"""Searching what was said and what was ranked: by words, by meaning, or by both fused.

By words: each row has the text search of its own language, so a query is asked once for each kind of text search that
rows have, and matches only rows of that kind: "running" finds "ran" in English and nothing by chance in German.
By meaning: the nearest vectors by their cosine, of segments, and of sentences for what was said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from streams.database.fusion import fused

Kind = Literal["segment", "utterance"]
KINDS: Final[tuple[Kind, ...]] = ("segment", "utterance")
MAX_HITS: Final = 200
# Around what was found in a headline. No markup, so that whoever shows it escapes the text first and marks then. The
# whole text: parts of it begin behind words like "why", and end before a question mark.
MARK_START, MARK_END = "⟦", "⟧"
_HEADLINE: Final = f"StartSel={MARK_START}, StopSel={MARK_END}, HighlightAll=true"
# Fused are lists of this many times the hits that are wanted: what is 21st by words may be first by both.
DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for.

    Args:
        words: as in a web search: "exact words", or, -without.
        vector: what they mean, components of any length; None to go by words alone.
        kinds: of what may be found.
        video_id: only in this video; None for all.
        limit: most hits, at most `MAX_HITS`.
    """

    words: str
    vector: tuple[int, ...] | None = None
    kinds: tuple[Kind, ...] = KINDS
    video_id: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found.

    Args:
        kind: of what it is.
        video_id: where.
        key: segment_id, or the position of the utterance.
        start_ms, end_ms: in the video.
        video_title: of the video.
        title: of a segment; empty for an utterance.
        speaker: of an utterance, where known.
        language: ISO 639 code.
        text: all of it.
        headline: a part with what was found between `MARK_START` and `MARK_END`; empty where it was found by meaning.
        score: of the fusion; only its order means something.
        ranks: in the lists that it was found in: "words", "meaning".
        likeness: cosine of what it means and what is looked for; None where it was found by words alone.
    """

    kind: Kind
    video_id: str
    key: str
    start_ms: int
    end_ms: int
    video_title: str
    title: str
    speaker: str | None
    language: str
    text: str
    headline: str = ""
    score: float = 0.0
    ranks: dict[str, int] | None = None
    likeness: float | None = None


_COLUMNS: Final[dict[Kind, str]] = {
    "segment": "found.segment_id AS key, found.start_ms, found.end_ms, found.title, NULL AS speaker, found.language, "
    "concat_ws(' ', found.title, found.description, found.text) AS shown, found.text",
    "utterance": "found.position::text AS key, found.start_ms, found.end_ms, '' AS title, found.speaker, "
    "found.language, found.text AS shown, found.text",
}
_TABLES: Final[dict[Kind, str]] = {"segment": "clipstream.segments", "utterance": "clipstream.utterances"}


def words_statement(kind: Kind) -> str:
    """The statement that finds by words; its arguments: words, video_id, limit."""
    return f"""
        WITH asked AS (
          SELECT config, websearch_to_tsquery(config, %(words)s) AS query
          FROM (
            SELECT DISTINCT clipstream.config_of(language) AS config
            FROM clipstream.videos CROSS JOIN LATERAL jsonb_array_elements_text(languages) AS spoken (language)
            UNION SELECT 'pg_catalog.simple'::regconfig
          ) AS configs
        ), found AS (
          SELECT held.video_id, asked.config, asked.query, {_COLUMNS[kind].replace("found.", "held.")},
                 ts_rank_cd(held.words, asked.query) AS rank
          FROM asked JOIN {_TABLES[kind]} AS held
            ON held.words @@ asked.query AND clipstream.config_of(held.language) = asked.config
          WHERE numnode(asked.query) > 0 AND (%(video_id)s::text IS NULL OR held.video_id = %(video_id)s)
          ORDER BY rank DESC, held.video_id, held.start_ms, key LIMIT %(limit)s
        )
        SELECT found.video_id, key, start_ms, end_ms, video.title, found.title, speaker, language, text,
               ts_headline(config, shown, query, '{_HEADLINE}'), NULL
        FROM found JOIN clipstream.videos AS video USING (video_id)
        ORDER BY rank DESC, found.video_id, start_ms, key
    """


def meaning_statement(kind: Kind, *, within: bool = False) -> str:
    """The statement that finds by meaning; its arguments: vector, limit, and video_id where it is within one video.

    The index of vectors gives some dozen candidates out of all videos, whatever is asked of them behind it: of 5 videos
    with 1,000 sentences each, one that lay farther off gave 0 of 60. So the rows of one video are taken first, and all
    of them are compared.
    """
    if kind == "segment":
        return f"""
            WITH own AS {_own("clipstream.segments", within)}
            SELECT found.video_id, key, start_ms, end_ms, video.title, found.title, speaker, language, text, '',
                   1 - distance
            FROM (
              SELECT found.video_id, {_COLUMNS[kind]}, found.vector <=> %(vector)s::halfvec AS distance
              FROM own AS found
              WHERE found.vector IS NOT NULL
              ORDER BY found.vector <=> %(vector)s::halfvec LIMIT %(limit)s
            ) AS found JOIN clipstream.videos AS video USING (video_id)
            ORDER BY distance, found.video_id, start_ms
        """
    # a sentence is shown as the utterance in which most of it lies
    return f"""
        WITH own AS {_own("clipstream.sentences", within)}
        SELECT near.video_id, key, found.start_ms, found.end_ms, video.title,
               found.title, found.speaker, found.language, found.text, '', 1 - distance
        FROM (
          SELECT video_id, start_ms, end_ms, vector <=> %(vector)s::halfvec AS distance
          FROM own
          WHERE vector IS NOT NULL
          ORDER BY vector <=> %(vector)s::halfvec LIMIT %(limit)s
        ) AS near
        JOIN clipstream.videos AS video USING (video_id)
        CROSS JOIN LATERAL (
          SELECT {_COLUMNS[kind]} FROM clipstream.utterances AS found
          WHERE found.video_id = near.video_id AND found.start_ms < near.end_ms AND found.end_ms > near.start_ms
          ORDER BY least(found.end_ms, near.end_ms) - greatest(found.start_ms, near.start_ms) DESC, found.position
          LIMIT 1
        ) AS found
        ORDER BY distance, near.video_id, key
    """


def _own(table: str, within: bool) -> str:
    """The rows that are compared; materialized they are read by the video and not by the index of vectors."""
    if within:
        return f"MATERIALIZED (SELECT * FROM {table} WHERE video_id = %(video_id)s)"
    return f"NOT MATERIALIZED (SELECT * FROM {table})"


def hits_of(kind: Kind, rows: list[tuple[Any, ...]]) -> list[Hit]:
    """Hits out of what a statement found."""
    return [Hit(kind, *row[:-1], likeness=row[-1]) for row in rows]  # type: ignore[misc]


def together(lists: dict[str, list[list[Hit]]], limit: int) -> list[Hit]:
    """One list of hits, best first.

    Args:
        lists: "words" and "meaning", each with one list of hits a kind, best first.
        limit: most of them.
    """
    known: dict[tuple[str, str, str], Hit] = {}
    for hit in (one for ranked in lists.values() for found in ranked for one in found):
        held = known.setdefault(_key(hit), hit)
        # words give the headline, meaning the likeness
        likeness = held.likeness if held.likeness is not None else hit.likeness
        known[_key(hit)] = replace(held, headline=held.headline or hit.headline, likeness=likeness)
    chosen: list[Hit] = []
    for number in range(max(map(len, lists.values()), default=0)):
        keys = {name: [_key(hit) for hit in ranked[number]] for name, ranked in lists.items() if number < len(ranked)}
        chosen += [replace(known[key], score=score, ranks=ranks) for key, score, ranks in fused(keys)]
    return sorted(chosen, key=lambda hit: -hit.score)[:limit]


def _key(hit: Hit) -> tuple[str, str, str]:
    return hit.kind, hit.video_id, hit.key


__all__ = [
    "DEPTH",
    "KINDS",
    "MARK_END",
    "MARK_START",
    "MAX_HITS",
    "Hit",
    "Kind",
    "Query",
    "hits_of",
    "meaning_statement",
    "together",
    "words_statement",
]
