from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.domain import Utterance, Word
from processors.segments.sentences import BREAK_MS, PAUSE_MS, split_sentences
from processors.segments.words import Token, text_of, tokens_of
from tests.unit.segments.builders import utterance, words_of

#    language, text, sentences
TEXTS = [
    ("en", "It works. Does it? Yes! Good… Fine.", ["It works.", "Does it?", "Yes!", "Good…", "Fine."]),
    ("en", "Dr. Smith met Mr. Jones at St. Mary. They spoke.", ["Dr. Smith met Mr. Jones at St. Mary.", "They spoke."]),
    ("en", "John F. Kennedy spoke. We listened.", ["John F. Kennedy spoke.", "We listened."]),
    ("en", "So do I. We all do.", ["So do I.", "We all do."]),
    ("en", "It costs 3.50 dollars. Cheap.", ["It costs 3.50 dollars.", "Cheap."]),
    ("en", "The U.S. economy grew. It was 2019. Then it fell.", None),
    ("en", "He lives in the U.S. economy of scale.", ["He lives in the U.S. economy of scale."]),
    ("en", "Apples, pears, etc. are fruit. Right.", ["Apples, pears, etc. are fruit.", "Right."]),
    ("en", "Apples, pears, etc. They are fruit.", ["Apples, pears, etc.", "They are fruit."]),
    ("en", "“Really?” he said. “Yes.” She left.", ["“Really?” he said.", "“Yes.”", "She left."]),
    ("en", "And then... he stopped. Then... He went.", ["And then... he stopped.", "Then...", "He went."]),
    (
        "de",
        "Am 3. Oktober war es so weit. Es war z.B. Regen da.",
        ["Am 3. Oktober war es so weit.", "Es war z.B. Regen da."],
    ),
    ("de", "Es war 1989. Die Mauer fiel.", ["Es war 1989.", "Die Mauer fiel."]),
    ("es", "¿Qué es esto? ¡No lo sé! Pero, ¿quién sabe?", ["¿Qué es esto?", "¡No lo sé!", "Pero, ¿quién sabe?"]),
    ("es", "El Sr. García llegó. ¿Y ahora?", ["El Sr. García llegó.", "¿Y ahora?"]),
    ("hi", "यह अच्छा है। वह गया।", ["यह अच्छा है।", "वह गया।"]),
    ("ar", "كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
    (
        "en",
        "all in lower case. it still splits. every time.",
        ["all in lower case.", "it still splits.", "every time."],
    ),
]


@pytest.mark.parametrize(("language", "text", "expected"), [case for case in TEXTS if case[2]])
def test_punctuation(language: str, text: str, expected: list[str]) -> None:
    sentences = split_sentences(tokens_of([utterance(text, language=language)]))
    assert [sentence.text for sentence in sentences] == expected
    assert all(sentence.opens and sentence.closes for sentence in sentences)


def test_an_acronym_before_a_lower_case_word_goes_on() -> None:
    sentences = split_sentences(tokens_of([utterance("The U.S. economy grew. It was 2019. Then it fell.")]))
    assert [sentence.text for sentence in sentences] == ["The U.S. economy grew.", "It was 2019.", "Then it fell."]


def test_unspaced_script_splits_at_its_own_marks() -> None:
    pieces = ["今天", "天气", "很", "好。", "我们", "去", "吗？", "好", "！"]
    words = [Word(at * 200, at * 200 + 200, piece, 0.9) for at, piece in enumerate(pieces)]
    said = Utterance(0, 1_800, "".join(pieces), "zh", words, -0.1, 0.0, None)
    assert [sentence.text for sentence in split_sentences(tokens_of([said]))] == [
        "今天天气很好。",
        "我们去吗？",
        "好！",
    ]


def _with_pause(before: str, after: str, pause_ms: int, same: bool = False) -> list[Token]:
    first = utterance(before)
    second = utterance(after, first.end_ms + pause_ms)
    if same:
        joined = Utterance(0, second.end_ms, f"{before} {after}", "en", first.words + second.words, -0.3, 0.0, None)
        return tokens_of([joined])
    return tokens_of([first, second])


#   before, after, pause, how many sentences, why
PAUSES = [
    ("we went there", "and came back", PAUSE_MS - 1, 1, "unpunctuated, one step below the pause"),
    ("we went there", "and came back", PAUSE_MS, 2, "unpunctuated, at the pause"),
    ("We went there", "and came back.", PAUSE_MS, 1, "punctuated: a pause for breath"),
    ("We went there", "and came back.", BREAK_MS - 1, 1, "punctuated, one step below the break"),
    ("We went there", "and came back.", BREAK_MS, 2, "punctuated, at the break"),
    ("We went there", "Then we left.", PAUSE_MS, 2, "punctuated, but begun anew with a capital"),
    ("We went there,", "Then we left.", PAUSE_MS, 1, "punctuated, but the comma says it goes on"),
    ("Ask Dr.", "Then we left.", PAUSE_MS, 2, "an abbreviation before a pause ends the sentence"),
]


@pytest.mark.parametrize(
    ("before", "after", "pause_ms", "count"), [case[:4] for case in PAUSES], ids=[c[4] for c in PAUSES]
)
def test_pauses(before: str, after: str, pause_ms: int, count: int) -> None:
    assert len(split_sentences(_with_pause(before, after, pause_ms))) == count


def test_a_break_in_the_middle_is_marked_on_both_sides() -> None:
    first, second = split_sentences(_with_pause("We went there", "and came back.", BREAK_MS))
    assert (first.opens, first.closes) == (True, False)
    assert (second.opens, second.closes) == (False, True)


def test_another_language_is_another_sentence() -> None:
    tokens = tokens_of([utterance("we say", 0, "en"), utterance("guten Tag", 700, "de")])
    assert [(sentence.language, sentence.text) for sentence in split_sentences(tokens)] == [
        ("en", "we say"),
        ("de", "guten Tag"),
    ]


def test_a_run_on_is_cut_at_a_clause_near_the_middle() -> None:
    text = " ".join(["word"] * 29 + ["comma,"] + ["word"] * 30)
    first, second = split_sentences(tokens_of([utterance(text)]), max_ms=15_000)  # 60 words, 21 s
    assert first.text.endswith("comma,")
    assert (first.opens, first.closes, second.opens, second.closes) == (True, False, False, True)


def test_times_are_those_of_the_words() -> None:
    sentence = split_sentences(tokens_of([utterance("one two three.", 1_234)]))[0]
    assert (sentence.start_ms, sentence.end_ms) == (1_234, 1_234 + 2 * 350 + 300)


def test_nothing_gives_nothing() -> None:
    assert split_sentences([]) == []
    with pytest.raises(ValueError, match="max_ms"):
        split_sentences([], max_ms=0)


spoken = st.lists(
    st.tuples(
        st.sampled_from(["so", "Then", "end.", "why?", "a,", "Dr.", "3.", "well…", "今", "好。", "z.B."]),
        st.integers(0, 900),
        st.sampled_from([0, 0, 50, 699, 700, 2_500]),
        st.sampled_from(["en", "en", "en", "de", "zh"]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(spoken, st.integers(300, 30_000))
def test_each_word_is_in_one_sentence_and_boundaries_are_never_inside_a_word(
    said: list[tuple[str, int, int, str]], max_ms: int
) -> None:
    utterances, at_ms = [], 0
    for text, length_ms, pause_ms, language in said:
        word = Word(at_ms, at_ms + length_ms, text, 0.9)
        utterances.append(Utterance(at_ms, at_ms + length_ms, text, language, [word], -0.1, 0.0, None))
        at_ms += length_ms + pause_ms
    tokens = tokens_of(utterances)
    sentences = split_sentences(tokens, max_ms)
    covered = [index for sentence in sentences for index in range(sentence.first, sentence.last + 1)]
    assert covered == list(range(len(tokens)))
    for sentence in sentences:
        assert sentence.start_ms == tokens[sentence.first].start_ms
        assert sentence.end_ms == tokens[sentence.last].end_ms
        assert sentence.text == text_of(tokens[sentence.first : sentence.last + 1])
        assert sentence.end_ms - sentence.start_ms <= max_ms or sentence.first == sentence.last
        for edge in (sentence.start_ms, sentence.end_ms):
            assert not any(token.start_ms < edge < token.end_ms for token in tokens)


def test_ten_thousand_words_without_any_mark_stay_quick() -> None:
    words = words_of(" ".join(["word"] * 10_000), 0)
    said = Utterance(0, words[-1].end_ms, " ".join(["word"] * 10_000), "en", words, -0.1, 0.0, None)
    sentences = split_sentences(tokens_of([said]))
    assert max(sentence.end_ms - sentence.start_ms for sentence in sentences) <= 20_000
