"""What the commands say of values that are odd as a whole."""

from __future__ import annotations

import pytest

from api.cli.locate import warn_of_contradicting, warn_of_mute, warn_of_odd
from engine.files.odd.values import Oddities
from tests.engine.radio.hanging.test_mute_listeners import PLAN, heard, saying


def test_what_is_odd_is_said_with_its_access_point_and_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    odd = Oddities({"bad_rssi": 9}, {"bad_rssi": ("ap1", "ap2")}, ("range_in_mm",), {"ap3": "-40 dBm"})
    warn_of_odd("r.csv", odd)
    warn_of_contradicting("r.csv", {"ap3": 0.97})
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: bad_rssi: so is nearly all that ap1, ap2 says: go and look",
        "r.csv: warning: most ranges are too long for this plan: are these millimetres? Metres are meant",
        "r.csv: warning: ap3 says -40 dBm wherever it is heard: go and look",
        "r.csv: warning: ap3 contradicts the other access points (97%): go and look",
    ]


def test_where_nothing_is_odd_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_odd("r.csv", Oddities({"unknown_ap": 3}))
    assert capsys.readouterr().err == ""


def test_access_points_that_measure_nothing_of_each_other_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_mute("r.csv", PLAN, heard(PLAN))
    warn_of_mute("r.csv", PLAN, saying(heard(PLAN), 4, -40.0))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: ap4 reports one level of all other access points, near and far: not used; turn on measured"
        " levels (dBm) there",
    ]
