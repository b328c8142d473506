"""The table of who is held out: written for running experiments, read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.files.experiments import read_experiments, write_experiments
from tests.engine.offers.plans import campaign


def test_campaigns_that_hold_somebody_out_are_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "experiments.csv"
    some = [campaign("tea", holdout_share=0.2), campaign("jam"), campaign("milk", holdout_share=0.5, experiment="e")]
    write_experiments(file, some)
    assert file.read_text() == "campaign_id,experiment,holdout_share\ntea,tea,0.200000\nmilk,e,0.500000\n"
    assert read_experiments(file) == {"tea": 0.2, "milk": 0.5}
    write_experiments(file, some[1:2])
    assert read_experiments(file) == {}


def test_shares_that_cannot_be_are_refused_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "experiments.csv"
    file.write_text("campaign_id,experiment,holdout_share\na,a,0\nb,b,0.5\nc,c,1\nb,b,0.4\n")
    with pytest.raises(OperatorError) as refused:
        read_experiments(file)
    assert [(p.place, p.reason) for p in refused.value.problems] == [
        ("line 2, column holdout_share", "0 is not a share"),
        ("line 4, column holdout_share", "1 is not a share"),
        ("line 5", "b is on line 3 too"),
    ]
