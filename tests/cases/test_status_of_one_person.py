"""Pages told nothing of fewer than k, and the health page and the metrics beside them said how many visits, triggers,
coupons given and refused, and linked phones there were, one by one: who looked every second saw the one shopper come,
and what she got. The share of stays heard only once, of all stays of an hour, moved with each that ended.

Input: figures of a store with fifty people and with one more. Right: the same is said of both; counts of
messages, which are of no place, stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from engine.offers.campaigns import load_campaigns
from engine.presence.stays import LEAST_COUNTED, StoreVisits
from engine.runtime.status import OTHERS, PEOPLE, in_ks
from engine.runtime.store_engine import StoreCount
from engine.storage.database import open_database
from engine.storage.vouchers.campaigns import seed_campaigns
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS, boutique
from tests.engine.runtime.shifts import STORE, Shift
from tests.engine.runtime.wire import Wire

K = 20


def figures(people: int, messages: int) -> dict[str, Any]:
    labels = {"used": people, "kept": people, "share": 0.5}
    return {
        "k": K,
        "counts": {"readings": messages, "fixes": messages, "visits": people, "triggers": people},
        "decisions": {"ok": people, "cap_visit": people},
        "linked": people,
        "staff_by_behaviour": people,
        "labels": labels,
    }


def test_one_more_is_not_told() -> None:
    assert in_ks(figures(51, 9)) == in_ks(figures(50, 9))
    said = in_ks(figures(60, 9))
    assert said["decisions"] == {"ok": 60, "cap_visit": 60}
    assert said["counts"] == {"readings": 9, "fixes": 9, "visits": 60, "triggers": 60}
    assert (said["linked"], said["labels"]["used"]) == (60, 60)


def names(figures: Mapping[str, Any], before: str = "") -> set[str]:
    """Of all that is told, parts after a dot."""
    inner = [names(value, f"{before}{name}.") for name, value in figures.items() if isinstance(value, Mapping)]
    return {f"{before}{name}" for name in figures}.union(*inner)


def test_of_every_figure_somebody_said_whether_it_counts_people(tmp_path: Path) -> None:
    wire = Wire()
    wire.now = 1_795_860_000.0
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        plan = boutique()
        campaigns = load_campaigns(FLOORPLANS / STORE / "campaigns.yaml", plan)
        sure = campaigns[0].model_copy(update={"precision": 0.8})
        seed_campaigns(db, STORE, [sure, *campaigns[1:]])
        shift = Shift(db, plan, tmp_path, wire)
        shift.live()
        real = shift.process.runners[STORE].figures()
    assert real["promises"], "a campaign that states a precision has figures of its own"
    real["counts"] = dict.fromkeys(StoreCount, 0)
    assert names(real) - names(in_ks(real)) == set(), (
        "figures that nobody is told of: say in PEOPLE or OTHERS of engine/runtime/status.py whether they count people"
    )
    assert PEOPLE.isdisjoint(OTHERS)


def stay(stays: StoreVisits, device: int, at: float, scans: int) -> float | None:
    """Somebody comes, is heard so often, and leaves; the share that is told then."""
    for i in range(scans):
        stays.update(np.array([device], np.uint64), np.array([at + i]))
    stays.close_silent(at + 400.0)
    return stays.heard_once_share


def test_the_share_heard_once_moves_by_k_stays() -> None:
    for k in (1, K, 30):
        stays, least = StoreVisits(120.0, k=k), max(k, LEAST_COUNTED)
        told = [stay(stays, i, 50.0 * i, 1 + (i // 7) % 2) for i in range(1, 3 * least + 1)]
        moved = [i + 1 for i in range(1, len(told)) if told[i] != told[i - 1]]
        assert len(moved) > 1, "there was something to attack"
        assert all(n % least == 0 for n in moved)
