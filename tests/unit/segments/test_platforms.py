from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from processors.errors import InvalidMessage
from processors.options import Options
from processors.segments.platforms import (
    MAX_PLATFORMS,
    RULES,
    Rules,
    aspect_of,
    checked,
    platforms_from,
    platforms_to,
    read_platforms,
    rules_for,
)

OWN: dict[str, Any] = {
    "name": "Our player",
    "ideal_ms": [5_000, 10_000],
    "max_ms": 15_000,
    "ideal_aspects": ["1:1"],
    "accepted_aspects": ["1:2", "2:1"],
    "description_chars": 200,
}


def written(folder: Path, name: str = "own.json", **change: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps({"platforms": {"ours": OWN | change}}))
    return path


def test_the_five_are_there_with_sources_and_what_is_unverified() -> None:
    assert set(RULES) == {"tiktok", "shorts", "reels", "x", "linkedin"}
    for rules in RULES.values():
        assert rules.sources
        for source in rules.sources:
            assert source.url.startswith("https://")
            date.fromisoformat(source.read)
        assert rules.notes
        assert len(rules.unverified) == len(set(rules.unverified))
    assert "max_ms" not in RULES["shorts"].unverified  # YouTube's own page says it


def test_named_platforms_come_in_their_order_and_all_when_none_is_named() -> None:
    assert list(rules_for(["x", "tiktok", "x"])) == ["x", "tiktok"]
    assert rules_for() == dict(RULES)


@pytest.mark.parametrize(
    ("name", "hint"), [("tictok", "'tiktok'"), ("Reels", "'reels'"), ("instagram", "'reels'"), ("YouTube", "'shorts'")]
)
def test_an_unknown_name_is_refused_with_a_hint_and_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(InvalidMessage, match=f"Unknown platform '{name}'. Did you mean {hint}") as refused:
        rules_for([name])
    assert "Known platforms: linkedin, reels, shorts, tiktok, x." in refused.value.reason


def test_a_name_like_none_has_no_hint() -> None:
    with pytest.raises(InvalidMessage, match=r"Unknown platform 'myspace'\. Known platforms"):
        rules_for(["myspace"])


def test_a_file_of_ones_own_adds_and_replaces(tmp_path: Path) -> None:
    own = read_platforms(written(tmp_path))
    assert rules_for(["ours", "x"], own)["ours"].max_ms == 15_000
    assert set(rules_for((), own)) == {*RULES, "ours"}
    path = tmp_path / "tiktok.json"
    path.write_text(json.dumps({"platforms": {"tiktok": OWN}}))
    assert rules_for(["tiktok"], read_platforms(path))["tiktok"].name == "Our player"


def test_toml_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in OWN.items()]
    path.write_text("[platforms.ours]\n" + "\n".join(lines))
    assert read_platforms(path) == read_platforms(written(tmp_path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"max_ms": 8_000}, "lengths must be in order"),
        ({"ideal_aspects": ["9x16"]}, "'9x16' is no aspect"),
        ({"ideal_aspects": ["0:16"]}, "'0:16' is no aspect"),
        ({"accepted_aspects": ["2:1", "1:2"]}, "narrowest and the widest"),
        ({"hashtags": {"most": 2, "recommended": 3}}, "recommends more hashtags than it takes"),
        ({"colour": "red"}, "colour"),
        ({"covered": {"top": 0.6}}, "less than 0.5"),
        ({"unverified": ["length"]}, "'length' in unverified"),
    ],
)
def test_a_wrong_file_says_where_and_what(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = written(tmp_path, **change)
    with pytest.raises(ValueError, match=f"own.json: platforms.ours.*{told}"):
        read_platforms(path)


def test_the_example_of_the_documentation_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "ranking.md").read_text()
    path = tmp_path / "example.json"
    path.write_text(page.split("```json\n")[1].split("```")[0])
    assert read_platforms(path)["ours"].frame_rate == (24.0, 60.0)


def test_what_is_no_file_or_no_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_platforms(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        read_platforms(tmp_path / "bad.json")
    (tmp_path / "empty.json").write_text('{"platforms": {}}')
    with pytest.raises(ValueError, match="at least 1 item"):
        read_platforms(tmp_path / "empty.json")
    many = {f"p{number}": OWN for number in range(MAX_PLATFORMS + 1)}
    (tmp_path / "many.json").write_text(json.dumps({"platforms": many}))
    with pytest.raises(ValueError, match=f"at most {MAX_PLATFORMS} items"):
        read_platforms(tmp_path / "many.json")


def test_they_reach_a_child_as_they_are() -> None:
    assert platforms_from(json.loads(json.dumps(platforms_to(RULES)))) == dict(RULES)
    assert platforms_from({}) == {}


def test_x_counts_wide_characters_twice() -> None:
    assert RULES["x"].length_of("héllo") == 5
    assert RULES["x"].length_of("日本語a") == 7
    assert RULES["tiktok"].length_of("日本語a") == 4


def test_an_aspect_is_width_by_height() -> None:
    assert aspect_of("16:9") == pytest.approx(1.7778, abs=1e-4)
    assert Rules.model_validate(OWN).widest == 2.0


def test_names_are_checked_before_any_work() -> None:
    checked(Options(platforms=("x",), preferences={"speech": 2.0}))
    with pytest.raises(InvalidMessage, match="Unknown platform"):
        checked(Options(platforms=("vine",)))
    with pytest.raises(InvalidMessage, match="Unknown preference"):
        checked(Options(preferences={"virality": 1.0}))
