"""A week of the store and the web written down: what its systems say, and the truth behind every figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.errors import OperatorError, Problem
from simulators.channels.fates import first_fates
from simulators.channels.ropo import Paths
from simulators.channels.telling import changes_of, say_week
from simulators.channels.week import Week
from simulators.shops.said import Speaker, write_said
from simulators.truth.recording import write_rows

EVENTS, TRUTH = "events.jsonl", "truth"
TABLES: dict[str, tuple[str, ...]] = {
    "people": ("shopper", "email", "card", "account", "connected", "mails", "notified", "called", "held_out"),
    "visits": ("shopper", "visit", "entered_at", "left_at", "connected", "followed", "recognised", "paid_at"),
    "stays": ("shopper", "visit", "zone", "since", "until", "followed"),
    "lingers": ("shopper", "zone"),
    "stops": ("shopper", "visit", "sku", "since", "until", "bought", "followed"),
    "views": ("shopper", "sku", "at", "source"),
    "baskets": ("shopper", "at", "skus", "total_minor", "source", "ordered_at"),
    "orders": ("order", "shopper", "placed_at", "paid_at", "state", "total_minor", "collect"),
    "purchases": ("purchase", "shopper", "at", "channel", "total_minor", "known", "cancelled"),
    "lines": ("purchase", "line", "sku", "pieces", "amount_minor", "returned_minor"),
    "returns": ("return", "purchase", "shopper", "at", "channel", "total_minor"),
    "pickups": ("order", "shopper", "ready_at", "came_at", "collected_at", "called"),
    "messages": ("shopper", "at", "channel", "visit", "about", "skus", "fate", "opened", "swayed"),
    "uplift": ("shopper", "channel", "at", "held_out", "buys_without", "buys_with"),
    "points": ("shopper", "earned", "taken_back", "taken_back_of_sums", "cancelled", "kept", "kept_of_sums"),
    "ropo": (
        "shopper",
        "sku",
        "viewed_at",
        "stopped_at",
        "bought_at",
        "bought_channel",
        "stop_known",
        "bought_known",
    ),
    "store_to_web": ("shopper", "sku", "stopped_at", "viewed_at", "bought_at", "stop_known"),
}
"""Of the folder `truth`, by the names of the files."""

Row = tuple[Any, ...]


def record_week(week: Week, folder: Path) -> dict[str, int]:
    """Writes `events.jsonl` and the tables of TABLES into `folder`, made where it is missing; returns rows by file.

    The same scenario and seed give the same bytes. Raises OperatorError when something cannot be written.
    """
    truth = folder / TRUTH
    try:
        truth.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "give a place to write"
        raise OperatorError([Problem(str(folder), "(folder)", error.strerror or str(error), fix)]) from error
    done = {"events": write_said(folder / EVENTS, say_week(week))}
    rows = WeekRows(week)
    for name, header in TABLES.items():
        found = list(getattr(rows, name)())
        write_rows(truth / f"{name}.csv", header, found)
        done[name] = len(found)
    return done


class WeekRows:
    """The rows of each table, by a method of its name."""

    def __init__(self, week: Week) -> None:
        self._week, self._names = week, week.customers.names
        self._prices = {product.sku: product.price_minor for product in week.plan.products}

    def people(self) -> Iterator[Row]:
        """Everybody."""
        c = self._week.customers
        flags = (c.connected, c.mails, c.notified, c.called)
        for i, name in enumerate(self._names):
            none_by = " ".join(way for way, out in c.held_out.items() if out[i])
            yield (name, c.email_of(i), c.card_of(i), c.account_of(i), *(int(flag[i]) for flag in flags), none_by)

    def visits(self) -> Iterator[Row]:
        """Visits to the store."""
        for v in self._week.visits:
            flags = (int(v.connected), int(v.followed), int(v.name in self._week.recognised))
            yield (
                self._names[v.who],
                v.name,
                seconds_text(v.entered_at),
                seconds_text(v.left_at),
                *flags,
                seconds_text(v.paid_at),
            )

    def stays(self) -> Iterator[Row]:
        """Stays in zones."""
        for v in self._week.visits:
            for stay in v.stays:
                yield (
                    self._names[v.who],
                    v.name,
                    stay.zone,
                    seconds_text(stay.since),
                    seconds_text(stay.until),
                    int(v.followed),
                )

    def lingers(self) -> Iterator[Row]:
        """Zones in which somebody stays longer than people do there."""
        yield from ((self._names[who], zone) for who, zone in self._week.lingers)

    def stops(self) -> Iterator[Row]:
        """Stops at products."""
        for v in self._week.visits:
            for stop in v.stops:
                times = (seconds_text(stop.since), seconds_text(stop.until))
                yield (self._names[v.who], v.name, stop.sku, *times, int(stop.bought), int(v.followed))

    def views(self) -> Iterator[Row]:
        """Who viewed what when."""
        for view in self._week.views:
            yield (self._names[view.who], view.sku, seconds_text(view.at), _source(app=view.app))

    def baskets(self) -> Iterator[Row]:
        """Baskets on the web, left or ordered."""
        for b in self._week.baskets:
            total = sum(self._prices[sku] for sku in b.skus)
            row = (self._names[b.who], seconds_text(b.at), " ".join(b.skus), total, _source(app=b.app))
            yield (*row, seconds_text(b.ordered_at if b.ordered_at and self._week.span.holds(b.ordered_at) else None))

    def orders(self) -> Iterator[Row]:
        """Orders, with the last of their states."""
        for o in self._week.orders:
            state = changes_of(o)[-1][0]
            row = (o.name, self._names[o.who], seconds_text(o.placed_at), seconds_text(o.paid_at), state, o.total_minor)
            yield (*row, int(o.collect))

    def purchases(self) -> Iterator[Row]:
        """Receipts, and orders that were paid."""
        for r in self._week.receipts:
            yield (r.name, self._names[r.who], seconds_text(r.at), "store", r.total_minor, int(r.shown), 0)
        for o in self._week.orders:
            if o.paid_at is not None:
                cancelled = int(o.cancelled_at is not None)
                yield (o.name, self._names[o.who], seconds_text(o.paid_at), "web", o.total_minor, 1, cancelled)

    def lines(self) -> Iterator[Row]:
        """Of purchases, with what came back of each."""
        back = {(one.purchase, ln.name): ln.amount_minor for one in self._week.returns for ln in one.lines}
        sold = [(r.name, r.lines) for r in self._week.receipts]
        sold += [(o.name, o.lines) for o in self._week.orders if o.paid_at is not None]
        for name, lines in sold:
            for ln in lines:
                yield (name, ln.name, ln.sku, ln.pieces, ln.amount_minor, back.get((name, ln.name), 0))

    def returns(self) -> Iterator[Row]:
        """What came back; cancelled orders are not among it."""
        for b in self._week.returns:
            channel = "web" if b.web else "store"
            yield (b.name, b.purchase, self._names[b.who], seconds_text(b.at), channel, b.total_minor)

    def pickups(self) -> Iterator[Row]:
        """Orders that were ready in the store."""
        for o in self._week.orders:
            if o.ready_at is not None:
                called = int(self._week.customers.called[o.who])
                yield (
                    o.name,
                    self._names[o.who],
                    seconds_text(o.ready_at),
                    seconds_text(o.came_at),
                    seconds_text(o.collected_at),
                    called,
                )

    def messages(self) -> Iterator[Row]:
        """Every moment at which there was something to say."""
        swayed = {one.message for one in self._week.swayed}
        for k, m in enumerate(self._week.messages):
            at = m.moment
            row = (self._names[at.who], seconds_text(at.at), at.way, at.visit, at.about, " ".join(at.skus))
            yield (*row, m.fate, int(m.opened), int(k in swayed and m.opened))

    def uplift(self) -> Iterator[Row]:
        """Everybody's first moment on each channel, with both fates."""
        for one in first_fates(self._week):
            flags = (one.held_out, one.buys_without, one.buys_with)
            yield (self._names[one.who], one.way, seconds_text(one.at), *map(int, flags))

    def points(self) -> Iterator[Row]:
        """Of everybody whom the programme can know."""
        for who, p in sorted(self._week.points.items()):
            taken = (p.taken_back, p.taken_back_of_sums, p.cancelled)
            yield (self._names[who], p.earned, *taken, p.kept, p.kept_of_sums)

    def ropo(self) -> Iterator[Row]:
        """Viewed, stopped, bought."""
        for r in Paths(self._week).ropo():
            times = (seconds_text(r.viewed_at), seconds_text(r.stopped_at), seconds_text(r.bought_at))
            yield (self._names[r.who], r.sku, *times, r.bought_channel or "", int(r.stop_known), int(r.bought_known))

    def store_to_web(self) -> Iterator[Row]:
        """Stopped, viewed or bought on the web."""
        for r in Paths(self._week).store_to_web():
            times = (seconds_text(r.stopped_at), seconds_text(r.viewed_at), seconds_text(r.bought_at))
            yield (self._names[r.who], r.sku, *times, int(r.stop_known))


def seconds_text(at: float | None) -> str:
    """A time as the tables have it: whole seconds, empty where there is none."""
    return "" if at is None else f"{at:.0f}"


def _source(*, app: bool) -> str:
    return str(Speaker.APP if app else Speaker.PAGES)


def files() -> Sequence[str]:
    """What a week's folder holds."""
    return (EVENTS, *(f"{TRUTH}/{name}.csv" for name in TABLES))
