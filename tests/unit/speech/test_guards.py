"""Which text is tried again, which is refused, and which words are a loop."""

from __future__ import annotations

import pytest

from processors.speech.guards import is_bad, is_loop, refusal, surplus
from processors.speech.whisper import Decoded, compression_ratio


def decoded(logprob: float = -0.3, no_speech: float = 0.0, compression: float = 1.2, cut_off: bool = False) -> Decoded:
    return Decoded([1], "text", logprob, no_speech, compression, cut_off)


@pytest.mark.parametrize(
    ("one", "bad", "loop", "refused", "refused_in_english"),
    [
        (decoded(), False, False, None, None),
        (decoded(logprob=-1.0), False, False, None, None),
        (decoded(logprob=-1.04), True, False, None, None),
        (decoded(logprob=-1.2), True, False, None, "not intelligible"),
        (decoded(logprob=-1.6), True, False, "not intelligible", "not intelligible"),
        (decoded(no_speech=0.9), False, False, None, None),  # sure of its words all the same
        (decoded(logprob=-1.1, no_speech=0.9), True, False, "no speech", "no speech"),
        (decoded(compression=2.5), True, True, "repetition", "repetition"),
        (decoded(cut_off=True), True, True, "repetition", "repetition"),
    ],
)
def test_verdicts(one, bad, loop, refused, refused_in_english):
    assert is_bad(one) is bad
    assert is_loop(one) is loop
    assert refusal(one, english_only=False) == refused
    assert refusal(one, english_only=True) == refused_in_english


def test_a_model_with_a_larger_one_behind_it_is_doubted_earlier():
    assert is_bad(decoded(logprob=-0.9), -0.8)
    assert not is_bad(decoded(logprob=-0.9))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("", None),
        ("tear down the fence tear down the fence", None),  # people repeat themselves
        ("no no no no no", None),
        ("no No, no no. no no then", (1, 6)),
        ("so I said yes sir yes sir yes sir yes sir yes sir to him", (5, 13)),
        ("we go there now we go there now we go there now we go there now", (4, 16)),
        ("a b c d e f g", None),
    ],
)
def test_loops(text, gone):
    assert surplus(text.split()) == gone


def test_compression_tells_repetition():
    assert compression_ratio("") == 0.0
    assert compression_ratio("the quick brown fox jumps over the lazy dog by the river") < 1.5
    assert compression_ratio("thank you so much " * 20) > 2.4
