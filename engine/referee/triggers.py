"""Scores triggers and coupons against the truth: how many were right, how many were missed, how late they came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from engine.records import F64
from engine.referee.shares import Interval, interval_by_device
from engine.vocabulary import DecisionOutcome, DecisionReason

Texts = npt.NDArray[np.str_]
Key = tuple[str, str]  # device, campaign
Counts = tuple[int, int, int, int]
Span = tuple[float, float, float]
SLACK_S = 10.0
"""A trigger this long after the shopper left still counts: it was on its way (a window of 3 s, some steps' walk)."""


class DueCoupons(Protocol):
    """Coupons that should fire, each (n,)."""

    @property
    def device(self) -> Texts: ...
    @property
    def campaign_id(self) -> Texts: ...
    @property
    def since(self) -> F64: ...
    @property
    def until(self) -> F64: ...
    @property
    def due_at(self) -> F64: ...
    @property
    def outcome(self) -> Texts: ...


class Fired(Protocol):
    """Decisions as they were taken, each (n,)."""

    @property
    def t(self) -> F64: ...
    @property
    def device(self) -> Texts: ...
    @property
    def campaign_id(self) -> Texts: ...
    @property
    def outcome(self) -> Texts: ...
    @property
    def reason(self) -> Texts: ...


@dataclass(frozen=True, slots=True)
class Miss:
    """A trigger that was due and did not come, or came and was not due."""

    device: str
    campaign_id: str
    t: float


@dataclass(frozen=True, slots=True)
class TriggerReport:
    """`delays_s` is the time from due to the first trigger of each one that came; `by_campaign` and `by_device` count
    (due, came, fired, right), `repeats` those that came in a stay that had its trigger and count in neither of these;
    `unscored` decisions are of devices or of campaigns that the truth does not know, the latter by name in
    `unscored_campaigns`; `without_consent` devices that never agreed were issued a coupon."""

    by_campaign: dict[str, Counts]
    by_device: dict[str, Counts]
    repeats: int
    delays_s: dict[str, list[float]]
    missed: list[Miss]
    wrong: list[Miss]
    coupons: tuple[int, int, int]  # issued in truth, issued, issued in both
    unscored: int
    without_consent: int
    unscored_campaigns: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Precision and recall with their intervals (95 %, by device: one person's stays err together), and delay of
        triggers, in all and by campaign; precision and recall of coupons issued."""
        every = [d for delays in self.delays_s.values() for d in delays]
        total = tuple(int(v) for v in np.sum([*self.by_campaign.values(), (0, 0, 0, 0)], axis=0))
        by_campaign = {
            name: _rates(counts, self.delays_s.get(name, [])) for name, counts in sorted(self.by_campaign.items())
        }
        due, issued, both = self.coupons
        return {
            "triggers": _rates(total, every)
            | {"precision_interval": _say(self.precision), "recall_interval": _say(self.recall)}
            | {"repeats": self.repeats, "unscored": self.unscored, "by_campaign": by_campaign}
            | {"unscored_campaigns": self.unscored_campaigns},
            "coupons": {
                "due": due,
                "issued": issued,
                "precision": round(both / issued, 4) if issued else None,
                "recall": round(both / due, 4) if due else None,
                "without_consent": self.without_consent,
            },
        }

    @property
    def precision(self) -> Interval | None:
        """Share of the triggers fired that were right; None where none fired."""
        return interval_by_device([c[3] for c in self.by_device.values()], [c[2] for c in self.by_device.values()])

    @property
    def recall(self) -> Interval | None:
        """Share of the triggers due that came; None where none was due."""
        return interval_by_device([c[1] for c in self.by_device.values()], [c[0] for c in self.by_device.values()])


def _say(share: Interval | None) -> list[float] | None:
    return None if share is None else [round(share.low, 4), round(share.high, 4)]


def score_triggers(
    due: DueCoupons,
    fired: Fired,
    devices: Iterable[str],
    shoppers: Collection[str] | None = None,
    slack_s: float = SLACK_S,
    campaigns: Iterable[str] = (),
) -> TriggerReport:
    """Compares within each device and campaign; `devices` are those with truth, `shoppers` those of them who agreed to
    offers (None: all), so that whatever else was issued was issued without consent. The truth speaks of campaigns that
    something is due of, and of `campaigns`; whether decisions of others are right nobody knows.

    A trigger is right from the moment the shopper is at the place of a stay that is long enough, until `slack_s` after
    its end, and a stay is served by the first trigger in that time: those that follow in it are repeats, neither right
    nor wrong. What was held back for want of a promise did not fire. A coupon is right when truth gives the same
    campaign to the same device.
    """
    known = set(devices) if shoppers is None else set(devices) & set(shoppers)
    asked = set(fired.device.tolist()) if shoppers is None else set(shoppers)
    forbidden = set(fired.device[fired.outcome == DecisionOutcome.ISSUE].tolist()) - asked
    told = {*due.campaign_id.tolist(), *campaigns}
    stays, times = _stays(due, known, slack_s), _times(fired, known, told)
    counts: dict[str, Counts] = defaultdict(lambda: (0, 0, 0, 0))
    persons: dict[str, Counts] = defaultdict(lambda: (0, 0, 0, 0))
    repeats = 0
    delays: dict[str, list[float]] = defaultdict(list)
    missed, wrong = [], []
    for device, campaign in sorted(stays.keys() | times.keys()):
        spans, came = stays.get((device, campaign), []), sorted(times.get((device, campaign), []))
        late = [_delay(span, came) for span in spans]
        astray = [t for t in came if not any(since <= t <= until for since, until, _ in spans)]
        delays[campaign] += [d for d in late if d is not None]
        missed += [Miss(device, campaign, s[2]) for s, d in zip(spans, late, strict=True) if d is None]
        wrong += [Miss(device, campaign, t) for t in astray]
        first = {
            next(t for t in came if since <= t) for (since, _, _), d in zip(spans, late, strict=True) if d is not None
        }
        repeats += len(came) - len(astray) - len(first)
        own = (len(spans), sum(d is not None for d in late), len(astray) + len(first), len(first))
        counts[campaign], persons[device] = _add(counts[campaign], own), _add(persons[device], own)
    strange = ~np.isin(fired.campaign_id, sorted(told))
    return TriggerReport(
        dict(counts),
        dict(persons),
        repeats,
        dict(delays),
        missed,
        wrong,
        _coupons(due, fired, known, told),
        int(np.count_nonzero(~np.isin(fired.device, sorted(known)) | strange)),
        len(forbidden),
        dict(sorted(Counter(fired.campaign_id[strange].tolist()).items())),
    )


def _add(one: Counts, other: Counts) -> Counts:
    a, b, c, d = (x + y for x, y in zip(one, other, strict=True))
    return a, b, c, d


def _stays(due: DueCoupons, known: set[str], slack_s: float) -> dict[Key, list[Span]]:
    """By device and campaign: since when a trigger is right, until when, and when it was due."""
    out: dict[Key, list[Span]] = defaultdict(list)
    keys = zip(due.device.tolist(), due.campaign_id.tolist(), strict=True)
    spans = zip(due.since.tolist(), (due.until + slack_s).tolist(), due.due_at.tolist(), strict=True)
    for key, span in zip(keys, spans, strict=True):
        if key[0] in known:
            out[key].append(span)
    return out


def _times(fired: Fired, known: set[str], told: set[str]) -> dict[Key, list[float]]:
    out: dict[Key, list[float]] = defaultdict(list)
    columns = (fired.t.tolist(), fired.device.tolist(), fired.campaign_id.tolist(), fired.reason.tolist())
    for t, device, campaign, reason in zip(*columns, strict=True):
        if device in known and campaign in told and reason != DecisionReason.IMPRECISE:
            out[device, campaign].append(t)
    return out


def _delay(span: Span, came: list[float]) -> float | None:
    """From due to the first trigger in the span; None without one."""
    since, until, due_at = span
    first = next((t for t in came if since <= t <= until), None)
    return None if first is None else first - due_at


def _coupons(due: DueCoupons, fired: Fired, known: set[str], told: set[str]) -> tuple[int, int, int]:
    def issued(table: DueCoupons | Fired) -> set[Key]:
        rows = np.flatnonzero(table.outcome == DecisionOutcome.ISSUE).tolist()
        keys = {(str(table.device[i]), str(table.campaign_id[i])) for i in rows}
        return {(device, campaign) for device, campaign in keys if device in known and campaign in told}

    true, found = issued(due), issued(fired)
    return len(true), len(found), len(true & found)


def _rates(counts: tuple[int, ...], delays: list[float]) -> dict[str, Any]:
    due, came, fired, right = counts
    some = len(delays) > 0
    return {
        "due": due,
        "fired": fired,
        "precision": round(right / fired, 4) if fired else None,
        "recall": round(came / due, 4) if due else None,
        "delay_median_s": round(float(np.median(delays)), 4) if some else None,
        "delay_p90_s": round(float(np.percentile(delays, 90)), 4) if some else None,
    }
