"""The bundled sample video: script, drawings, sound and encoder. Run ``python -m ops.sample.make_sample``."""
