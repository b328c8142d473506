"""Hot verdicts were measured against the truth without any heat: a recording's chain kept none.

Input: a recording of two people. Right: its heat is the time that they were there. What had been measured was the
share of zones that are truly not hot (83 to 96 %), with none called hot falsely; with heat up to a third were.
"""

from __future__ import annotations

import pytest

from engine.config import Config
from engine.runtime.offline import run_chain
from tests.engine.runtime.made import Stand, boutique
from tests.engine.runtime.test_offline import recording


def test_a_recordings_heat_is_the_time_that_people_were_there() -> None:
    plan = boutique()
    people = [Stand(name, "FEM-001", 0.0, 60.0) for name in ("ana", "bob")]
    chain = run_chain(plan, Config(), [], recording(people))
    there = sum(stay.last_seen_at - stay.started_at for stay in chain.stays)
    assert there > 90.0
    assert sum(row.person_s for row in chain.heat) == pytest.approx(there, rel=0.02)
