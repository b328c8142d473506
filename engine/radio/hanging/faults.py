"""What is wrong with what access points hear of each other: who measures none, and who hangs elsewhere than told. And
who does by what a crowd of phones is heard at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.radio.evidence_sources import find_mute_listeners
from engine.radio.hanging.wrong_places import WrongPlace, find_wrong_places
from engine.radio.radiomap import RadioMap
from engine.records import F32, F64, I64, Hearings

NOBODY = -1
SURE_BY_CROWD = 0.98  # two standard errors, which is what a crowd is asked for


@dataclass(frozen=True, slots=True)
class HearingFaults:
    """Access points that report one level of all others (n,), and those that the plan has in wrong places: by what they
    hear of each other, and `by_crowd`, what phones are heard at: one, or two that are interchanged."""

    mute: I64
    wrong: tuple[WrongPlace, ...]
    by_crowd: tuple[int, ...] = ()

    @staticmethod
    def none() -> HearingFaults:
        """Nothing is wrong, or nothing was heard."""
        return HearingFaults(np.empty(0, np.int64), ())

    @property
    def misplaced(self) -> I64:
        """Those in wrong places (m,)."""
        return np.array([*(wrong.ap for wrong in self.wrong), *self.by_crowd], np.int64)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        rows = [(w.ap, w.probability, NOBODY if w.other is None else w.other, w.x_m, w.y_m) for w in self.wrong]
        wrong = np.array(rows, np.float64).reshape(-1, 5)
        return {"mute": self.mute.copy(), "wrong": wrong, "by_crowd": np.array(self.by_crowd, np.int64)}

    @staticmethod
    def of_state(state: dict[str, Any]) -> HearingFaults:
        """What `state` returned."""
        rows = np.asarray(state["wrong"], np.float64).tolist()
        wrong = (WrongPlace(int(a), p, None if other == NOBODY else int(other), x, y) for a, p, other, x, y in rows)
        by_crowd = np.asarray(state.get("by_crowd", ())).tolist()  # checkpoints of before know of none
        return HearingFaults(np.array(state["mute"], np.int64), tuple(wrong), tuple(int(a) for a in by_crowd))

    def figures(self, plan: Plan) -> dict[str, dict[str, float] | dict[str, str]]:
        """Each kind by the ids of access points: P(wrong place) to hundredths, who those are interchanged with where
        that is sure, and 1 for each that measures nothing."""
        ids = [point.id for point in plan.access_points]
        pair = self.by_crowd if len(self.by_crowd) > 1 else ()
        likely = {ids[wrong.ap]: round(wrong.probability, 2) for wrong in self.wrong}
        others = {ids[wrong.ap]: ids[wrong.other] for wrong in self.wrong if wrong.other is not None}
        return {
            "misplaced_aps": likely | {ids[a]: SURE_BY_CROWD for a in self.by_crowd},
            "interchanged_aps": others | {ids[a]: ids[b] for a, b in zip(pair, pair[::-1], strict=True)},
            "mute_aps": {ids[a]: 1.0 for a in self.mute.tolist()},
        }


def find_hearing_faults(plan: Plan, hearings: Hearings) -> HearingFaults:
    """What is wrong with these hearings (n,)."""
    mute = find_mute_listeners(plan, hearings)
    return HearingFaults(mute, tuple(find_wrong_places(plan, hearings.take(~np.isin(hearings.ap, mute)))))


def keep_sound(hearings: Hearings, faults: HearingFaults) -> Hearings:
    """The hearings that teach: none that a mute one makes, and none of or by one that hangs elsewhere."""
    off = np.isin(hearings.ap, faults.mute) | np.isin(hearings.ap, faults.misplaced)
    return hearings.take(~(off | np.isin(hearings.heard, faults.misplaced)))


def forget_places(radio_map: RadioMap, cells: Cells, aps: I64, share: float = 1.0) -> RadioMap:
    """The map (A, C), with these access points anywhere on their level: each is as strong, and as far, in every cell as
    on the mean over a level's cells, with that spread. So what they hear says of a phone how strong it sends, and not
    where it is. `share`, 0 to 1: how much of the map that is; the rest stays."""
    if not len(aps):
        return radio_map
    mean, sigma = _anywhere(radio_map.mean_dbm, radio_map.sigma_db, cells, aps, share)
    range_mean, range_sigma = _anywhere(radio_map.range_mean_m, radio_map.range_sigma_m, cells, aps, share)
    return replace(radio_map, mean_dbm=mean, sigma_db=sigma, range_mean_m=range_mean, range_sigma_m=range_sigma)


def _anywhere(mean: F32, sigma: F32, cells: Cells, aps: I64, share: float) -> tuple[F32, F32]:
    mean, variance = np.array(mean), np.array(sigma, np.float32) ** 2
    for level in np.unique(cells.level).tolist():
        at = np.ix_(aps, np.flatnonzero(cells.level == level))
        here: F64 = mean[at].astype(np.float64)
        flat = here.mean(axis=1, keepdims=True)
        wide = here.var(axis=1, keepdims=True) + variance[at].mean(axis=1, keepdims=True)
        mean[at] = share * flat + (1.0 - share) * here
        variance[at] = share * wide + (1.0 - share) * variance[at]
    return mean, np.sqrt(variance)
