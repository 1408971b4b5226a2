"""Loads what a stage's first item would otherwise wait for."""

from __future__ import annotations

from processors.tools import Tools


def warm(stage: str, tools: Tools) -> None:
    """Import a stage's code and load its models.

    Args:
        stage: name of the stage; one without heavy parts does nothing.
        tools: the model store.

    Raises:
        ModelUnavailable: weights that the stage cannot do without are not to be had.
    """
    if stage == "transcriber":
        from processors.speech.transcribe import warm_up

        warm_up(tools)
    elif stage == "audio-extractor":
        import processors.speech.extract as _audio  # noqa: F401
    elif stage == "frame-extractor":
        import processors.vision.extract as _frames  # noqa: F401
    elif stage == "vision":
        from processors.vision.analyse import warm_up as warm_vision

        warm_vision(tools)
    elif stage == "content":
        import processors.content.understanding as _understanding  # noqa: F401
        from processors.content.embedding import encoder

        encoder(tools)
    elif stage == "segmenter":
        import processors.segments.job as _job  # noqa: F401
        from processors.content.topics import finder

        finder(tools)
    elif stage == "enricher":
        import processors.enrichment.copywriting as _copy  # noqa: F401
        import processors.enrichment.second_look as _look  # noqa: F401
    elif stage == "metadata":
        import processors.media.probe as _probe  # noqa: F401
