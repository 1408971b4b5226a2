"""Which model a chunk goes to, on which device, and which languages are tried."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from processors.errors import ModelUnavailable
from processors.models.manifest import MODELS
from processors.parameters import Steering, parameters
from processors.speech.choice import (
    TIERS,
    Choice,
    Recognition,
    Tier,
    TierChanges,
    choose,
    compute_type_for,
    device_for,
    models_of,
    needs_hint,
)
from processors.speech.tongues import Supported, candidates

ENGLISH = Tier("tiny.en", 1, "base", 5, 0.1)
LADDER = Tier("base", 1, "large-v3", 5, 0.1)
SMALL, LARGE = Choice("tiny.en", 1, "base", 5), Choice("base", 5, None, 5)


@pytest.mark.parametrize(
    ("tier", "override", "noise", "voices", "english", "expected"),
    [
        (ENGLISH, None, 0.0, 1, True, SMALL),
        (ENGLISH, None, 0.0999, None, True, SMALL),  # nobody counted: one
        (ENGLISH, None, 0.1, 1, True, LARGE),
        (ENGLISH, None, 0.0999, 2, True, LARGE),
        (ENGLISH, None, None, 1, True, LARGE),
        (ENGLISH, None, 0.0, 1, False, Choice("base", 1, None, 5)),  # the small one knows only English
        (LADDER, None, 0.0, 1, False, Choice("base", 1, "large-v3", 5)),
        (LADDER, None, 0.5, 1, False, Choice("large-v3", 5, None, 5)),
        (LADDER, "tiny.en", 0.0, 1, False, Choice("tiny.en", 5, None, 5)),
    ],
)
def test_choice(tier, override, noise, voices, english, expected):
    assert choose(tier, override, noise, voices, english) == expected


@pytest.mark.parametrize(
    ("wanted", "devices", "expected"),
    [("auto", 0, ("cpu", "int8")), ("auto", 2, ("cuda", "float16")), ("cpu", 2, ("cpu", "int8")),
     ("cuda", 1, ("cuda", "float16"))],
)  # fmt: skip
def test_a_gpu_is_used_where_there_is_one(wanted, devices, expected):
    device = device_for(wanted, devices)
    assert (device, compute_type_for(device)) == expected


def test_a_gpu_that_is_not_there_is_said():
    with pytest.raises(ModelUnavailable, match="no CUDA device"):
        device_for("cuda", 0)


def test_every_tier_names_recognisers_of_the_manifest():
    for device in TIERS:
        assert set(TIERS[device]) == {"fast", "balanced", "best"}
        for tier in TIERS[device].values():
            assert {MODELS[name].kind for name in models_of(tier, None)} == {"speech recognition"}


def test_settings_change_a_tier_and_leave_the_rest():
    changed = Recognition(profiles={"fast": TierChanges(small="base", noise=0.0)})
    assert changed.tier("fast", "cpu") == Tier("base", 1, "base", 5, 0.0)
    assert changed.tier("best", "cpu") == TIERS["cpu"]["best"]
    assert models_of(changed.tier("fast", "cpu"), None) == {"base"}
    assert not needs_hint(changed.tier("fast", "cpu"), None)
    assert needs_hint(ENGLISH, None)
    assert not needs_hint(ENGLISH, "base")
    assert Recognition.model_validate(changed.model_dump(mode="json")) == changed


def test_cache_keys_follow_the_choice():
    plain, changed = Recognition(), Recognition(profiles={"fast": TierChanges(small="base")})
    plainly, otherwise = Steering(recognition=plain), Steering(recognition=changed)
    assert parameters("transcriber", {}, plainly) != parameters("transcriber", {}, otherwise)
    fast = {"profile": "fast"}
    assert parameters("audio-extractor", fast, plainly)["hints"] == "base"
    for steered in (
        parameters("audio-extractor", {}, plainly),
        parameters("audio-extractor", fast, Steering("base", recognition=plain)),
        parameters("audio-extractor", fast, otherwise),
    ):
        assert "hints" not in steered


@pytest.mark.parametrize(
    "changes", [{"small": "silero-vad"}, {"large": "huge"}, {"large_beam": 0}, {"noise": 1.5}, {"beam": 1}]
)
def test_wrong_changes_are_refused(changes):
    with pytest.raises(ValidationError):
        Recognition.model_validate({"profiles": {"fast": changes}})


def test_languages_are_sorted_and_known():
    assert Recognition(languages=("es", "en", "es")).languages == ("en", "es")
    with pytest.raises(ValidationError, match="'xx' is no language"):
        Recognition(languages=("xx",))


EN_DE = Supported(frozenset({"en", "de"}))


@pytest.mark.parametrize(
    ("likely", "hint", "supported", "expected"),
    [
        ({"en": 0.9, "de": 0.1}, None, Supported(), [("en", 0.9)]),
        ({"en": 0.5, "de": 0.3, "es": 0.2}, None, Supported(), [("en", 0.5), ("de", 0.3)]),
        ({"en": 0.5, "de": 0.3, "es": 0.2}, "es", Supported(), [("en", 0.5), ("de", 0.3), ("es", 0.2)]),
        ({"fr": 0.9, "en": 0.1}, None, EN_DE, []),
        ({"fr": 0.51, "en": 0.49}, "en", EN_DE, []),
        ({"fr": 0.5, "en": 0.5}, None, EN_DE, [("en", 1.0)]),
        ({"nl": 0.4, "de": 0.4, "en": 0.2}, None, EN_DE, [("de", 2 / 3)]),  # what is left is told apart anew
        ({"fr": 0.9, "en": 0.075, "de": 0.025}, None, Supported(EN_DE.languages, nearest=True), [("en", 0.75)]),
        ({"fr": 1.0}, None, Supported(EN_DE.languages, nearest=True), []),
    ],
)
def test_languages_to_try(likely, hint, supported, expected):
    found = candidates(likely, hint, supported)
    assert [language for language, _ in found] == [language for language, _ in expected]
    assert [p for _, p in found] == pytest.approx([p for _, p in expected])
