"""A store's labels, from what comes in to a radio map that is better for it.

Pure: time comes with what is told. What is kept of a label is its place, what access points heard there less the
phone's own offset, and a running number that leads to nobody once the device has left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.arriving import keys_of, together
from engine.positioning.labels.doubts import MovedProduct, are_timed, weigh
from engine.positioning.labels.field import nearest_cells
from engine.positioning.labels.lesson import NO_LESSON, Lesson, floor_of, lesson_again, lesson_of
from engine.positioning.labels.places import (
    BEFORE_TILL_S,
    KINDS,
    LAG_S,
    UNTIMED,
    LabelledPlace,
    Pause,
    Taught,
    pauses_of,
    take_receipt,
    take_timed,
    told_apart,
)
from engine.positioning.labels.shares import Evidence, certain_of_none, evidence_of, pack, unpack
from engine.positioning.labels.trail import Trail
from engine.positioning.labels.trial import LEAST_DEVICES, LEAST_LABELS, Verdict
from engine.radio.radiomap import RadioMap
from engine.records import F64, U64, Fixes, Labels, Scans
from engine.vocabulary import LabelKind, LabelRefusal

GROWS = 1.25  # labels are learnt from anew when there are so many times more
MOST_KEPT = 1500  # labels; the oldest go
MOST_ALIKE = 3  # of one device in one place: more say nothing new
MOST_WAITING = 5000
MOST_OF_ONE = 500  # of those, of one device: a trolley that scans without end leaves room for all others
REMEMBERED = 5000  # labels that are known again when they come twice
FAR_OFF = 0.02  # a label that is right with less than this probability says where its device was not
OFFSET_DB = 8.0
MOST_PRODUCTS = 500  # of a plan, evenly, that the lines of a receipt are held against
RECEIPTS = " (receipts)"  # after a source's name: its labels without a time of their own are judged apart


@dataclass(frozen=True, slots=True)
class LabelledPause:
    """A label held against the track: for whoever else learns from known places. `t` is its own time; of a receipt's
    line, the middle of the pause that fits it."""

    number: int
    device: int
    t: float
    level: int
    x_m: float
    y_m: float


class LabelLearning:
    """Of one store. `correct` gives the map as labels make it; `counts` what was left aside, by reason.

    What labels come to takes seconds: `begin` gives that as a task, for any thread, and `finish` takes what it came to.
    """

    def __init__(self, plan: Plan, cells: Cells) -> None:
        self._plan, self._cells = plan, cells
        self._floor_m2 = floor_of(cells)
        self._trail = Trail(len(plan.access_points))
        self._willing: U64 = np.empty(0, np.uint64)
        self._terminals: set[int] = set()
        self._waiting = Labels.empty()
        self._from: list[int] = []  # the source of each that waits
        self._sources: list[str] = []
        self._told: dict[int, F64] = {}  # of receipts, by source: what their lines say of its share
        few = plan.products[:: max(1, -(-len(plan.products) // MOST_PRODUCTS))]
        level = np.array([plan.level_index[p.level] for p in few], np.int32)
        self._products = (level, np.array([p.x_m for p in few]), np.array([p.y_m for p in few]))
        self._seen: dict[int, None] = {}
        self._numbers: dict[int, int] = {}
        self._offsets: dict[int, float] = {}
        self._next = 0
        self._taught = Taught.empty(n_ap=len(plan.access_points))
        self._learnt = 0  # how many of them the verdict is of
        self._begun, self._asked = 0, dict[int, F64]()  # the lesson under way: of how many, with what of receipts
        self._judged: Evidence = {}  # that the lesson in use was made with
        self.counts: Counter[LabelRefusal] = Counter()
        self.used = 0
        self._lesson = NO_LESSON

    @property
    def verdict(self) -> Verdict:
        """On the map in use."""
        return self._lesson.verdict

    @property
    def lies(self) -> dict[str, str]:
        """Streams that contradict the map as a whole: what they look like."""
        return {self._sources[source]: what for source, what in self._lesson.lies.items()}

    @property
    def moved(self) -> list[MovedProduct]:
        """Products that stand elsewhere than the plan says."""
        return self._lesson.moved

    def set_willing(self, devices: U64) -> None:
        """The devices of shoppers who agreed that their places teach. Of who does not any more, what was kept goes."""
        self.withdraw(np.setdiff1d(self._willing, devices))
        self._willing = devices

    def withdraw(self, devices: U64) -> None:
        """Devices (m,) whose owners take their consent back: nothing of them is looked at any more."""
        if not len(devices):
            return
        self.forget(devices)
        kept = np.flatnonzero(~np.isin(self._waiting.device, devices))
        self._waiting, self._from = self._waiting.take(kept), [self._from[i] for i in kept.tolist()]

    @property
    def followed(self) -> U64:
        """Devices whose labels may come: those of `set_willing`, and the store's own terminals."""
        return np.concatenate([self._willing, np.array(sorted(self._terminals), np.uint64)])

    def see(self, scans: Scans, fixes: Fixes) -> None:
        """What was heard, and where devices were by it."""
        if len(self._willing) or self._terminals:
            self._trail.add(scans, fixes, self.followed)

    def take(self, labels: Labels, source: str) -> None:
        """Labels as they came, on the store's clock; they are looked at LAG_S later."""
        timed = are_timed(labels.kind)
        fresh: list[int] = []
        waits = Counter(self._waiting.device.tolist())
        for i, (key, device) in enumerate(zip(keys_of(labels), labels.device.tolist(), strict=True)):
            if key in self._seen:
                self.counts[LabelRefusal.LABEL_DUPLICATE] += 1
            elif not labels.public[i] and not np.isin(labels.device[i], self._willing):
                self.counts[LabelRefusal.LEARNING_NOT_AGREED] += 1
            elif len(self._waiting) + len(fresh) >= MOST_WAITING or waits[device] >= MOST_OF_ONE:
                self.counts[LabelRefusal.TOO_MANY_LABELS] += 1
            else:
                fresh.append(i)
                waits[device] += 1
                self._seen[key] = None
        for old in list(self._seen)[: max(0, len(self._seen) - REMEMBERED)]:
            del self._seen[old]
        own = labels.take(np.array(fresh, np.int64))
        self._terminals.update(own.device[own.public].tolist())
        self._waiting = Labels.concat([self._waiting, own])
        self._from += [self._stream(source if timed[i] else source + RECEIPTS) for i in fresh]

    def _stream(self, name: str) -> int:
        if name not in self._sources:
            self._sources.append(name)
        return self._sources.index(name)

    def advance(self, clock: float, radio_map: RadioMap) -> list[LabelledPause]:
        """Looks at the labels that are due. Returns those that were heard. Redeemed vouchers only teach the map: who
        redeems nothing says nothing, and what is made of those who do is too good."""
        due = np.flatnonzero(self._waiting.t + LAG_S <= clock)
        if not len(due):
            return []
        own, sources = self._waiting.take(due), [self._from[i] for i in due.tolist()]
        rest = np.setdiff1d(np.arange(len(self._waiting)), due)
        self._waiting, self._from = self._waiting.take(rest), [self._from[i] for i in rest.tolist()]
        located: list[LabelledPause] = []
        for rows in together(own):
            located += self._look(own.take(rows), sources[int(rows[0])], radio_map)
        return located

    def _look(self, own: Labels, source: int, radio_map: RadioMap) -> list[LabelledPause]:
        """One label, or the lines of one receipt."""
        device, t = int(own.device[0]), float(own.t[0])
        number = self._number(device)
        places = [self._place(own, i) for i in range(len(own))]
        untimed = places[0].kind in UNTIMED
        found: list[tuple[Taught | None, float]] = []  # with the time that it is of
        if untimed:
            pauses = list(pauses_of(self._trail.of(device, t - BEFORE_TILL_S, t)))
            lines = take_receipt(places, pauses, self._floor_m2, number, source)
            found += [(None, t) if line is None else (line[0], line[1].middle_t) for line in lines]
            self._compare(places, pauses, source)
        else:
            found.append((take_timed(places[0], t, self._trail.of(device, t - LAG_S, t + LAG_S), number, source), t))
        located = []
        for place, (heard, at) in zip(places, found, strict=True):
            if heard is None:
                self.counts[LabelRefusal.LABEL_NOT_HEARD] += 1
                continue
            one = self._without_offset(heard, radio_map)
            self._keep(one)
            # of what stands elsewhere than the planogram says, nobody knows the place
            if place.kind != LabelKind.REDEEMED and float(weigh(one, self._floor_m2)[0]) >= FAR_OFF:
                located.append(LabelledPause(number, device, at, place.level, place.x_m, place.y_m))
        return located

    def _compare(self, places: list[LabelledPlace], pauses: list[Pause], source: int) -> None:
        """Takes in what a receipt says of its stream."""
        if pauses:
            ratio = np.array([told_apart(place, pauses, self._products, self._floor_m2) for place in places])
            self._told[source] = self._told.get(source, 0.0) + evidence_of(ratio)

    def _place(self, labels: Labels, i: int) -> LabelledPlace:
        kind, level = KINDS[int(labels.kind[i])], int(labels.level[i])
        return LabelledPlace(kind, int(labels.product[i]), level, float(labels.x_m[i]), float(labels.y_m[i]))

    def _number(self, device: int) -> int:
        if device not in self._numbers:
            self._numbers[device], self._next = self._next, self._next + 1
        return self._numbers[device]

    def _without_offset(self, one: Taught, radio_map: RadioMap) -> Taught:
        """What was heard less the phone's offset, as its first label tells it: the same for all of its labels."""
        number = int(one.number[0])
        if number not in self._offsets:
            at = nearest_cells(self._cells, one.level, one.x_m, one.y_m)
            left = (one.rssi_dbm[0] - radio_map.mean_dbm[:, at[0]]).astype(np.float64)
            n = int(np.isfinite(left).sum())
            self._offsets[number] = float(np.nansum(left)) / (n + 25.0 / OFFSET_DB**2)
        return replace(one, rssi_dbm=(one.rssi_dbm - np.float32(self._offsets[number])).astype(np.float32))

    def _keep(self, one: Taught) -> None:
        every = self._taught
        same = (every.number == one.number[0]) & (every.level == one.level[0])
        alike = same & (np.hypot(every.x_m - one.x_m[0], every.y_m - one.y_m[0]) < 1.5)
        if int(alike.sum()) >= MOST_ALIKE:
            self.counts[LabelRefusal.TOO_MANY_LABELS] += 1
            return
        if float(weigh(one, self._floor_m2)[0]) < FAR_OFF:
            self.counts[LabelRefusal.LABEL_FAR_OFF] += 1  # kept all the same: many of them say what is wrong
        else:
            self.used += 1
        gone = max(0, len(every) + 1 - MOST_KEPT)
        self._taught = Taught.concat([every.take(slice(gone, None)), one])
        self._learnt, self._begun = max(0, self._learnt - gone), max(0, self._begun - gone)

    @property
    def due(self) -> bool:
        """Whether there is enough that is new to learn from."""
        return len(self._taught) >= max(LEAST_LABELS, GROWS * self._learnt)

    def learn(self, radio_map: RadioMap) -> None:
        """The verdict anew, on top of this map, by all labels."""
        task = self.begin(radio_map)
        if task is not None:
            self.finish(task())

    def begin(self, radio_map: RadioMap) -> Callable[[], Lesson] | None:
        """What all labels so far come to on top of this map; None of too few. Forgets a lesson begun before."""
        self._begun = len(self._taught)
        self._asked = dict(self._told)
        return self.resume(radio_map)

    def resume(self, radio_map: RadioMap) -> Callable[[], Lesson] | None:
        """The lesson that was begun, anew."""
        if self._begun < LEAST_LABELS:
            return None
        labels = self._taught.take(slice(0, self._begun))
        return partial(lesson_of, self._plan, self._cells, radio_map, labels, self._asked)

    def finish(self, lesson: Lesson) -> None:
        """What the lesson begun last came to."""
        self._lesson, self._learnt, self._judged = lesson, self._begun, self._asked

    def unlearn(self) -> None:
        """There is another map, for which the correction does not hold."""
        self._lesson = replace(self._lesson, verdict=NO_LESSON.verdict)

    def correct(self, radio_map: RadioMap) -> RadioMap:
        """The map as labels make it."""
        return self.verdict.apply(radio_map)

    def forget(self, devices: U64) -> None:
        """Devices (m,) that have left: what their labels taught stays, whose they were is gone."""
        self._trail.forget(devices)
        for device in devices.tolist():
            self._terminals.discard(device)
            number = self._numbers.pop(device, None)
            if number is not None:
                self._offsets.pop(number, None)

    def figures(self) -> dict[str, Any]:
        """For the health page and the manager: how many labels taught, what they were good for, what is wrong."""
        plan = self._plan
        return {
            "used": self.used,
            "kept": len(self._taught),
            "refused": {reason: n for reason, n in self.counts.items() if n},
            "share": self.verdict.share,
            "gain_m": None if np.isnan(self.verdict.gain_m) else round(self.verdict.gain_m, 2),
            "lying_sources": dict(self.lies),
            "off_m": self._round_off(self._lesson.off_m),
            "apart_m": self._round_off(self._lesson.apart_m),
            "by_places": self.verdict.devices < LEAST_DEVICES,
            "moved_products": [
                {
                    "sku": plan.products[m.product].sku,
                    "level": plan.levels[m.level].id,
                    "x_m": round(m.x_m, 1),
                    "y_m": round(m.y_m, 1),
                    "moved_m": round(m.moved_m, 1),
                }
                for m in self.moved
            ],
        }

    def _round_off(self, vectors: Mapping[int, tuple[float, float]]) -> dict[str, list[float]]:
        return {self._sources[stream]: [round(v, 1) for v in off] for stream, off in vectors.items()}

    def pack_taught(self, least_devices: int) -> dict[str, Any] | None:
        """What may outlive the day: what labels taught, without order or time, devices under numbers of chance. None
        of fewer than so many devices."""
        numbers, of = np.unique(self._taught.number, return_inverse=True)
        if len(numbers) < max(least_devices, 1):
            return None
        rng = np.random.default_rng()  # on purpose without a seed: nobody is to work out who was which
        mixed = replace(self._taught, number=rng.permutation(len(numbers))[of]).take(rng.permutation(len(of)))
        return {"sources": list(self._sources), "taught": {n: getattr(mixed, n) for n in Taught.__slots__}}

    def take_kept(self, kept: Mapping[str, Any]) -> None:
        """Begins with what `pack_taught` returned, where nothing was taught yet."""
        if len(self._taught) or self._sources:
            return
        self._sources = [str(name) for name in kept["sources"]]
        self._taught = Taught(**{name: np.array(kept["taught"][name]) for name in Taught.__slots__})
        self._next = int(self._taught.number.max(initial=-1)) + 1

    def state(self) -> dict[str, Any]:
        """Everything that later results depend on."""
        return {
            "trail": self._trail.state(),
            "terminals": np.array(sorted(self._terminals), np.uint64),
            "waiting": {name: getattr(self._waiting, name) for name in Labels.__slots__},
            "from": list(self._from),
            "sources": list(self._sources),
            "told": pack(self._told),
            "seen": np.array(list(self._seen), np.int64),
            "devices": np.array(list(self._numbers), np.uint64),
            "numbers": np.array(list(self._numbers.values()), np.int64),
            "offsets": np.array([self._offsets.get(n, np.nan) for n in self._numbers.values()], np.float64),
            "next": np.array([self._next]),
            "taught": {name: getattr(self._taught, name) for name in Taught.__slots__},
            "learnt": np.array([self._learnt]),
            "begun": np.array([self._begun]),
            "asked": pack(self._asked),
            "judged": pack(self._judged),
            "share": np.array(
                [self.verdict.share, self.verdict.gain_m, self.verdict.devices, self.verdict.receipts], float
            ),
            "apart": np.array([self.verdict.apart]),
            "counts": {str(k): np.array([v]) for k, v in self.counts.items()},
            "used": np.array([self.used]),
        }

    def restore(self, state: Mapping[str, Any], radio_map: RadioMap) -> None:
        """Takes over what `state` returned; the correction is made again on top of the map that is in use."""
        self.restore_rows(state)
        share, gain, devices, *receipts = (float(v) for v in state["share"])  # of before, all were taken
        labels = self._taught.take(slice(0, self._learnt))
        verdict = Verdict(None, share, gain, int(devices), all(receipts), bool(np.any(state.get("apart", False))))
        self._lesson = lesson_again(self._plan, self._cells, radio_map, labels, self._judged, verdict)

    def restore_rows(self, state: Mapping[str, Any]) -> None:
        """The same, without what labels came to: that stays as it is."""
        self._trail.restore(state["trail"])
        self._terminals = set(state["terminals"].tolist())
        self._waiting = Labels(**{name: np.array(state["waiting"][name]) for name in Labels.__slots__})
        self._from, self._sources = [int(v) for v in state["from"]], [str(v) for v in state["sources"]]
        self._seen = dict.fromkeys(state["seen"].tolist())
        self._numbers = dict(zip(state["devices"].tolist(), state["numbers"].tolist(), strict=True))
        known = zip(state["numbers"].tolist(), state["offsets"].tolist(), strict=True)
        self._offsets = {n: offset for n, offset in known if not np.isnan(offset)}
        self._next, self._learnt = int(state["next"][0]), int(state["learnt"][0])
        self._taught = Taught(**{name: np.array(state["taught"][name]) for name in Taught.__slots__})
        self.counts = Counter({LabelRefusal(k): int(v[0]) for k, v in state["counts"].items()})
        self.used = int(state["used"][0])
        self._begun = int(state["begun"][0]) if "begun" in state else 0
        if "told" in state:
            self._told, self._asked, self._judged = (unpack(state[name]) for name in ("told", "asked", "judged"))
        else:  # a checkpoint of before: what was left aside stays so until the next lesson
            self._judged = certain_of_none([int(s) for s in state.get("chance", ())])
