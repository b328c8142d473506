"""The whole chain over a recording: the clock is the readings' own, and nothing but the readings moves it.

The same engine as the live one takes the recording second by second. A recording is in order once it is sorted, so
nothing waits for stragglers: a decision is taken as soon as the window behind it is over, which live is
`ingest.reorder_s` later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from engine.config import Config
from engine.files import PlanReadings
from engine.files.outcomes import SessionEvent
from engine.ingest.decoders.labels import LABEL_SOURCE
from engine.ingest.decoders.native import Frame
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.caps import Limits
from engine.offers.claims import Claims
from engine.offers.decide import campaign_book, decide
from engine.offers.promise import Promise
from engine.plan.model import Plan
from engine.positioning.fix_points import PlainFixes
from engine.presence.expected.rows import ExpectedRow
from engine.presence.flows import FlowRow
from engine.presence.heat import HeatRow, ZoneHourRow
from engine.privacy.consent import Grants
from engine.radio.radiomap import RadioMap
from engine.records import F64, U64, Decision, Hearings, Labels, Readings, StoreVisit, Trigger, VisitEvent
from engine.runtime.map_fits import FitsInThread
from engine.runtime.store_engine import StoreEngine
from engine.vocabulary import Channel, Purpose, SessionChange

STEP_S = 1.0
"""Readings are taken in by the second: a window that is over is used at most this long after its end."""

QUIET_MAX_S = 200.0
"""So long after the last reading at most, the engine takes silence for silence and moves its clock on."""

CONSENTING: Grants = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)})


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything that came out of a recording, in the order of the clock. `names` are the devices' by their number;
    `labels` what became of labels, `promises` what campaigns that state a precision could promise in the end."""

    decisions: list[Decision]
    visits: list[VisitEvent]
    stays: list[StoreVisit]
    fixes: PlainFixes
    zone_hours: list[ZoneHourRow]
    flows: list[FlowRow]
    expected: list[ExpectedRow]
    names: dict[int, str]
    counts: Counter[str]
    labels: dict[str, Any] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    heat: list[HeatRow] = field(default_factory=list)


def device_number(name: str) -> int:
    """The number of a named device: a function of its name alone, so that ids do not depend on who else is there."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big")


def run_chain(
    plan: Plan,
    config: Config,
    campaigns: Sequence[Campaign],
    recording: PlanReadings,
    sessions: Sequence[SessionEvent] | None = None,
    radio_map: RadioMap | None = None,
    on_step: Callable[[float], None] = lambda now: None,
    labels: Labels | None = None,
) -> Chain:
    """Runs a recording through positioning, presence and offers. `on_step` hears the clock, for a progress bar.

    Without `sessions` every device is a shopper who agreed to offers on the page; with them, a device is one from its
    first `connect` on, for as long as its last answer to the question of consent is not a no. Without a `radio_map`
    access points that hear each other and the crowd make one as they go, of what came before its time only. `labels`
    (devices by `device_number`) teach from their own time on; of whom they are has agreed.
    """
    readings = _number_devices(recording)
    engine = StoreEngine(plan, _in_order(config), radio_map, FitsInThread())
    engine.set_campaigns([c for c in campaigns if c.state is CampaignState.RUNNING])
    hearings, told = _by_time(recording.hearings), 0
    first_t = float(readings.t[0]) if len(readings) else 0.0
    people, desk = _People(recording.device_names, sessions, first_t), _Desk(plan, config, campaigns)
    engine.set_linked(list(people.linked))
    known = Labels.empty() if labels is None else labels.take(np.argsort(labels.t, kind="stable"))
    engine.set_teaching(np.unique(known.device).tolist())
    taught = 0
    visits: list[VisitEvent] = []
    stays: list[StoreVisit] = []
    fixes = [PlainFixes.empty()]
    for rows, now in _steps(readings.t, config):
        upto = int(np.searchsorted(hearings.t, now))
        engine.hear(hearings.take(slice(told, upto)))
        told = upto
        if people.advance(now):
            engine.set_linked(list(people.linked))
        upto = int(np.searchsorted(known.t, now))
        new, taught = known.take(slice(taught, upto)), upto
        step = engine.step([*_frames(plan.store, readings, rows, now), *_label_frames(plan.store, new, now)], now)
        desk.decide(step.triggers, people.linked, now)
        visits += step.visits
        stays += step.ended
        fixes += [PlainFixes.of(step.fixes)] if len(step.fixes) else []
        on_step(now)
    counts = engine.counts + Counter({f"no_fix_{why}": n for why, n in engine.figures()["no_fix"].items()})
    names = {device_number(name): name for name in recording.device_names}
    found = engine.drain().anonymous()
    places = PlainFixes.concat(fixes)
    said, promises = engine.figures()["labels"], engine.promises
    return Chain(
        desk.decisions,
        visits,
        stays,
        places,
        found.zone_hours,
        found.flows,
        found.expected,
        names,
        counts,
        said,
        dict(promises),
        found.heat,
    )


class _People:
    """Who is a consenting shopper, as the recording's clock goes on. A shopper is called like the device."""

    def __init__(self, names: Sequence[str], sessions: Sequence[SessionEvent] | None, first_t: float) -> None:
        self._coming = sorted(sessions or [], key=lambda s: (s.t, s.device))
        self._next = 0
        self._refused: set[str] = set()
        self.linked: dict[int, LinkedShopper]
        self.linked = {} if sessions is not None else {device_number(n): _shopper(n, first_t) for n in names}

    def advance(self, now: float) -> bool:
        """Takes in the sessions up to `now`. True when anybody joined or withdrew."""
        before = len(self.linked), self._next
        while self._next < len(self._coming) and self._coming[self._next].t <= now:
            self._take(self._coming[self._next])
            self._next += 1
        return before != (len(self.linked), self._next)

    def _take(self, said: SessionEvent) -> None:
        number = device_number(said.device)
        if said.consent is False:
            self._refused.add(said.device)
            self.linked.pop(number, None)
        elif said.consent:
            self._refused.discard(said.device)
        if said.consent or (said.event == SessionChange.CONNECT and said.device not in self._refused):
            self.linked.setdefault(number, _shopper(said.device, said.t))


class _Desk:
    """Triggers become final decisions, event by event, as in the live engine."""

    def __init__(self, plan: Plan, config: Config, campaigns: Sequence[Campaign]) -> None:
        offers = config.offers
        self._book = campaign_book(campaigns, plan)
        self._claims = Claims({c.id: c for c in campaigns}, Limits(offers.per_visit, offers.per_day, offers.per_week))
        self.decisions: list[Decision] = []

    def decide(self, triggers: Sequence[Trigger], linked: Mapping[int, LinkedShopper], now: float) -> None:
        """Takes one step's triggers."""
        judged = decide(triggers, self._book, linked, now)
        self.decisions += judged.refused
        for event in judged.events:
            self.decisions += self._claims.claim(event, now)


def _shopper(name: str, since_t: float) -> LinkedShopper:
    return LinkedShopper(name, CONSENTING, created_at=since_t)


def _in_order(config: Config) -> Config:
    return config.model_copy(update={"ingest": config.ingest.model_copy(update={"reorder_s": 0.0})})


def _number_devices(recording: PlanReadings) -> Readings:
    """The readings in order of time, devices under the numbers of their names."""
    numbers: U64 = np.array([device_number(name) for name in recording.device_names], np.uint64)
    r = recording.readings
    named = replace(r, device=numbers[r.device.astype(np.int64)]) if len(r) else r
    return named.take(np.lexsort((named.ap, named.device, named.t)))


def _by_time(hearings: Hearings) -> Readings:
    """Access points hearing each other, as the wire's decoders give them, sorted."""
    h, nothing = hearings, np.full(len(hearings.t), np.nan, np.float32)
    rows = Readings(
        h.t, h.heard.astype(np.uint64), h.ap, h.rssi_dbm.astype(np.float32), h.range_m.astype(np.float32), nothing
    )
    return rows.take(np.argsort(h.t, kind="stable"))


def _steps(t: F64, config: Config) -> Iterator[tuple[slice, float]]:
    """Rows of sorted readings and the clock after them: each second with readings, and the silence after those.

    The silence is stepped too, until everything in it has ended; the rest of a long gap is skipped.
    """
    if not len(t):
        return
    silent_s = max(config.presence.silent_s, config.presence.gap_max_s)
    quiet_s = QUIET_MAX_S + silent_s + config.positioning.window_s
    second = np.floor(t / STEP_S)
    starts = np.flatnonzero(np.r_[True, second[1:] != second[:-1]])
    ends = [*starts[1:].tolist(), len(t)]
    clocks = (second[starts] + 1) * STEP_S
    for start, end, now, after in zip(starts.tolist(), ends, clocks, [*clocks[1:], np.inf], strict=True):
        yield slice(start, end), float(now)
        for k in range(1, int(min(after - now - STEP_S, quiet_s) // STEP_S) + 1):
            yield slice(end, end), float(now + k * STEP_S)


def _frames(store: str, readings: Readings, rows: slice, now: float) -> list[Frame]:
    part = readings.take(rows)
    return [Frame(store, "recording", now, now, part, Readings.empty(), {}, replay=True)] if len(part) else []


def _label_frames(store: str, labels: Labels, now: float) -> list[Frame]:
    nothing = Readings.empty()
    source = LABEL_SOURCE + "recording"
    return [Frame(store, source, now, now, nothing, nothing, {}, replay=True, labels=labels)] if len(labels) else []
