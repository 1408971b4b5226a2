"""The check of the manifests finds what it is there for: each of these was made wrong in a copy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ops.k8s import check, manifests


def test_the_manifests_are_as_they_must_be():
    assert check.problems() == []


WRONG = [
    ("base/agents/joiner.yaml", "periodSeconds: 30", "periodSecond: 30", "periodSecond"),
    ("base/agents/joiner.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "joiner.yaml runs as root"),
    ("base/agents/vision.yaml", "image: clipstream:0.1.0", "image: clipstream:0.0.9", "clipstream:0.0.9"),
    ("base/agents/vision.yaml", "[clipstream, worker, vision]", "[clipstream, worker, visions]", "its command"),
    ("base/scaling/vision.yaml", "cooldownPeriod", "coolDownPeriod", "coolDownPeriod"),
    ("base/scaling/vision.yaml", "maxReplicaCount: 16", "maxReplicaCount: 50", "maxReplicaCount is 50, not 16"),
    ("base/scaling/vision.yaml", "/ 6.0", "/ 7.0", "formula is"),
    ("base/scaling/vision.yaml", 'lagThreshold: "10"', 'lagThreshold: "6"', "lagThreshold"),
    ("base/scaling/vision.yaml", "topic: frame-batch", "topic: frames", "topics"),
    ("base/ai-optimization-config.yaml", 'cooldown-seconds: "300"', 'cooldown-seconds: "60"', "window of scaling down"),
    ("overlays/gpu/scaling-transcriber.yaml", "gpu >= 80.0", "gpu >= 90.0", "transcriber, gpu: formula"),
    ("base/settings.yaml", "CLIPSTREAM_LOG_LEVEL", "CLIPSTREAM_LOGLEVEL", "CLIPSTREAM_LOGLEVEL is no setting"),
    ("base/settings.yaml", "LOG_LEVEL: INFO", "LOG_LEVEL: LOUD", "settings"),
    ("base/tables.yaml", "[clipstream, db, upgrade]", "[clipstream, db, verify]", "no Job makes the tables"),
    ("base/network-policies.yaml", "[sink, tables, gateway]", "[sink, tables]", "NetworkPolicy database"),
    ("base/gateway.yaml", "name: clipstream-database", "name: clipstream-db", "gateway: no secret"),
    ("base/kustomization.yaml", "  - agents/content.yaml\n", "", "content.yaml is named by no kustomization"),
    ("overlays/small/kustomization.yaml", "  - kafka.yaml\n", "  - kafkas.yaml\n", "kafkas.yaml, which is not there"),
    ("overlays/small/kafka.yaml", "apache/kafka:4.3.1", "apache/kafka:4.3.0", "apache/kafka:4.3.0"),
    ("schemas/keda-scaledobject.json", '"minReplicaCount"', '"minimum"', "not what was vendored"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "told"), WRONG, ids=[f"{one[0]}:{one[2][:20]}" for one in WRONG])
def test_what_is_wrong_is_told(file, right, wrong, told, tmp_path, monkeypatch):
    copy = tmp_path / "k8s"
    shutil.copytree(manifests.HERE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    text = (copy / file).read_text()
    assert right in text
    (copy / file).write_text(text.replace(right, wrong))
    _look_at(copy, monkeypatch)
    assert re.search(re.escape(told), "\n".join(check.problems()))


def _look_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (manifests, check):
        monkeypatch.setattr(module, "HERE", folder)
        monkeypatch.setattr(module, "BASE", folder / "base")
        monkeypatch.setattr(module, "OVERLAYS", folder / "overlays")
    monkeypatch.setattr(check, "_CRD", folder / "schemas" / "keda-scaledobject.json")
    # one version, and no kubectl, which take seconds
    monkeypatch.setattr(check, "VERSIONS", check.VERSIONS[-1:])
    monkeypatch.setattr(manifests, "built", lambda _: None)
