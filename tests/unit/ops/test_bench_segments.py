"""`bench segments` from a folder to its JSON and its table."""

from __future__ import annotations

import json
from dataclasses import replace

import orjson
import pytest
from typer.testing import CliRunner

from ops.bench import segments as bench
from ops.bench.segments import lengths_like, ranked_of, reachable, run, spans_of
from ops.bench.segments_calibration import calibration, draw, outcomes
from ops.bench.segments_files import sources_of
from ops.bench.segments_metrics import METRICS
from ops.bench.segments_qmsum import meetings_of
from processors.domain import Marker, Segment, Span, Utterance, VoiceFeatures, Word
from processors.errors import InvalidMessage
from processors.models.store import ModelStore
from processors.options import Options
from processors.segments.rank import rank
from processors.segments.signals import ALL
from processors.service import HostedText, ServiceConfig
from streams.cli.whole import app
from streams.codec import to_wire
from streams.results import failed_json
from streams.settings import Settings
from tests.conftest import SAMPLE
from tests.openai_service import KEY, OpenAiService, chat
from tests.unit.ops.test_bench_segments_metrics import item_of, spoken

BASELINES = {"random", "even", "loudest", "densest", "texttiling", "llm stand-in", "shuffled"}


def sentences(count: int, first: int = 0) -> list[str]:
    names = ["river", "engine", "piano", "bridge", "garage", "melody", "harbour"]
    return [
        f"The {names[number % 7]} number {number} is here and {names[number % 5]} was there ."
        for number in range(first, first + count)
    ]


def meeting(*spans: tuple[int, int]) -> dict[str, object]:
    said = [{"speaker": "A", "content": text} for text in sentences(60)]
    return {
        "meeting_transcripts": said,
        "specific_query_list": [
            {"query": "?", "answer": "!", "relevant_text_span": [[str(first), str(last)]]} for first, last in spans
        ],
    }


@pytest.fixture
def meetings(tmp_path):
    lines = [meeting((5, 9), (5, 9), (30, 50)), meeting((0, 3)), meeting()]
    (tmp_path / "made.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return tmp_path


def models() -> ModelStore:
    return ModelStore(None, Settings().cache_dir)


def labelled(folder, highlights, transcript=None):
    folder.mkdir()
    (folder / "talk.highlights.json").write_bytes(orjson.dumps(highlights))
    if transcript is not None:
        (folder / "talk.transcript.json").write_bytes(orjson.dumps(transcript))


def talk(loudness_db: float | None = -20.0) -> dict[str, object]:
    return {
        "duration_ms": 400_000,
        "transcript": [
            {
                "start_ms": 4_000 * number,
                "end_ms": 4_000 * number + 3_500,
                "text": text,
                "speaker": f"S{number % 2}",
                "loudness_db": loudness_db and loudness_db + number % 7,
            }
            for number, text in enumerate(sentences(90))
        ],
    }


def test_meetings_are_read_with_their_marked_passages(meetings):
    first, second = meetings_of(meetings)  # of the third nothing is marked
    assert (first.name, second.name) == ("made:0", "made:1")
    # ten words of 0.4 s a turn, the full stop joined to the last one
    assert first.duration_ms == 60 * 10 * 400
    assert first.spans == [Span(5 * 4_000, 10 * 4_000), Span(30 * 4_000, 51 * 4_000)]
    assert first.utterances[1].words[0].start_ms == 4_000
    assert first.speech.texts[9] == " there."
    assert not first.timed


def test_the_json_has_the_shape_of_all_benches(meetings):
    seen = []
    found_all = run(meetings, models(), on_item=lambda *told: seen.append(told), draws=3)
    assert seen == [("made:0", 0, 2), ("made:1", 1, 2), ("", 2, 2)]
    assert found_all["bench"] == "segments"
    assert [row["item"] for row in found_all["rows"]] == ["made:0", "made:1"]
    assert [row["spans"] for row in found_all["rows"]] == [2, 1]
    assert [row["marked"] for row in found_all["rows"]] == [round(26 / 60, 4), round(4 / 60, 4)]
    assert set(found_all["baselines"]) == BASELINES
    pooled = found_all["pooled"]
    assert (pooled["items"], pooled["spans"], pooled["spans_in_reach"]) == (2, 3, 3)
    rows = found_all["rows"]
    for metric in METRICS:
        values = [row[metric] for row in rows]
        expected = None if None in values else pytest.approx(sum(values) / 2, abs=1e-4)
        assert pooled[metric] == expected
    even = found_all["baselines"]["even"]
    assert even["difference"]["best_iou"]["mean"] == pytest.approx(pooled["best_iou"] - even["best_iou"], abs=2e-4)
    assert even["difference"]["best_iou"]["n"] == 2
    assert found_all["baselines"]["loudest"]["map"] is None
    assert found_all["baselines"]["loudest"]["difference"]["map"] == {"mean": None, "interval": None, "n": 0}
    json.dumps(found_all)


def test_one_seed_gives_the_same_and_another_one_does_not(meetings):
    once, again, other = (run(meetings, models(), seed=seed, draws=5) for seed in (1, 1, 2))
    assert once == again
    assert once["pooled"]["best_iou"] == other["pooled"]["best_iou"]
    assert once["baselines"]["random"]["best_iou"] != other["baselines"]["random"]["best_iou"]
    assert once["data_sha256"] == other["data_sha256"]


def test_other_items_do_not_change_the_draws_of_an_item(meetings, tmp_path_factory):
    alone = tmp_path_factory.mktemp("alone")
    (alone / "made.jsonl").write_text(json.dumps(meeting((5, 9), (30, 50))), encoding="utf-8")
    both, one = run(meetings, models(), draws=5), run(alone, models(), draws=5)
    assert one["rows"][0] == both["rows"][0]
    assert one["data_sha256"] != both["data_sha256"]
    second = 2 * both["baselines"]["random"]["best_iou"] - one["baselines"]["random"]["best_iou"]
    only_second = tmp_path_factory.mktemp("second")
    (only_second / "made.jsonl").write_text(f"\n{json.dumps(meeting((0, 3)))}", encoding="utf-8")
    assert run(only_second, models(), draws=5)["baselines"]["random"]["best_iou"] == pytest.approx(second, abs=3e-4)


def test_halves_are_items_by_number(meetings, tmp_path_factory):
    rows = run(meetings, models(), draws=2)["rows"]
    assert [run(meetings, models(), draws=2, half=half)["rows"] for half in ("even", "odd")] == [[rows[0]], [rows[1]]]
    alone = tmp_path_factory.mktemp("alone")
    (alone / "made.jsonl").write_text(json.dumps(meeting((5, 9))), encoding="utf-8")
    with pytest.raises(InvalidMessage, match="no odd half"):
        run(alone, models(), half="odd")


def _segment(span: Span, confidence: float = 1.0) -> Segment:
    return Segment("v", 1, span.start_ms, span.end_ms, 0.5, confidence, "", "", [], None)


def test_a_ranking_that_knows_the_answer_is_seen_to(meetings, monkeypatch):
    """The yardstick itself: perfect segments get the best figures and beat chance; none get the worst."""
    monkeypatch.setattr(bench, "ranked_of", lambda item, understand: [_segment(span) for span in item.spans])
    perfect = run(meetings, models(), draws=5)["pooled"]
    assert (perfect["recall@10"], perfect["map"], perfect["best_iou"], perfect["inside@1"]) == (1.0, 1.0, 1.0, 1.0)
    monkeypatch.setattr(bench, "ranked_of", lambda item, understand: [])
    nothing = run(meetings, models(), draws=5)
    assert (nothing["pooled"]["recall@10"], nothing["pooled"]["inside@1"]) == (0.0, 0.0)
    assert nothing["pooled"]["starts_on_sentence"] is None
    assert nothing["baselines"]["even"]["inside@10"] > 0.0  # finding nothing does not silence the others


def test_a_transcript_of_ones_own_has_loudness_and_speed(tmp_path):
    labelled(tmp_path / "a", [{"start_ms": 40_000, "end_ms": 60_000}], talk())
    found_all = run(tmp_path, models(), draws=3)
    assert found_all["rows"][0]["item"] == "talk"
    assert found_all["rows"][0]["duration_ms"] == 400_000
    assert all(row["best_iou"] is not None for row in found_all["baselines"].values())
    assert found_all["rows"][0]["words_cut"] == 0.0
    assert found_all["baselines"]["random"]["words_cut"] > 0.0
    assert found_all["pooled"]["intervals"]["best_iou"] is None  # one item has no spread


def test_a_saved_result_is_a_transcript_with_all_that_was_heard(tmp_path):
    marker = Marker("question", 0, 5_000, 0.5)
    voice = VoiceFeatures(120.0, 5.0, 2.0, 10.0, 3.0, None, 0.7)
    words = [Word(0, 900, "Why", 0.9), Word(900, 900, "not?", 0.8)]  # a word without length
    heard = Utterance(0, 5_000, "Why not?", "es", words, -0.3, 0.1, -22.0, voice, None, [marker], "S1", True)
    result = {**failed_json("talk.mp4", InvalidMessage("no")), "duration_ms": 60_000, "transcript": to_wire([heard])}
    labelled(tmp_path / "a", [{"start_ms": 0, "end_ms": 9_000}], result)
    item = sources_of(tmp_path, models(), None, 1)[0].read()
    assert item.utterances == [replace(heard, overlapped=False)]
    assert (item.duration_ms, item.turns) == (60_000, {0})


def test_a_medium_goes_through_the_stages(tmp_path):
    labelled(tmp_path / "a", [{"start_ms": 0, "end_ms": 15_000}])
    (tmp_path / "a" / "talk.mp4").symlink_to(SAMPLE)
    found_all = run(tmp_path, models(), asr_model="tiny.en", draws=3)
    row = found_all["rows"][0]
    assert row["segments"] >= 1
    assert row["duration_ms"] > 20_000
    assert row["words_cut"] is not None
    assert found_all["baselines"]["loudest"]["best_iou"] is not None


def test_lengths_of_baselines():
    assert lengths_like([Span(0, 9_000), Span(0, 20_000)], 15_000) == [9_000, 15_000] * 5
    assert lengths_like([], 600_000) == [49_000] * 10


def test_what_is_in_reach():
    options = Options()  # 8 to 90 s
    assert [reachable(Span(0, length), options) for length in (3_999, 4_000, 180_000, 180_001)] == [
        False, True, True, False
    ]  # fmt: skip


def test_ours_are_the_segments_of_the_ranking_best_first():
    texts = [
        *sentences(40),
        "Why did nobody ever tell you this secret?",
        "Because it changes everything!",
        *sentences(40),
    ]
    item = item_of(spoken(*texts, gap_ms=300), [], 400_000)
    ranked = {(segment.start_ms, segment.end_ms): segment.score for segment in rank(item.parts).segments}
    ours = spans_of(ranked_of(item))
    scores = [ranked[span.start_ms, span.end_ms] for span in ours]
    assert len(ours) == len(ranked) == 10
    assert scores == sorted(scores, reverse=True)
    assert ours != sorted(ours, key=lambda span: span.start_ms)


BROKEN = [
    ("{", r"made\.jsonl, line 5, is no meeting"),
    (json.dumps(meeting((5, 60))), r"made\.jsonl, line 5, is no meeting"),  # there is no turn 60
    (json.dumps(meeting((-1, 5))), r"made\.jsonl, line 5, is no meeting"),
]


@pytest.mark.parametrize(("line", "reason"), BROKEN)
def test_a_line_that_is_no_meeting_is_named(line, reason, meetings):
    path = meetings / "made.jsonl"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidMessage, match=reason) as caught:
        run(meetings, models())
    assert "docs/quality.md" in caught.value.remedy


WRONG = [
    ([], talk(), "marks nothing"),
    ({"start_ms": 1}, talk(), "cannot be read"),
    ([{"start_ms": 5, "end_ms": 5}], talk(), "end_ms must be above start_ms"),
    ([{"start_ms": -5, "end_ms": 5}], talk(), r"0\.start_ms"),
    ([{"start_ms": 400_000, "end_ms": 500_000}], talk(), "ends at 400000 ms"),
    ([{"start_ms": 5, "end_ms": 50}], None, "neither talk.transcript.json nor a medium"),
    ([{"start_ms": 5, "end_ms": 50}], {"transcript": []}, "Nothing is said"),
    ([{"start_ms": 5, "end_ms": 50}], {"transcript": [{"start_ms": 0, "end_ms": 5}]}, r"transcript\.0\.text"),
]


@pytest.mark.parametrize(("highlights", "transcript", "reason"), WRONG)
def test_wrong_files_are_named_with_what_to_do(highlights, transcript, reason, tmp_path):
    labelled(tmp_path / "a", highlights, transcript)
    with pytest.raises(InvalidMessage, match=reason) as caught:
        run(tmp_path, models())
    assert caught.value.remedy


def test_a_language_model_takes_the_place_of_its_stand_in(tmp_path):
    labelled(tmp_path / "a", [{"start_ms": 40_000, "end_ms": 60_000}], talk())
    with OpenAiService(chat({"passages": [{"number": 1, "first": 0, "last": 1}]})) as service:
        hosted = HostedText(ServiceConfig(service.base_url, KEY, 60.0), "mine")
        found = run(tmp_path, models(), draws=2, hosted=hosted)
        assert len(service.asked) == 1
    assert set(found["baselines"]) == (BASELINES - {"llm stand-in"}) | {"llm"}
    assert found["language_model"] == "mine"
    assert found["baselines"]["llm"]["starts_on_sentence"] == 1.0


def test_without_a_language_model_in_the_settings_it_cannot_be_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("CLIPSTREAM_TEXT_BACKEND", raising=False)
    done = CliRunner().invoke(app, ["bench", "segments", "--data", str(tmp_path), "--llm"])
    assert done.exit_code != 0
    assert "No language model is set" in str(done.exception) + done.output


def test_a_folder_without_marks_is_named(tmp_path):
    with pytest.raises(InvalidMessage, match="nothing with marked spans"):
        run(tmp_path, models())


def test_the_command_prints_a_table_of_100_columns_and_writes_its_json(meetings, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    labelled(tmp_path / "a", [{"start_ms": 40_000, "end_ms": 60_000}], talk())
    written = tmp_path / "out.json"
    done = CliRunner().invoke(app, ["bench", "segments", "--data", str(tmp_path), "-o", str(written)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert "…" not in done.stdout
    header = lines[0] + lines[1]
    assert all(part in header for name in BASELINES for part in name.split())
    assert "it answers by keyword density" in done.stdout
    found_all = orjson.loads(written.read_bytes())
    assert f"{found_all['pooled']['map']:.3f}" in next(line for line in lines if line.startswith("mAP"))


def test_confidence_that_is_right_has_no_error():
    spans = [Span(0, 10_000)]
    inside, outside = Span(0, 9_000), Span(20_000, 30_000)
    exact = outcomes([_segment(inside, 1.0), _segment(outside, 0.0)], spans)
    assert exact == [(1.0, True), (0.0, False)]
    assert calibration(exact)["ece"] == 0.0
    wrong = calibration([(0.9, False), (0.9, False), (0.1, True), (0.1, False)])
    assert wrong["ece"] == pytest.approx((2 * 0.9 + 2 * 0.4) / 4)
    assert [one["n"] for one in wrong["bins"]] == [2, 2]
    assert calibration([])["ece"] is None


def test_half_of_a_segment_within_what_is_marked_makes_it_right():
    spans = [Span(0, 10_000)]
    assert [was for _, was in outcomes([_segment(Span(5_000, 15_000)), _segment(Span(5_001, 15_001))], spans)] == [
        True, False
    ]  # fmt: skip


def test_the_plot_is_a_picture(tmp_path):
    draw(calibration([(0.9, True), (0.2, False), (0.25, True)]), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_signal_the_ranking_is_another(meetings):
    found = run(meetings, models(), draws=2, ablate=True)["ablation"]
    assert set(found) == {signal.name for signal in ALL}
    told = {name: row for name, row in found.items() if row["there"]}
    assert {"worth", "length"} <= set(told)
    assert any(row["changed"] > 0 for row in told.values())
    assert found["faces"]["there"] == 0
    assert found["faces"]["changed"] is None
