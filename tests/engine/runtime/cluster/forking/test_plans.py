"""Floor plans that a shard is about to run: a mistake is said with its place, and gone once it is mended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.runtime.cluster.forking.plans import ReadPlans
from tests.cluster.rig import BOUTIQUE


def test_a_plan_is_read_once_and_its_mistake_said_until_it_is_mended(tmp_path: Path) -> None:
    plans = ReadPlans(tmp_path)
    assert plans.fault_of("boutique").endswith("No such file or directory (plan.geojson in the store's folder)")
    shutil.copytree(BOUTIQUE, tmp_path / "boutique")
    assert plans.fault_of("boutique") == ""
    read = plans.plan_of("boutique")
    assert read.store == "boutique"
    plan = tmp_path / "boutique" / "plan.geojson"
    whole = plan.read_text()
    plan.write_text(whole[:200])
    assert "is not JSON" in plans.fault_of("boutique")
    with pytest.raises(OperatorError, match="is not JSON"):
        plans.plan_of("boutique")
    plan.write_text(whole)
    assert plans.fault_of("boutique") == ""
    plan.parent.rename(tmp_path / "harbour")
    assert "store 'boutique' lies in folder 'harbour'" in plans.fault_of("harbour"), "it would run for another"
