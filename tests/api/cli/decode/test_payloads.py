"""Every recorded message of every vendor, decoded as its expectation says."""

from __future__ import annotations

import pytest

from engine.ingest.decoders.kinds import DECODERS
from tests.payloads.expectations import Recorded, differences, recorded

RECORDED = list(recorded())


@pytest.mark.parametrize("one", RECORDED, ids=[f"{one.kind}/{one.name}" for one in RECORDED])
def test_a_recorded_message_says_what_it_says(one: Recorded) -> None:
    assert differences(one) == []


def test_every_kind_has_a_recorded_message() -> None:
    recorded_kinds = {one.kind for one in RECORDED} | {"native"}  # whose frames are tried with a plan
    assert recorded_kinds == set(DECODERS)
