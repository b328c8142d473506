"""A part of a survey that was told in another frame: which, and that honest parts are in none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.plan.model import Plan
from engine.radio.evidence import Evidence, EvidenceKind, evidence_at
from engine.radio.frames.frame import NOWHERE, frames_of
from engine.radio.frames.parts import (
    OtherPart,
    SurveyPart,
    are_most,
    by_devices,
    frame_of_all,
    other_parts,
    without_parts,
)
from engine.records import F64, I32
from tests.engine.radio.frames.test_told import APS, signals
from tests.engine.radio.made import hall

WIDTH, DEPTH = 30.0, 20.0
AT = np.array([(x, y) for x in np.arange(1.5, WIDTH, 3.5) for y in np.arange(1.5, DEPTH, 3.5)])
HEARD = signals(at=AT)
EVEN = np.arange(len(AT)) % 2  # two surveyors, all over the floor
NONE = np.zeros(len(AT), np.bool_)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return hall(*APS, width=WIDTH, depth=DEPTH)


def survey(plan: Plan, told: F64, source: I32 | F64 = EVEN, heard: F64 = HEARD) -> Evidence:
    n, n_ap = heard.shape
    zero = np.zeros(n * n_ap, np.int32)
    return evidence_at(
        plan, kind=EvidenceKind.SURVEYED, ap=np.tile(np.arange(n_ap, dtype=np.int32), n),
        source=np.repeat(source, n_ap).astype(np.int32), level=zero, x_m=np.repeat(told[:, 0], n_ap),
        y_m=np.repeat(told[:, 1], n_ap), rssi_dbm=(heard - 6.0 * source[:, None]).ravel(),
        range_m=np.full(n * n_ap, np.nan), place_sigma_m=np.full(n * n_ap, 0.3),
    )  # fmt: skip


def mirrored(rows: F64) -> F64:
    """Places, of some rows x told from the other side."""
    return np.where((rows[:, None] * [1, 0]).astype(np.bool_), WIDTH - AT, AT)


def test_an_honest_survey_has_no_other_part(plan: Plan) -> None:
    assert other_parts(plan, survey(plan, AT)) == ()


def test_the_surveyor_who_told_another_frame_is_named(plan: Plan) -> None:
    known = survey(plan, mirrored(EVEN == 1))
    (found,) = other_parts(plan, known)
    assert (found.part.source, found.part.axis, found.frame.kind) == (1, -1, "mirrored in x")
    assert found.part.places == len(AT) // 2
    rest = without_parts(known, [found])
    assert np.unique(rest.source).tolist() == [0]
    assert frame_of_all(plan, known, [found]) is None
    assert not are_most(known, [found])


@pytest.mark.parametrize(("side", "axis", "far"), [(AT[:, 1] > 10.0, 1, True), (AT[:, 0] > 15.0, 0, True)])
def test_the_half_of_the_floor_that_was_told_in_another_frame_is_named(
    plan: Plan, side: F64, axis: int, far: bool
) -> None:
    told = AT.copy()
    told[side, 1 - axis] = (DEPTH if axis == 0 else WIDTH) - told[side, 1 - axis]
    (found,) = other_parts(plan, survey(plan, told))
    assert (found.part.source, found.part.axis, found.part.far) == (-1, axis, far)
    assert found.frame.kind == ("mirrored in y" if axis == 0 else "mirrored in x")


def test_a_part_whose_frame_suits_the_rest_as_well_is_the_whole_survey_s(plan: Plan) -> None:
    known = survey(plan, mirrored(~NONE))
    mirror = next(frame for frame in frames_of(plan) if frame.kind == "mirrored in x")
    found = OtherPart(SurveyPart(1), mirror)
    assert frame_of_all(plan, known, [found]) is mirror
    nowhere = replace(found, frame=replace(found.frame, kind=NOWHERE))
    assert frame_of_all(plan, known, [nowhere]) is None


def test_the_whole_is_not_in_the_frame_of_one_surveyor_if_the_others_say_so(plan: Plan) -> None:
    mirror = next(frame for frame in frames_of(plan) if frame.kind == "mirrored in x")
    (theirs,), alone = by_devices(plan, survey(plan, mirrored(EVEN == 1)), mirror)
    assert (theirs.part.source, theirs.frame.kind, alone) == (1, "mirrored in x", True)
    assert by_devices(plan, survey(plan, mirrored(~NONE)), mirror) == ((), False), "both"
    assert by_devices(plan, survey(plan, mirrored(~NONE), NONE), mirror) == ((), False), "there is one"
    near = replace(mirror, turn=np.eye(2), shift_m=np.array([1.0, 0.0]))
    (theirs,), alone = by_devices(plan, survey(plan, mirrored(EVEN == 1)), near)
    assert (theirs.part.source, alone) == (1, False), "a metre off is hardly less likely: it is not sure"


def test_where_most_is_in_another_frame_nobody_can_say_which_is_right(plan: Plan) -> None:
    known = survey(plan, mirrored(EVEN == 1), np.arange(len(AT)) % 4)
    frame = next(frames_of(plan))
    three = [OtherPart(SurveyPart(source), frame) for source in (1, 2, 3)]
    assert are_most(known, three)
    assert not are_most(known, three[:2])
    assert not are_most(known, [])


def test_access_points_that_hear_each_other_are_of_no_part(plan: Plan) -> None:
    masts = replace(survey(plan, AT), kind=np.full(len(survey(plan, AT)), EvidenceKind.ACCESS_POINT, np.int32))
    for part in (SurveyPart(0), SurveyPart(axis=1, far=True, middle_m=10.0)):
        assert not part.of(masts).any()


@pytest.mark.parametrize("mac", ["02ab.0000.0008", "02 ab 00 00 00 08", "2:ab:0:0:0:8", "phone-02:ab:00:00:00:08"])
def test_a_surveyor_named_by_an_address_is_said_by_number(mac: str) -> None:
    said = SurveyPart(1).say(["0x02ab00000007", mac, "zoe"])
    assert said == f"device number 2 by name ({'phone-' * mac.startswith('p')}xx:xx:xx:xx:xx:xx)"


def test_a_part_is_said_by_its_surveyor_s_name_or_its_side() -> None:
    assert SurveyPart(1).say(["ann", "bob"]) == "device bob"
    assert SurveyPart(0).say(["", "bob"]) == SurveyPart(0).say() == "device number 1"
    assert SurveyPart(axis=1, far=True, middle_m=8.0).say() == "y from 8.0"
    assert SurveyPart(axis=0, middle_m=12.25).say() == "x up to 12.2"
