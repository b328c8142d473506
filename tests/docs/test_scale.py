"""The plan on paper: what the page says in words is what the model reckons. test_documented compares its table."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from docs.from_code.scale import DEMANDS, MEASURED, Demand, measured, work_out
from engine.files.warehouse import COLUMNS
from engine.storage.retention.months import PARTED
from engine.storage.upserts import table_of
from engine.yaml_files import read_yaml
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/operations/scale.md").read_text(encoding="utf-8")
BY_NAME = {demand.name: demand for demand in DEMANDS}


def test_cost_of_a_store_is_flat_once_there_are_many() -> None:
    small, large = (work_out(Demand("", n), measured()) for n in (200, 2_000))
    assert large.engine_cores / 2_000 == pytest.approx(small.engine_cores / 200, rel=0.1)
    assert large.shards == 10 * small.shards


def test_more_of_anything_never_costs_less() -> None:
    before = work_out(BY_NAME["2,000 stores"], measured())
    for more in ({"phones": 120.0}, {"people": 1_800.0}, {"stores": 4_000}, {"coupons": 2.0}):
        after = work_out(replace(before.demand, **more), measured())
        for part in ("engine_cores", "database_mb_per_s", "disk_gb", "shards", "api_processes", "claims_per_s"):
            assert getattr(after, part) >= getattr(before, part), (more, part)


def test_what_the_page_says_of_each_size_is_reckoned() -> None:
    needs = {name: work_out(demand, measured()) for name, demand in BY_NAME.items()}
    assert needs["10 stores"].next_limit == ("the core of one process", needs["10 stores"].engine_cores)
    assert {needs[name].next_limit[0] for name in BY_NAME if name != "10 stores"} == {"PostgreSQL's writes"}
    assert needs["2,000 stores"].engine_cores + needs["2,000 stores"].api_cores < 3 * 16
    ends_at = 20_000 / needs["20,000 stores"].next_limit[1]
    assert f"about {round(ends_at, -3):,.0f} such stores" in PAGE
    assert f"some {1_000 / measured()['claim_lock_ms']:.0f} coupons a second" in PAGE
    seldom = dict(measured()) | {"state_every_s": 3 * measured()["state_every_s"]}
    assert work_out(BY_NAME["2,000 at Christmas"], seldom).next_limit[1] < measured()["busy_at_most"]


def test_each_coefficient_says_where_it_is_from() -> None:
    for name, row in read_yaml(MEASURED).items():
        assert set(row) == {"value", "of"}, name
        assert row["value"] > 0
        assert len(row["of"].split()) >= 2, name


def test_tables_and_columns_of_the_page_are_those_there_are() -> None:
    history = PAGE.partition("## History")[2].partition("## ")[0].partition("Not by month")[0]
    assert {table_of(model).name for model in PARTED} <= set(re.findall(r"`([a-z_]+)`", history))
    export = PAGE.partition("## Into a warehouse")[2].partition("## ")[0]
    for name, columns in COLUMNS.items():
        assert f"`{name}.parquet`" in export
        assert [column for column in columns if f"`{column}`" not in export] == []
