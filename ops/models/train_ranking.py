"""Train the ranking: `python -m ops.models.train_ranking --meetings DIR --talks DIR`, which writes `data/ranking.json`.

Trained on, and on nothing else:

- the even items of QMSum's validation part (Zhong et al. 2021, MIT licence): meetings with the passages that answer
  people's questions about them; the odd ones are for figures;
- constructed talks of `ops.bench.highlights --split train` (texts made for this project, CC0): highlights among filler;
  those of `--split test` have other passages and are for figures.

In the order of things: what a sentence is worth, from its meaning; each sentence's worth once more by a model that has
not seen its passage (its meeting), since a model that knows the answer would be trusted too much; the weights of the
signals, with these worths; then how scores become probabilities, on the segments that would be published. Samples of
the items give the interval of an estimate. Signals of pictures keep their weights by judgement: no item has pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from ops.bench.segments_embedding import embedder
from ops.bench.segments_files import passages_of, sources_of
from ops.bench.segments_item import Item
from ops.bench.segments_qmsum import meetings_of
from ops.models.ranking_fit import chosen, fit_calibration, fit_weights, fit_worth, scores
from ops.models.ranking_table import Table, table_of
from processors.models.store import ModelStore
from processors.segments.learned import pack
from processors.segments.material import Floats, Ints
from processors.segments.percentiles import percentiles
from processors.segments.signals import ALL
from processors.segments.signals.worth import spread_of
from streams.reading import load_settings

FOLDS: Final = 5
SAMPLES: Final = 40  # of the items, for the interval: its bounds are then the second lowest and highest
SEED: Final = 0
DECIMALS: Final = 4
OUT: Final = Path(__file__).parents[2] / "processors" / "segments" / "data" / "ranking.json"


def train(tables: Sequence[Table], folds: Sequence[Ints]) -> dict[str, object]:
    """The model of these tables; `folds` has of each sentence the number of the part that it is left out with."""
    vectors = [table.meaning.vectors.astype(np.float64) for table in tables]
    marked = [table.marked_sentences() for table in tables]
    weights = [table.meaning.weights for table in tables]
    worth, bias = fit_worth(vectors, marked, weights)
    unseen = [np.zeros(len(one)) for one in marked]
    for fold in range(FOLDS):
        kept = [at for at, of in enumerate(folds) if (of != fold).any()]
        masks = [folds[at] != fold for at in kept]
        own, constant = fit_worth(
            [vectors[at][mask] for at, mask in zip(kept, masks, strict=True)],
            [marked[at][mask] for at, mask in zip(kept, masks, strict=True)],
            [weights[at][mask] for at, mask in zip(kept, masks, strict=True)],
        )
        for values, found, of in zip(vectors, unseen, folds, strict=True):
            found[of == fold] = values[of == fold] @ own + constant
    told = [_told(table, odds) for table, odds in zip(tables, unseen, strict=True)]
    judged = {signal.name: signal.weight for signal in ALL}
    names = [signal.name for signal in ALL if any(signal.name in table.ranks for table in told)]
    share = sum(judged[name] for name in names) / sum(judged.values())
    learned = fit_weights(told, names, np.array([judged[name] for name in names]))
    final = {name: weight / sum(judged.values()) for name, weight in judged.items()}
    final.update({name: float(weight) * share for name, weight in zip(names, learned, strict=True)})
    calibration, resampled = _calibrated(told, unseen, names, learned)
    return {
        "weights": _rounded(final),
        "worth": pack(worth),
        "worth_bias": round(bias, DECIMALS),
        "spread": round(
            float(np.mean([spread_of(odds, table.meaning.weights) for table, odds in zip(told, unseen, strict=True)])),
            DECIMALS,
        ),
        "calibration": [round(value, DECIMALS) for value in calibration.tolist()],
        "resampled": [[round(value, DECIMALS) for value in one] for one in resampled.tolist()],
    }


def _told(table: Table, odds: Floats) -> Table:
    """A table with the worth of its sentences; the opening's are the first ones."""
    opening = None if table.opening is None else _told(table.opening, odds[: len(table.opening.middles)])
    return replace(table, ranks={**table.ranks, "worth": percentiles(table.mean(odds))}, opening=opening)


def _calibrated(
    tables: Sequence[Table], unseen: Sequence[Floats], names: Sequence[str], weights: Floats
) -> tuple[Floats, Floats]:
    features, allowed, marked, items = [], [], [], []
    for number, (table, odds) in enumerate(zip(tables, unseen, strict=True)):
        found, worths = scores(table, names, weights), table.mean(odds)
        spread = spread_of(odds, table.meaning.weights)
        opening = None if table.opening is None else scores(table.opening, names, weights)
        for at in chosen(table, found, opening):
            features.append([1.0, found[at], worths[at], spread])
            allowed.append(table.allowed[at])
            marked.append(float(table.inside[at] >= 0.5))
            items.append(number)
    inputs, most, wanted, of = np.array(features), np.array(allowed), np.array(marked), np.array(items)
    counts = np.bincount(of, minlength=len(tables)).astype(np.float64)
    shares = 1 / counts[of] / len(tables)
    source = np.random.default_rng(SEED)
    resampled = []
    for _ in range(SAMPLES):
        times = np.bincount(source.integers(0, len(tables), len(tables)), minlength=len(tables))
        resampled.append(fit_calibration(inputs, most, wanted, shares * times[of] / (shares * times[of]).sum()))
    return fit_calibration(inputs, most, wanted, shares), np.array(resampled)


def _rounded(weights: dict[str, float]) -> dict[str, float]:
    """To ten-thousandths that add up to 1: the largest takes the rest."""
    found = {name: round(weight, DECIMALS) for name, weight in sorted(weights.items())}
    largest = max(found, key=lambda name: found[name])
    found[largest] = round(found[largest] + 1 - sum(found.values()), DECIMALS)
    return found


def folds_of(table: Table, passages: Sequence[tuple[int, int, str]]) -> Ints:
    """With which part each sentence is left out: by its passage where there are some, else by the item."""
    names = [
        next((name for start_ms, end_ms, name in passages if start_ms <= middle < end_ms), table.item.name)
        for middle in table.middles.tolist()
    ]
    return np.array([int(hashlib.sha256(name.encode()).hexdigest(), 16) % FOLDS for name in names], dtype=np.int64)


def main() -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument(
        "--meetings", type=Path, required=True, help="folder with QMSum's *.jsonl; its even items are used"
    )
    parser.add_argument(
        "--talks", type=Path, required=True, help="folder of `python -m ops.bench.highlights --split train`"
    )
    parser.add_argument("-o", "--output", type=Path, default=OUT)
    arguments = parser.parse_args()
    settings = load_settings()
    models = ModelStore(settings.models_dir, settings.cache_dir, not settings.offline)
    understand = embedder(models)
    items: list[Item] = meetings_of(arguments.meetings)[::2]
    items += [source.read() for source in sources_of(arguments.talks, models, None, 1)]
    tables, folds = [], []
    for number, item in enumerate(items, start=1):
        print(f"\r{number} of {len(items)}", end="", file=sys.stderr, flush=True)
        table = table_of(item, understand)
        if table is not None:
            tables.append(table)
            folds.append(folds_of(table, passages_of(arguments.talks, item.name)))
    print(file=sys.stderr)
    arguments.output.write_bytes(orjson.dumps(train(tables, folds), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
