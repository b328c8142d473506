"""What is wrong with `sources:` is said all at once, each with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from engine.config import SourceConfig, parse_config
from engine.errors import OperatorError
from engine.ingest import decoders
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.sources.declared import declare
from engine.ingest.sources.options import OPTIONS
from tests.engine.ingest.sources.made import store

PLANS = {"shop": store()}
GOOD: dict[str, Any] = {"name": "cloud", "kind": "mist", "stores": ["shop"], "topic": "mist/#"}


def problems(*said: dict[str, Any], environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(OperatorError) as caught:
        declare([SourceConfig.model_validate(s) for s in said], PLANS, environ or {})
    return [f"{p.place}: {p.reason}" for p in caught.value.problems]


def test_every_problem_at_once() -> None:
    found = problems(
        GOOD | {"kind": "mits"},
        GOOD | {"topic": "a/#/b"},
        {"name": "hook", "kind": "mist", "stores": ["shop"], "receiver": True},
        GOOD | {"name": "a", "secret_env": "NOT_THERE"},
        GOOD | {"name": "b", "maps": [{"level": "9"}]},
        GOOD | {"name": "c", "stores": ["shop", "other"], "maps": [{"level": "0"}, {"level": "0", "store": "third"}]},
    )
    assert found == [
        "sources[0].kind: 'mits' is no kind",
        "sources[1].topic: # stands for the rest of a topic",
        "sources[2].secret_env: a receiver without a secret takes anybody's word",
        "sources[3].secret_env: NOT_THERE is not set",
        "sources[4].maps[0].level: shop has no level '9'",
        "sources[5].maps[0].store: the source has several stores",
        "sources[5].maps[1].store: third is none of the source's stores",
        "sources[1].name: cloud is named twice",
    ]


def test_sources_of_stores_that_are_not_served_are_left_out() -> None:
    declared = declare([SourceConfig.model_validate(GOOD | {"stores": ["elsewhere"]})], PLANS, {})
    assert list(declared) == []


RECEIVER = {"topic": None, "receiver": True, "secret_env": "S"}
URL = {"topic": None, "url": "https://c.example"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (RECEIVER | {"kind": "meraki-scanning-v3"}, "sources[0].options.validator: is missing: Meraki asks for it"),
        (
            RECEIVER | {"kind": "meraki-scanning-v2", "options": {"validatr": "x", "validator": "v"}},
            "sources[0].options.validatr: is no option of meraki-scanning-v2",
        ),
        ({"options": {"ap": "x"}}, "sources[0].options.ap: is no option of mist"),
        ({"kind": "unifi", "options": {"site": "x"}}, "sources[0].options.site: is no option of unifi"),
        (URL | {"kind": "unifi", "options": {"header": "x"}}, "sources[0].options.header: is no option of unifi"),
    ],
)
def test_options_that_a_kind_lacks_or_does_not_have(said: dict[str, Any], found: str) -> None:
    (problem,) = problems(GOOD | said, environ={"S": "s"})
    assert problem.startswith(found)


@pytest.mark.parametrize(
    "said",
    [
        RECEIVER | {"kind": "meraki-scanning-v3", "options": {"validator": "v"}},
        {"kind": "meraki-mqtt", "options": {"topic": "{ap}/{client}", "rssi_field": "r"}},
        URL | {"kind": "unifi", "options": {"api": "integration", "site": "s", "verify": "no"}},
        URL | {"kind": "omada", "options": {"controller": "c", "ap": "x"}},
        URL | {"kind": "aruba-ale", "options": {"header": "X-Key"}},
        {"kind": "radius", "options": {"columns": "time, status", "delimiter": ";"}},
    ],
)
def test_options_that_a_kind_reads(said: dict[str, Any]) -> None:
    assert len(declare([SourceConfig.model_validate(GOOD | said)], PLANS, {"S": "s"})) == 1


def test_every_option_that_a_decoder_reads_by_name_is_listed() -> None:
    read = {
        (path.stem, name)
        for path in (Path(decoders.__file__).parent).rglob("*.py")
        for name in re.findall(r'options(?:\.get\(|\[)"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(read) >= 10
    assert {name for _, name in read} <= set().union(*OPTIONS.values())
    assert OPTIONS.keys() <= DECODERS.keys()


def test_a_store_without_a_floor_plan_is_unknown_where_plans_are_told() -> None:
    said = [SourceConfig.model_validate(GOOD | {"stores": stores}) for stores in (["shap"], ["annex"], ["shop", "x"])]
    with pytest.raises(OperatorError) as caught:
        declare(said[:1] + said[2:], PLANS, {}, "site.yaml", ["annex"])
    assert [str(p) for p in caught.value.problems[:2]] == [
        "site.yaml: sources[0].stores: no floor plan: shap (did you mean 'shop'?)",
        "site.yaml: sources[1].stores: no floor plan: x (one of: annex, shop)",
    ]
    assert list(declare(said[1:2], PLANS, {}, drawn=["annex"])) == []


def test_secrets_come_from_the_environment() -> None:
    said = GOOD | {"topic": None, "receiver": True, "secret_env": "MIST_SECRET"}
    (source,) = declare([SourceConfig.model_validate(said)], PLANS, {"MIST_SECRET": "s3cret"})
    assert source.told.secret == "s3cret"
    assert "s3cret" not in repr(source.told)


@pytest.mark.parametrize("ways", [{"topic": None}, {"receiver": True}, {"url": "https://c.example"}])
def test_a_source_comes_one_way(ways: dict[str, Any]) -> None:
    with pytest.raises(OperatorError, match="say one way"):
        parse_config({"sources": [GOOD | ways]}, "config.yaml")


def test_the_slowest_source_says_how_long_a_store_waits() -> None:
    slow = GOOD | {"name": "slow", "kind": "meraki-scanning-v3"}
    declared = declare([SourceConfig.model_validate(s) for s in (GOOD, slow)], PLANS, {})
    assert declared.delay_s("shop") == 65.0
    assert declared.delay_s("elsewhere") == 0.0
    quick = SourceConfig.model_validate(slow | {"delay_s": 3})
    assert declare([quick], PLANS, {}).delay_s("shop") == 3.0
