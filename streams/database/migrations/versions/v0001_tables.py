"""Videos, their segments, transcripts and costs, and what sentences mean; text search by the language of each row."""

from __future__ import annotations

from typing import Final

from alembic import op

revision: Final = "0001"
down_revision: Final = None

# Codes of languages, and what Postgres calls their text search. A server has some of these only from a version on, so
# the function is made of those that are there; what has none, or is written without blanks, is searched word by word.
_CONFIG_OF: Final = """
DO $do$
DECLARE cases text;
BEGIN
  SELECT string_agg(
    'WHEN ' || quote_literal(code) || ' THEN ' || quote_literal('pg_catalog.' || name) || '::regconfig', ' '
    ORDER BY code
  ) INTO cases
  FROM (VALUES
    ('ar', 'arabic'), ('hy', 'armenian'), ('eu', 'basque'), ('ca', 'catalan'), ('da', 'danish'), ('nl', 'dutch'),
    ('en', 'english'), ('et', 'estonian'), ('fi', 'finnish'), ('fr', 'french'), ('de', 'german'), ('el', 'greek'),
    ('hi', 'hindi'), ('hu', 'hungarian'), ('id', 'indonesian'), ('it', 'italian'), ('lt', 'lithuanian'),
    ('ne', 'nepali'), ('no', 'norwegian'), ('pt', 'portuguese'), ('ro', 'romanian'), ('ru', 'russian'),
    ('sr', 'serbian'), ('es', 'spanish'), ('sv', 'swedish'), ('ta', 'tamil'), ('tr', 'turkish'), ('yi', 'yiddish')
  ) AS known (code, name)
  JOIN pg_catalog.pg_ts_config AS there
    ON there.cfgname = known.name AND there.cfgnamespace = 'pg_catalog'::regnamespace;
  EXECUTE 'CREATE FUNCTION clipstream.config_of(language text) RETURNS regconfig '
    || 'LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE language ' || cases
    || ' ELSE ''pg_catalog.simple''::regconfig END';
END
$do$
"""

_UPGRADE: Final = (
    _CONFIG_OF,
    """
    CREATE TABLE clipstream.videos (
      video_id text PRIMARY KEY,
      generation integer NOT NULL,
      revision integer NOT NULL,
      enriched boolean NOT NULL,
      status text NOT NULL,
      error text,
      title text NOT NULL,
      duration_ms bigint NOT NULL,
      until_ms bigint,
      confidence double precision NOT NULL,
      languages jsonb NOT NULL,
      missing jsonb NOT NULL,
      suggestions jsonb NOT NULL,
      models jsonb NOT NULL,
      cost_usd double precision NOT NULL,
      started_at_ms bigint NOT NULL,
      finished_at_ms bigint NOT NULL,
      request_digest text,
      document_uri text,
      written_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX videos_finished ON clipstream.videos (finished_at_ms DESC, video_id DESC)",
    """
    CREATE TABLE clipstream.segments (
      video_id text NOT NULL REFERENCES clipstream.videos ON DELETE CASCADE,
      segment_id text NOT NULL,
      rank integer NOT NULL,
      start_ms bigint NOT NULL,
      end_ms bigint NOT NULL,
      score double precision NOT NULL,
      confidence double precision NOT NULL,
      language text NOT NULL,
      title text NOT NULL,
      text text NOT NULL,
      description text NOT NULL,
      speakers jsonb NOT NULL,
      topics jsonb NOT NULL,
      hashtags jsonb NOT NULL,
      details jsonb NOT NULL,
      keyframe_uri text,
      words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector(clipstream.config_of(language), title), 'A')
        || setweight(to_tsvector(clipstream.config_of(language), description), 'B')
        || setweight(to_tsvector(clipstream.config_of(language), text), 'C')
      ) STORED,
      PRIMARY KEY (video_id, segment_id)
    )
    """,
    "CREATE INDEX segments_words ON clipstream.segments USING gin (words)",
    """
    CREATE TABLE clipstream.utterances (
      video_id text NOT NULL REFERENCES clipstream.videos ON DELETE CASCADE,
      position integer NOT NULL,
      start_ms bigint NOT NULL,
      end_ms bigint NOT NULL,
      speaker text,
      language text NOT NULL,
      text text NOT NULL,
      overlapped boolean NOT NULL,
      words tsvector GENERATED ALWAYS AS (to_tsvector(clipstream.config_of(language), text)) STORED,
      PRIMARY KEY (video_id, position)
    )
    """,
    "CREATE INDEX utterances_words ON clipstream.utterances USING gin (words)",
    """
    CREATE TABLE clipstream.costs (
      video_id text NOT NULL REFERENCES clipstream.videos ON DELETE CASCADE,
      stage text NOT NULL,
      service text NOT NULL,
      cost_usd double precision NOT NULL,
      took_ms bigint NOT NULL,
      records integer NOT NULL,
      cached integer NOT NULL,
      PRIMARY KEY (video_id, stage, service)
    )
    """,
    # no reference to a video: what its sentences mean is known before it has a result
    """
    CREATE TABLE clipstream.sentences (
      video_id text NOT NULL,
      generation integer NOT NULL,
      chunk integer NOT NULL,
      position integer NOT NULL,
      start_ms bigint NOT NULL,
      end_ms bigint NOT NULL,
      language text NOT NULL,
      text text NOT NULL,
      components smallint[],
      PRIMARY KEY (video_id, generation, chunk, position)
    )
    """,
)
_DOWNGRADE: Final = (
    *(f"DROP TABLE clipstream.{name}" for name in ("sentences", "costs", "utterances", "segments", "videos")),
    "DROP FUNCTION clipstream.config_of",
)


def upgrade() -> None:
    """Make all tables."""
    for statement in _UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    """Drop them with all that is in them; the sink fills new ones from the topic."""
    for statement in _DOWNGRADE:
        op.execute(statement)
