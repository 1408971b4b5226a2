"""`python -m ops.k8s.check`: the manifests against the API's schemas, against each other, and against the code.

Rules of the API come from kubernetes-validate (strict: unknown fields are refused), KEDA's from its own definition,
vendored in `schemas/`. Where kubectl is, what kustomize makes of the base and of every overlay goes through the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from ops.k8s import manifests
from ops.k8s.formula import Formula
from ops.k8s.manifests import BASE, HERE, KUSTOMIZATION, OVERLAYS, TEMPLATES, Document
from streams import agents
from streams.groups import READS
from streams.settings import PREFIX, Settings

# The newest and the oldest version of Kubernetes that the manifests are checked for.
VERSIONS: Final = ("1.31", "1.36")
REPO: Final = HERE.parents[1]
_CRD: Final = HERE / "schemas" / "keda-scaledobject.json"
_OURS: Final = "clipstream"


def problems() -> list[str]:
    """Everything that is wrong, a line each."""
    found: list[str] = []
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        _files, _schemas, _built, _agents, _scaling, _settings, _images, _hardened, _database,
    )  # fmt: skip
    for check in checks:
        try:
            found += check()
        except KeyError as error:
            found.append(f"{check.__name__.strip('_')}: {error} is missing")
    return found


def _files() -> Iterator[str]:
    """Every file that a kustomization names is there, and every file is named by one."""
    for path in sorted(HERE.rglob(KUSTOMIZATION)):
        content = yaml.safe_load(path.read_text())
        if unknown := set(content) - {"apiVersion", "kind", "namespace", "resources", "patches"}:
            yield f"{_name(path)}: {', '.join(sorted(unknown))} is checked by nothing here"
        named = {path.parent / one for one in content["resources"]}
        named |= {path.parent / one["path"] for one in content.get("patches", [])}
        yield from (f"{_name(path)} names {_name(one)}, which is not there" for one in named if not one.exists())
        there = {one for one in path.parent.rglob("*.yaml") if one != path and not one.match(TEMPLATES)}
        yield from (f"{_name(one)} is named by no kustomization" for one in sorted(there - named))


def _schemas() -> Iterator[str]:
    templates = [(path, one) for path in sorted(BASE.glob(TEMPLATES)) for one in manifests.documents(path)]
    overlays = [
        (path, one)
        for path in sorted(OVERLAYS.rglob("*.yaml"))
        for one in manifests.documents(path)
        if isinstance(one, dict) and one["kind"] != "Kustomization" and "$patch" not in one
    ]
    for path, document in (*manifests.base(), *templates, *overlays):
        yield from (f"{_name(path)}: {problem}" for problem in _invalid(document))


def _invalid(document: Document) -> Iterable[str]:
    if document["apiVersion"].startswith("keda.sh/"):
        return keda_problems(document)
    return [problem for version in VERSIONS for problem in _invalid_for(version, json.dumps(document))]


@cache  # a rendered overlay is the base, nearly
def _invalid_for(version: str, text: str) -> tuple[str, ...]:
    import kubernetes_validate

    document = json.loads(text)
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(map(str, error.path))
        return (f"{document['kind']} {document['metadata']['name']}, Kubernetes {version}: {where}: {error.message}",)
    return ()


def keda_problems(document: Document) -> list[str]:
    """What is wrong with a ScaledObject by KEDA's own definition, fields that it does not know among it."""
    vendored = json.loads(_CRD.read_text())
    text = json.dumps(vendored["schema"], sort_keys=True)
    if hashlib.sha256(text.encode()).hexdigest() != vendored["schema_sha256"]:
        return [f"{_CRD.name} is not what was vendored"]
    validator = jsonschema.Draft7Validator(_strict(vendored["schema"]))
    name = document["metadata"]["name"]
    return [
        f"ScaledObject {name}: {'.'.join(map(str, error.path))}: {error.message}"
        for error in validator.iter_errors(document)
    ]


def _strict(schema: Any) -> Any:
    """The same schema with no room for unknown fields, as an API server has none in strict mode."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: _strict(one) for name, one in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        result["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def _built() -> Iterator[str]:
    for folder in (BASE, *sorted(path.parent for path in OVERLAYS.rglob(KUSTOMIZATION))):
        try:
            documents = manifests.built(folder)
        except ValueError as error:
            yield f"{_name(folder)}: {error}"
            continue
        for document in documents or ():
            yield from (f"{_name(folder)}, built: {problem}" for problem in _invalid(document))


def _agents() -> Iterator[str]:
    """Every agent has its objects, under its own name, and nothing else has."""
    for kind in ("Deployment", "PodDisruptionBudget", "ScaledObject"):
        there = set(manifests.of_kind(kind)) - {"gateway"}
        yield from (f"{kind} {name} is missing" for name in agents.ALL if name not in there)
        yield from (f"{kind} {name} is no agent's" for name in sorted(there - set(agents.ALL)))
    for name, deployment in manifests.of_kind("Deployment").items():
        spec = deployment["spec"]
        container = spec["template"]["spec"]["containers"][0]
        wanted = [_OURS, name] if name == "gateway" else [_OURS, "worker", name]
        if container["args"] != wanted:
            yield f"{name}: its command is {container['args']}"
        if "replicas" in spec:
            yield f"{name}: `replicas` undoes what the autoscaler decided, each time it is applied"
        labels = spec["template"]["metadata"]["labels"]
        budget = manifests.of_kind("PodDisruptionBudget")[name]["spec"]
        for selector in (spec["selector"]["matchLabels"], budget["selector"]["matchLabels"]):
            if not selector.items() <= labels.items() or selector["app.kubernetes.io/name"] != name:
                yield f"{name}: {selector} does not select its own pods"


def formula_of(lag: str, numbers: dict[str, str], gpu: bool) -> str:
    """The formula that these numbers make: how far queue or GPUs are from the middle of their band; 1 within it."""

    def band(value: str, what: str) -> str:
        up, down, middle = (float(numbers[f"{what}-{end}"]) for end in ("scale-up", "scale-down", "target"))
        return f"{value} >= {up} || {value} < {down} ? {value} / {middle} : 1.0"

    queue = band(f"{lag} / max(pods, 1.0)", "queue-depth")
    return f"max({queue}, {band('gpu', 'gpu-percent')})" if gpu else queue


def _scaling() -> Iterator[str]:
    """The numbers of the ConfigMap, partitions of topics and names of groups, in every ScaledObject."""
    numbers = manifests.numbers()
    cool, settings = int(numbers["cooldown-seconds"]), Settings.model_construct(topic_prefix="")
    for overlay in ("", "gpu"):
        for agent in agents.ALL:
            spec = manifests.scaled_object(agent, overlay)["spec"]
            most = min(int(numbers["max-replicas"]), *(topic.partitions for topic in READS[agent]))
            modifiers = spec["advanced"]["scalingModifiers"]
            triggers = {one["name"]: one for one in spec["triggers"]}
            queues = [one for one in triggers.values() if one["type"] == "kafka"]
            lag = " + ".join(one["name"] for one in queues)
            expected = formula_of(f"({lag})" if len(queues) > 1 else lag, numbers, "gpu" in triggers)
            down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
            facts = {
                "scaleTargetRef": (spec["scaleTargetRef"], {"name": agent}),
                "minReplicaCount": (spec["minReplicaCount"], int(numbers["min-replicas"])),
                "maxReplicaCount": (spec["maxReplicaCount"], most),
                "cooldownPeriod": (spec["cooldownPeriod"], cool),
                "window of scaling down": (down["stabilizationWindowSeconds"], cool),
                "metricType": (modifiers["metricType"], "Value"),
                "formula": (" ".join(modifiers["formula"].split()), expected),
                "names in the formula": (Formula(modifiers["formula"]).names, set(triggers)),
                "topics": ({one["metadata"]["topic"] for one in queues}, {topic.name for topic in READS[agent]}),
                "groups": ({one["metadata"]["consumerGroup"] for one in queues}, {settings.group(agent)}),
                # at the limit that KEDA sets by partitions, a queue must still be deep enough to scale up
                "lagThreshold": (
                    {one["metadata"]["lagThreshold"] for one in queues},
                    {numbers["queue-depth-scale-up"]},
                ),
                "podSelector": (
                    triggers["pods"]["metadata"]["podSelector"],
                    f"app.kubernetes.io/name={agent},app.kubernetes.io/part-of={_OURS}",
                ),
            }
            for what, (there, wanted) in facts.items():
                if there != wanted:
                    yield f"ScaledObject {agent}{f', {overlay}' if overlay else ''}: {what} is {there}, not {wanted}"


def _settings() -> Iterator[str]:
    """Every CLIPSTREAM_ name is a setting, and together they are values that the settings accept."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    texts = [(path, path.read_text()) for path in sorted(HERE.rglob("*.yaml"))]
    for path, text in texts:
        code = "\n".join(line.split("#")[0] for line in text.splitlines())
        yield from (
            f"{_name(path)}: {name} is no setting"
            for name in sorted(set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", code)) - known)
        )
    for overlay in ("", "gpu", "small"):
        data = dict(manifests.of_kind("ConfigMap")["clipstream-settings"]["data"])
        if overlay:
            data |= manifests.documents(OVERLAYS / overlay / "settings.yaml")[0]["data"]
        given = {name.removeprefix(PREFIX).lower(): value for name, value in data.items()}
        try:
            Settings(**{name: json.loads(value) if value[:1] in "[{" else value for name, value in given.items()})
        except ValueError as error:
            yield f"settings{f' of {overlay}' if overlay else ''}: {error}"


def _images() -> Iterator[str]:
    """Our image has the project's version, those of others are the ones of docker-compose.kafka.yml."""
    version = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
    services = yaml.safe_load((REPO / "docker-compose.kafka.yml").read_text())["services"]
    allowed = {service["image"] for service in services.values()} | {f"{_OURS}:{version}"}
    for path in sorted(HERE.rglob("*.yaml")):
        for image in re.findall(r"\bimage: (\S+)", path.read_text()):
            if image not in allowed:
                yield f"{_name(path)}: image {image} is none of docker-compose.kafka.yml and not {_OURS}:{version}"


def _hardened() -> Iterator[str]:
    """Pod Security Standard `restricted`, a read-only root, limits of memory, and probes of what runs on."""
    for path, document in manifests.base():
        if document["kind"] not in ("Deployment", "Job"):
            continue
        pod = document["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        inside, around = container["securityContext"], pod["securityContext"]
        rules = {
            "runs as root": around["runAsNonRoot"] and around["runAsUser"] > 0,
            "has no seccomp profile": around["seccompProfile"] == {"type": "RuntimeDefault"},
            "has a token of the API": pod["automountServiceAccountToken"] is False,
            "may gain privileges": inside["allowPrivilegeEscalation"] is False,
            "has a root that can be written to": inside["readOnlyRootFilesystem"] is True,
            "keeps capabilities": inside["capabilities"] == {"drop": ["ALL"]},
            "has no limit of memory": "memory" in container["resources"]["limits"],
            "requests no processor": "cpu" in container["resources"]["requests"],
            "has not all three probes": document["kind"] == "Job"
            or {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container),
        }
        yield from (f"{_name(path)} {what}" for what, holds in rules.items() if not holds)


def _database() -> Iterator[str]:
    """Whoever has the database's address reaches it, nobody else does, and a Job makes its tables."""
    running = {**manifests.of_kind("Deployment"), **manifests.of_kind("Job")}
    pods = {name: one["spec"]["template"]["spec"]["containers"][0] for name, one in running.items()}
    named = {name for name, pod in pods.items() if _secret(pod, "clipstream-database") is not None}
    selector = manifests.of_kind("NetworkPolicy")["database"]["spec"]["podSelector"]["matchExpressions"]
    reaching = {name for one in selector for name in one["values"]}
    if reaching != named:
        yield f"NetworkPolicy database: {sorted(reaching)}, but {sorted(named)} have its secret"
    if missing := {"sink", "tables", "gateway"} - named:
        yield f"{', '.join(sorted(missing))}: no secret clipstream-database"
    if "sink" in pods and pods.get("tables", {}).get("args") != [_OURS, "db", "upgrade"]:
        yield "no Job makes the tables that the sink fills"


def _secret(container: Document, name: str) -> Document | None:
    found = (one["secretRef"] for one in container.get("envFrom", ()) if "secretRef" in one)
    return next((one for one in found if one["name"] == name), None)


def _name(path: Path) -> str:
    return str(path.relative_to(HERE)) if path.is_relative_to(HERE) else str(path)


def main() -> None:
    """Entry point: prints what is wrong; exit 1 when anything is."""
    found = problems()
    if found:
        sys.exit("\n".join(found))
    print(f"ops/k8s: {sum(1 for _ in manifests.base())} objects, as they must be")


if __name__ == "__main__":
    main()
