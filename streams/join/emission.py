"""An emission of the join, made from its rows: the parts blob and the `VideoJoined`. The same rows, the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from processors.domain import Sound
from schemas.messages import END_INDEX, StageRun, VideoJoined
from streams.join.parts import assemble
from streams.join.row import About, Ending, Look, Row, about_key, row_key
from streams.join.state import STREAM_KINDS, Emit, JoinState, Kind


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the rows of a video hold."""

    about: About
    audio_duration_ms: int | None
    parts: list[tuple[Kind, bytes]]  # records of the usable parts
    runs: dict[str, StageRun]
    sounds: tuple[Sound, ...] = ()  # between the chunks of speech

    def to_blob(self, video_id: str) -> bytes:
        """The parts as the segmenter reads them."""
        return assemble(video_id, self.about.options, self.audio_duration_ms, self.sounds, self.parts)


def gather(state: JoinState, look: Look) -> Gathered:
    """Read the rows of a video."""
    about_row = look(about_key(state.video_id, state.generation))
    assert about_row is not None, "kept before any state, deleted after the last emission"
    found = Gathered(About.from_row(about_row), None, [], {})
    metadata = look(row_key(state.video_id, state.generation, "metadata", 0))
    _take(found, "metadata", metadata)
    for kind in STREAM_KINDS:
        end = look(row_key(state.video_id, state.generation, kind, END_INDEX))
        if end is not None:
            _note_run(found.runs, end)
            if kind == "transcript":
                ending = Ending.from_bytes(end.content)
                found = replace(found, audio_duration_ms=ending.duration_ms, sounds=ending.sounds)
        for index in range(state.stream(kind).highest + 1):
            _take(found, kind, look(row_key(state.video_id, state.generation, kind, index)))
    return found


def joined(state: JoinState, emit: Emit, found: Gathered, parts_uri: str | None) -> VideoJoined:
    """The record.

    Args:
        state: with the emission's revision.
        emit: what was decided.
        found: the rows.
        parts_uri: where their blob is; None when there are no parts.
    """
    return VideoJoined(
        video_id=state.video_id,
        generation=state.generation,
        revision=state.revision,
        completeness=emit.completeness,
        parts_uri=parts_uri,
        until_ms=emit.until_ms,
        missing=list(emit.missing),
        error=emit.error,
        options=found.about.options,
        fresh_from=found.about.fresh_from,
        started_at_ms=found.about.started_at_ms,
        stages=[found.runs[stage] for stage in sorted(found.runs)],
    )


def _take(found: Gathered, kind: Kind, row: Row | None) -> None:
    if row is None:
        return
    _note_run(found.runs, row)
    if row.letter == "o":
        found.parts.append((kind, row.content))


def _note_run(runs: dict[str, StageRun], row: Row) -> None:
    if not row.stage:
        return
    old = runs.get(row.stage, StageRun(row.stage, 0, 0, 0))
    runs[row.stage] = StageRun(row.stage, old.took_ms + row.took_ms, old.records + 1, old.cached + row.cached)
