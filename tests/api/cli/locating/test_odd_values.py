"""What the commands say of values that are odd as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from api.cli.locate import (
    list_named,
    no_fix_at_all,
    warn,
    warn_of_contradicting,
    warn_of_hearings,
    warn_of_macs,
    warn_of_no_fix,
    warn_of_odd,
    warn_of_silent,
)
from engine.files import read_readings
from engine.files.odd.values import Oddities
from engine.plan.findings import Findings
from engine.plan.load import check_raw
from engine.positioning.locator import NoFix
from engine.radio.hanging.faults import HearingFaults, find_hearing_faults
from engine.radio.hanging.wrong_places import WrongPlace
from tests.engine.plan.sketch import shop
from tests.engine.positioning.stores import hall
from tests.engine.radio.hanging.test_mute_listeners import PLAN, heard, saying


def test_what_is_odd_is_said_with_its_access_point_and_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    odd = Oddities({"bad_rssi": 9}, {"bad_rssi": ("ap1", "ap2")}, ("range_in_mm",), {"ap3": "-40 dBm"})
    warn_of_odd("r.csv", odd)
    warn_of_contradicting("r.csv", {"ap3": 0.97})
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: bad_rssi: so is nearly all that ap1, ap2 says: go and look",
        "r.csv: warning: most ranges are too long for this plan: are these millimetres? Metres are meant",
        "r.csv: warning: ap3 says -40 dBm wherever it is heard: left aside; go and look",
        "r.csv: warning: ap3 contradicts the other access points (97%): go and look",
    ]


def test_bands_that_are_none_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_odd("r.csv", Oddities(bands={"banana": 9, "5.5.5": 2}))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: 11 readings name a band that is none, such as 'banana': taken as of no band; write 2.4, 5 or 6"
        " (GHz)"
    ]
    warn_of_odd("r.csv", Oddities(bands={"aa:bb:cc:dd:ee:ff": 1}))
    assert "aa:bb" not in capsys.readouterr().err


def test_who_says_the_same_wherever_it_is_heard_is_not_said_to_contradict_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = Oddities({"bad_rssi": 9}, {"bad_rssi": ("ap1",)}, stuck={"ap3": "-58 dBm"})
    warn_of_contradicting("r.csv", {"ap1": 0.9, "ap2": 0.8, "ap3": 1.0}, list_named(odd))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: ap2 contradicts the other access points (80%): go and look"
    ]


def test_what_is_left_out_beside_what_is_used_is_no_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.csv").write_text("t,device,ap,rssi_dbm,range_m\n5,d,ap0,-50,-3\n5,d,ap1,7,4\n")
    table = read_readings(tmp_path / "r.csv")
    warn("r.csv", {"bad_range": 1, "bad_rssi": 1, "neither_rssi_nor_range": 2}, table)
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: 1 ranges not used: below 0 or too long for this store (bad_range)",
        "r.csv: warning: 1 levels not used: rssi out of range (bad_rssi)",
        "r.csv: warning: 2 readings not used: neither rssi nor range",
    ]


def test_where_nothing_is_odd_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_odd("r.csv", Oddities({"unknown_ap": 3}))
    assert capsys.readouterr().err == ""


def test_access_points_that_measure_nothing_of_each_other_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_hearings("r.csv", PLAN, find_hearing_faults(PLAN, heard(PLAN)))
    warn_of_hearings("r.csv", PLAN, find_hearing_faults(PLAN, saying(heard(PLAN), 4, -40.0)))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: ap4 reports one level of all other access points, near and far: not used; turn on measured"
        " levels (dBm) there",
    ]


def test_access_points_that_hang_elsewhere_are_named_with_where(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = (WrongPlace(1, 0.991, 4, 0.0, 0.0), WrongPlace(2, 0.97, None, 11.6, 3.2))
    warn_of_hearings("r.csv", PLAN, HearingFaults(np.empty(0, np.int64), wrong))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: ap1 seems to be interchanged with ap4 in the plan, by what access points hear of each other"
        " (99%): left aside; go and look",
        "r.csv: warning: ap2 does not seem to hang where the plan says, likeliest about x 12, y 3, by what access"
        " points hear of each other (97%): left aside; go and look",
    ]


def test_access_points_that_heard_nothing_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_silent("r.csv", {"ap2": 78.9})
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: ap2 heard no device, though some were in 79 places where it should have: is it on, and is its"
        " id the plan's?"
    ]


def test_macs_of_phones_are_told_without_being_named(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["aa:bb:cc:00:00:01", "AA-BB-CC-00-00-02", "aabb.cc00.0003", "aabbcc000004", "s00001", "0123456789abcdef"]
    warn_of_macs("r.csv", names, Path("f.csv"))
    warn_of_macs("r.csv", names[4:], Path("f.csv"))
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: 4 of 6 devices are named by their MAC, which f.csv holds too: a table is to hold names that"
        " lead to nobody; see Privacy"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "0x02AB00000003", "02 AB 00 00 00 03", "02_AB_00_00_00_03", "2:ab:0:0:0:3", "02.ab.00.00.00.03",
        "phone-02:ab:00:00:00:03", "０２:ab:00:00:00:03", "02:ab:00:ff:fe:00:00:03", "02ab00fffe000003",
        "29337659317", "2001.0123.1200", "9f1c1a2e-5b3f-11ee-8c99-0242ac120002",
    ],
)  # fmt: skip
def test_a_mac_is_one_in_every_spelling_that_messages_hide(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_macs("r.csv", [name, "ann"])
    said = "1 of 2 devices is named by its MAC: a table is to hold names that lead to nobody; see Privacy"
    assert capsys.readouterr().err == f"r.csv: warning: {said}\n"


def test_names_that_only_look_like_macs_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["lap2-13", "phone A", "4711", "1772355600250", "356938035643809", "phone1-power2-c2", "Galaxy-A52-0042"]
    names += ["f7826da6-4fa2-4e98-8024-bc5b71e0893e", "0123456789abcdef", "d41d8cd98f00b204e9800998ecf8427e"]
    names += ["run-20240501-123000", "lap_2024-05-01_12-30", "20240501_1230", "2024-05-01T12:30:45Z"]
    warn_of_macs("r.csv", names)
    assert capsys.readouterr().err == ""


def test_scans_without_a_fix_are_no_readings_and_the_reason_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_no_fix("r.csv", {NoFix.TOO_VAGUE: 4, NoFix.NO_READING: 1})
    assert capsys.readouterr().err.splitlines() == [
        "r.csv: warning: 1 scan without a fix: nothing that can be used was left (no_reading)",
        "r.csv: warning: 4 scans without a fix: the device may be nearly anywhere;"
        " rayon plan accuracy says where an access point more helps (too_vague)",
    ]


def test_each_reason_for_no_fix_has_words(capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_no_fix("r.csv", dict.fromkeys(NoFix, 2))
    lines = capsys.readouterr().err.splitlines()
    assert [line.rsplit("(", 1)[1] for line in lines] == [f"{reason})" for reason in sorted(NoFix)]


@pytest.mark.parametrize(
    ("rows", "scans", "why"),
    [
        (0, 0, "the table has no row"),
        (7, 0, "none of 7 rows is a reading of a device that can be used; the plan has AA-BB-CC-00-00-01, AA-BB-CC-00"),
        (7, 3, "3 scans, and none of them tells a place"),
    ],
)
def test_a_recording_without_any_fix_says_why(rows: int, scans: int, why: str) -> None:
    plan = check_raw(shop(), Findings("plan.geojson"))
    assert plan is not None
    assert no_fix_at_all(rows, scans, plan).startswith(f"no fix at all: {why}")


def test_interchanged_columns_name_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, people = "t,ap,device,rssi_dbm\n", ["00:1b:63:00:00:01", "02:00:00:00:00:09", "s00001"]
    rows = [f"{t},{who},ap{t % 3},-60\n" for t in range(9) for who in people]
    between = [f"{t},ap0,ap1,-60\n" for t in range(40)]
    (tmp_path / "r.csv").write_text(header + "".join(rows + between))
    table = read_readings(tmp_path / "r.csv")
    warn("r.csv", {"unknown_ap": 27}, table, hall())
    assert capsys.readouterr().err == (
        "r.csv: warning: 27 readings not used: unknown ap: the columns device and ap are interchanged: the plan's"
        " access points stand under device\n"
    )


def test_neighbours_that_our_access_points_hear_are_named_but_for_phones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = ["ap0,00:1b:63:00:00:01", "ap0,02:00:00:00:00:08", "ap1,02:00:00:00:00:09", "phone,ap0"]
    (tmp_path / "r.csv").write_text(
        "t,device,ap,rssi_dbm\n" + "".join(f"5,{one},-60\n" for one in [*heard, *heard[3:] * 3])
    )
    warn("r.csv", {"unknown_ap": 3}, read_readings(tmp_path / "r.csv"), hall())
    said = capsys.readouterr().err
    assert "unknown ap: xx:xx:xx:xx:xx:xx (2), 00:1b:63:00:00:01 (1) (the plan has ap0" in said
    assert "as phones have, and not shown" in said
