"""The files that operators take as they are: they parse, name metrics and commands that exist, and each alert has its
entry in the runbook. Nothing is started: no image is built and no cluster made here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from docs.from_code.vocabulary import commands, metrics
from engine.config import parse_config
from engine.runtime.cluster.nodes.supervising import SAVES_S
from tests.docs.pages import ROOT

DEPLOY = ROOT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))
BOARD = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """(where, expression) of every rule and every panel."""
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel["targets"])


def test_every_metric_of_board_and_rules_exists() -> None:
    known = set(metrics())
    histograms = {
        f"{name}{end}" for name in known if name.endswith("_seconds") for end in ("_bucket", "_count", "_sum")
    }
    named = {(where, name) for where, expr in expressions() for name in re.findall(r"\brayon_\w+", expr)}
    assert len(named) >= 30
    assert {(where, name) for where, name in named if name not in known | histograms} == set()
    assert [where for where, expr in expressions() if expr.count("(") != expr.count(")")] == []


ADDED = {"instance", "job", "le"}
"""Labels that Prometheus adds, and those of a histogram's parts."""


def labels_of(name: str) -> set[str]:
    """Those that /metrics gives a metric, or a histogram's part."""
    known = metrics()
    entry = known.get(name) or known[re.sub(r"_(bucket|count|sum)$", "", name)]
    # figures of engines have both, with an empty reason where a figure has none
    return set(filter(None, entry.takes.split(", "))) | (
        {"store", "reason"} if name.startswith("rayon_engine_") else set()
    )


def test_rules_and_board_name_labels_that_their_metrics_have() -> None:
    said = [(rule["alert"], rule["expr"], rule["annotations"]["summary"]) for rule in RULES]
    said += [
        (panel["title"], t["expr"], t.get("legendFormat", "")) for panel in BOARD["panels"] for t in panel["targets"]
    ]
    for where, expr, shown in said:
        has = set[str]().union(*(labels_of(name) for name in re.findall(r"\brayon_\w+", expr))) | ADDED
        named = {label for group in re.findall(r"\bby \(([^)]*)\)", expr) for label in re.findall(r"\w+", group)}
        named |= {label for group in re.findall(r"\{([^}]*)\}", expr) for label in re.findall(r"(\w+)\s*[=!]", group)}
        named |= {*re.findall(r"\$labels\.(\w+)", shown), *re.findall(r"\{\{\s*(\w+)\s*\}\}", shown)}
        assert named <= has, where


def test_each_alert_is_tried_by_series_that_there_are() -> None:
    """`make alerts` has Prometheus play them; here it is seen that they are ours, and that none is left out."""
    tried = yaml.safe_load((DEPLOY / "alerts.test.yaml").read_text(encoding="utf-8"))["tests"]
    fires: dict[str, set[bool]] = {rule["alert"]: set() for rule in RULES}
    for test in tried:
        for series in (one["series"] for one in test["input_series"]):
            name, given = re.fullmatch(r"(\w+)\{(.*)\}", series).groups()  # type: ignore[union-attr]
            labels = set(re.findall(r"(\w+)=", given))
            assert labels - ADDED == labels_of(name), f"{test['name']}: {series}"
        for case in test["alert_rule_test"]:
            fires[case["alertname"]].add(bool(case.get("exp_alerts")))
    assert [name for name, tells in fires.items() if tells != {True, False}] == []


def test_panels_have_ids_and_places_of_their_own() -> None:
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


def test_each_alert_has_its_entry_in_the_runbook_and_none_is_left_over() -> None:
    page = (ROOT / "docs/operations/runbook.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (\w+)$", page, re.MULTILINE)
    assert entries == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_brokers_recipe_keeps_what_it_confirms_and_compose_mounts_what_it_reads() -> None:
    lines = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    said = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    kept = {"persistence": "true", "autosave_on_changes": "true", "autosave_interval": "1", "max_queued_messages": "0"}
    assert {key: said[key] for key in kept} == kept
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    mounted = [volume.split(":")[1] for volume in compose["services"]["broker"]["volumes"]]
    assert said["password_file"] in mounted
    assert said["persistence_location"].rstrip("/") in mounted


def started() -> Iterator[tuple[str, list[str]]]:
    """(file, words after `rayon`) of everything that the recipes start."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    for name, service in compose["services"].items():
        if service["image"] == "rayon":
            yield f"compose.yaml {name}", service["command"]
    for document in yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text(encoding="utf-8")):
        for container in _containers(document):
            program, *words = container["command"]
            assert program == "rayon"
            yield f"kuberay.yaml {document['kind']}", words
    last = re.findall(r"^CMD (\[.*\])$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    yield "Containerfile", json.loads(last[-1])


def _containers(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield from part.get("containers", ())
        for inner in part.values():
            yield from _containers(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _containers(inner)


STARTED = list(started())


@pytest.mark.parametrize(("file", "words"), STARTED, ids=[file for file, _ in STARTED])
def test_what_is_started_is_a_command_with_its_options(file: str, words: list[str]) -> None:
    names = [word for word in words if not word.startswith("-")]
    name = next(n for n in (" ".join(names[:2]), names[0]) if n in commands())
    spelled = {part for options, _ in commands()[name].parameters for part in re.findall(r"--?[a-z-]+", options)}
    assert [word for word in words if word.startswith("-") and word not in spelled] == []


def test_all_three_machines_start_a_node_and_pages() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    by_profile = {
        profile: {name for name, service in compose["services"].items() if profile in service["profiles"]}
        for profile in ("first", "second", "third")
    }
    assert by_profile == {
        "first": {"broker", "head", "api"},
        "second": {"database", "node", "api"},
        "third": {"node", "api"},
    }


def test_nodes_are_given_the_time_to_save_before_they_are_killed() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    ours = {name: one["stop_grace_period"] for name, one in compose.items() if one["image"] == "rayon"}
    pods = re.findall(r"terminationGracePeriodSeconds: (\d+)$", (DEPLOY / "kuberay.yaml").read_text(), re.MULTILINE)
    assert set(ours) == {"head", "node", "api"}
    assert len(pods) == 3
    assert min(int(period.removesuffix("s")) for period in [*ours.values(), *pods]) > 2 * SAVES_S


def test_the_image_is_built_without_what_is_no_part_of_a_clone() -> None:
    """A key of a site that runs from the clone would lie in the builder's cache."""
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", "data", "secrets.json", "*.db", "*.env"} <= set(left_out)


def test_the_image_installs_extras_that_exist() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.findall(r'"\.\[([a-z,]+)\]"', text)[0].split(",")
    assert [extra for extra in extras if not re.search(rf"^{extra} = \[", project, re.MULTILINE)] == []
    assert "USER rayon" in text, "not root"


def test_the_key_that_the_recipes_ask_for_is_one() -> None:
    assert parse_config({"cluster": {}}, "config.yaml").cluster is not None
