"""Sums over several zones or hours, two periods, a zone and its parts, coupons issued and shown: each figure had k
people behind it, and what two of them differed by had one.

Input: a day of a hundred shoppers; an attacker with every answer for every period, and patience. Right: no sum or
difference of counts is more than nobody and fewer than k. What was open is opened again, and the attack finds it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest

from api.context import AppContext
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import make_report
from api.managers.console.forms import rows_json, table_csv
from api.managers.reports import Period, Reports
from engine.config import Config
from engine.presence import release
from engine.presence.expected.rows import StayLength
from engine.privacy.k_anonymity import lay_out
from engine.storage.database import Database, open_database
from engine.storage.vouchers.results import results_of
from engine.storage.vouchers.vouchers import counts
from tests.api.site import SECRETS
from tests.cases.hundred import BLOCK_S, DAY, PLAN, K, clock, drawn_stays, fill_coupons, fill_figures

STORE, NEXT_DAY = PLAN.store, clock(23) + 13 * 3600
WINDOWS = [(a, b) for a, b in combinations(range(8, 21), 2)]
Answers = Mapping[str, Mapping[tuple[int, int], int]]
"""A figure's answers by period, from one hour of the day to another."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/rayon.db")
    fill_coupons(opened, drawn_stays(5))
    yield opened
    opened.close()


def site(db: Database) -> Reports:
    return Reports(AppContext(Config(), db, SECRETS, {STORE: PLAN}))


def attack(answers: Answers) -> set[str]:
    """What is learned of fewer than k: two periods of one figure, and two figures of one period."""
    found = set()
    for name, by_window in answers.items():
        for one, other in combinations(by_window.values(), 2):
            if 0 < abs(one - other) < K:
                found.add(f"{name} of two periods")
    for one, other in combinations(sorted(answers), 2):
        if any(0 < abs(answers[one][w] - answers[other].get(w, 0)) < K for w in answers[one]):
            found.add(f"{one} less {other}")
    return found


def flow_answers(made: Reports) -> dict[str, dict[tuple[int, int], int]]:
    """Ways into and out of every set of zones, and the visits to it."""
    zones = [z.id for z in PLAN.zones if z.id != "shop"]
    sets = [s for n in range(1, len(zones) + 1) for s in combinations(zones, n)]
    out: dict[str, dict[tuple[int, int], int]] = {}
    for window in WINDOWS:
        period = Period(*(clock(h) for h in window))
        moves = {(r.from_zone, r.to_zone): r.count for r in made.flows(STORE, period)}
        visits = Counter[str]()
        for row in made.hours(STORE, period):
            visits[row.zone] += row.visits
        for some in sets:
            name = "+".join(some)
            out.setdefault(f"into {name}", {})[window] = sum(n for (_, b), n in moves.items() if b in some)
            out.setdefault(f"out of {name}", {})[window] = sum(n for (a, _), n in moves.items() if a in some)
            out.setdefault(f"visits to {name}", {})[window] = sum(visits[z] for z in some)
        out.setdefault("visits to shop", {})[window] = visits["shop"]
    return out


def coupon_answers(made: Reports) -> dict[str, dict[tuple[int, int], int]]:
    """Totals, reasons and messages; each period also with five minutes more."""
    out: dict[str, dict[tuple[int, int], int]] = {}
    for a, b in WINDOWS:
        for minutes in (0, 5):
            told = made.coupons(STORE, Period(clock(a), clock(b, minutes)), NEXT_DAY)
            named: dict[str, int] = {name: n or 0 for name, n in told.totals.items()}
            named |= {"|".join(key): n for key, n in told.reasons.items()}
            named |= {"|".join(map(str, key)): n for key, n in told.messages.items()}
            for name, n in named.items():
                out.setdefault(name, {})[100 * a, 100 * b + minutes] = n
    return {name: {w: by.get(w, 0) for w in out["vouchers_issued"]} for name, by in out.items()}


def exported(made: Reports) -> dict[str, dict[tuple[int, int], int]]:
    """The same out of JSON and CSV, by the hours that can be chosen."""
    out: dict[str, dict[tuple[int, int], int]] = {}
    for a, b in WINDOWS[::7]:
        given = {"from": DAY.isoformat(), "to": DAY.isoformat(), "hours": f"{a}-{b}"}
        for view, key, name in ((View.FLOWS, "to_zone", "transitions"), (View.TREND, "day", "comings")):
            report = make_report(made, STORE, view, given, now=NEXT_DAY)
            rows: Iterable[dict[str, str]] = csv.DictReader(io.StringIO(table_csv(report)))
            for row in rows:
                into = out.setdefault(f"{name} {row[key]}", {})
                into[a, b] = into.get((a, b), 0) + int(row[name] or 0)
        funnel = make_report(made, STORE, View.FUNNEL, given | {"zone": "cups"}, now=NEXT_DAY)
        for item in rows_json(funnel, None, 100)[0]:
            if item["step"] in ("came_in", "issued", "shown", "redeemed"):
                out.setdefault(item["step"], {})[a, b] = item["count"]["value"] or 0
    return out


def campaign_answers(db: Database, k: int) -> dict[str, dict[tuple[int, int], int]]:
    """How far a campaign's coupons came, and how many stand behind its uplift."""
    out: dict[str, dict[tuple[int, int], int]] = {}
    for a, b in WINDOWS:
        found = results_of(db, STORE, "tea-20", clock(a), clock(b), k=k, block_s=BLOCK_S)
        for name in ("issued", "messages", "delivered", "redeemed", "cost_minor"):
            out.setdefault(name, {})[a, b] = getattr(found.funnel, name)
        shoppers = len(set(found.moments.shopper.tolist()))
        assert k == 1 or shoppers == 0 or shoppers >= K
    if k > 1:
        assert {n % (K * 99) for n in out.pop("cost_minor").values()} == {0}
    return out


def test_no_sum_and_no_difference_is_of_fewer_than_k(db: Database) -> None:
    blocks = fill_figures(db, drawn_stays(5))
    made = site(db)
    told = (flow_answers(made), coupon_answers(made), exported(made), campaign_answers(db, K))
    for answers in told:
        assert max(n for by in answers.values() for n in by.values()) >= 3 * K, "there was something to attack"
        assert attack(answers) == set()
    # what is expected, and indicators made of it, are no whole numbers: each block has k people behind it
    assert {name for name, _ in blocks} >= {"tea", "cups", "tills", StayLength.SHORT.value, StayLength.MIDDLE.value}
    assert all(visits >= (K if name.startswith(":") else 0.9 * K) - 1e-6 for name, visits in blocks)


def test_the_attack_finds_what_was_open(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts as they are, and blocks that go whole, though each has k people behind it."""
    names = ("vouchers_issued", "vouchers_acknowledged", "vouchers_redeemed")
    raw = {(a, b): counts(db, STORE, from_t=clock(a), to_t=clock(b)) for a, b in WINDOWS}
    found = attack({name: {w: n[name] for w, n in raw.items()} for name in names})
    assert {"vouchers_issued of two periods", "vouchers_acknowledged less vouchers_issued"} <= found
    assert {"issued of two periods", "delivered less issued"} <= attack(campaign_answers(db, 1))
    monkeypatch.setattr(release, "whole_ks", lambda n, _k: n)
    monkeypatch.setattr(release, "lay_ks", lambda n, shares, _k: lay_out(n, shares))
    fill_figures(db, drawn_stays(5))
    found = attack(flow_answers(site(db)))
    assert {"into cups less out of cups", "into tills of two periods"} <= found
    assert any("+" in name.partition(" less ")[0] for name in found), "and of several zones together"
