"""Sums over several zones or hours, two periods, a zone and its parts, coupons issued and shown: each figure had k
people behind it, and what two of them differed by had one.

Input: a day of a hundred shoppers; an attacker with every answer for every period, and patience. Right: no sum or
difference of counts is more than nobody and fewer than k. What was open is opened again, and the attack finds it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from api.context import AppContext
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import make_report
from api.managers.console.forms import rows_json, table_csv
from api.managers.reports import Period, Reports
from engine.commerce.records import NOBODY, OrderLine, Purchase
from engine.config import Config
from engine.indicators.counts import Counts
from engine.presence import release
from engine.presence.expected.rows import StayLength
from engine.privacy.k_anonymity import lay_out, whole_ks
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.presence.sales import Sold, buyers_of_month
from engine.storage.told.campaigns import campaign_results
from engine.storage.told.coupons import campaign_coupons
from engine.storage.told.sales import told_buyers, told_sales
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.results import Funnel, results_of
from engine.storage.vouchers.vouchers import counts
from engine.vocabulary import SalesChannel
from tests.api.site import SECRETS, campaign
from tests.cases.hundred import BLOCK_S, DAY, PLAN, K, clock, drawn_stays, fill_coupons, fill_figures
from tests.databases import new_sqlite
from tests.engine.storage.told.web_world import mailbox, person

STORE, NEXT_DAY = PLAN.store, clock(23) + 13 * 3600
WINDOWS = [(a, b) for a, b in combinations(range(8, 21), 2)]
Answers = Mapping[str, Mapping[tuple[int, int], int]]
"""A figure's answers by period, from one hour of the day to another."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
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
    """How far a campaign's coupons came, and how many stand behind its uplift; and what the page of products says."""
    out: dict[str, dict[tuple[int, int], int]] = {}
    for a, b in WINDOWS:
        within = {"from_t": clock(a), "to_t": clock(b), "k": k, "block_s": BLOCK_S, "now": NEXT_DAY}
        found = campaign_results(db, STORE, "tea-20", PLAN.timezone, **within)
        for name in ("issued", "messages", "delivered", "seen", "redeemed"):
            out.setdefault(name, {})[a, b] = getattr(found.funnel, name)
        shoppers = len(set(found.moments.shopper.tolist()))
        assert k == 1 or shoppers == 0 or shoppers >= K
        if k > 1:
            beside = campaign_coupons(db, STORE, PLAN.timezone, **within).get("tea-20", (0, 0))
            assert beside == (found.funnel.issued, found.funnel.redeemed), "the page of products says the same"
    return out


def spent(found: Funnel) -> tuple[int, int]:
    """What a page says of uses and of their money, as it was scaled before: of all uses of the period."""
    told = whole_ks(found.redeemed, K)
    return told, round(found.cost_minor * told / found.redeemed) if found.redeemed else 0


def money_attack(answers: Mapping[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether a period with a few hours more says as many uses and other money: the money of fewer than k."""
    beside = [(a, b) for a, b in combinations(answers, 2) if a[0] == b[0] or a[1] == b[1]]
    return any(answers[a][0] == answers[b][0] and answers[a][1] != answers[b][1] for a, b in beside)


SKUS = ("tea-1", "cup-1")
LEFT = {stay.device: stay.way[-1][2] for stay in drawn_stays(5)}


def fill_receipts(db: Database) -> None:
    """Four days of receipts: tea and cups on some, half of them of who agreed to be followed and stopped at the tea."""
    rng = np.random.default_rng(6)
    with db.write() as session:
        for i in range(1, 101):
            person(session, f"s{i}", store=STORE)
    put_campaign(db, STORE, campaign("tea-20"))
    for day in range(4):
        bought = []
        for i in range(1, 101):
            skus = [sku for sku, share in zip((*SKUS, "milk"), (0.4, 0.3, 0.9), strict=True) if rng.random() < share]
            lines = tuple(OrderLine(str(n), sku, 1000, 100) for n, sku in enumerate(skus))
            who = mailbox(f"s{i}") if i % 2 else NOBODY
            bought.append(
                Purchase(
                    "pos", f"{day}-{i}", 1, LEFT[i] + 86_400.0 * day, SalesChannel.STORE, "EUR", 100, lines, who, STORE
                )
            )
        keep_events(db, bought, NEXT_DAY)


def sale_answers(db: Database, k: int) -> dict[str, dict[tuple[int, int], int]]:
    """Receipts by product and in all, and who stopped and bought, of each run of days."""
    out: dict[str, dict[tuple[int, int], int]] = {}
    config = Config.model_validate({"privacy": {"k": k, "demo": k == 1}})
    made = Reports(AppContext(config, db, SECRETS, {STORE: PLAN}))
    now = NEXT_DAY + 40 * 86_400.0
    for first, last in combinations(range(5), 2):
        days = (DAY + dt.timedelta(days=first), DAY + dt.timedelta(days=last - 1))
        given = {"from": days[0].isoformat(), "to": days[1].isoformat()}
        report = make_report(made, STORE, View.PRODUCTS, given, now=now)
        for row in csv.DictReader(io.StringIO(table_csv(report))):
            out.setdefault(f"receipts with {row['product']}", {})[first, last] = int(row["receipts"] or 0)
        begin, end = (clock(0) + 86_400.0 * n for n in (first, last))
        within = {"from_t": begin, "to_t": end, "k": k, "now": now}
        sold: Sold = told_sales(db, STORE, SKUS, PLAN.timezone, **within)
        out.setdefault("receipts", {})[first, last] = sold.receipts
        by = told_buyers(db, STORE, PLAN.timezone, from_t=begin, to_t=end) if k > 1 else exact_buyers(db)
        counts = by.get(SKUS[0], Counts(stop_shoppers=0, stop_buyers=0))
        out.setdefault("stopped", {})[first, last] = counts.stop_shoppers or 0
        out.setdefault("bought", {})[first, last] = counts.stop_buyers or 0
    return out


def exact_buyers(db: Database) -> Mapping[str, Counts]:
    return buyers_of_month(db, STORE, DAY.year, DAY.month, PLAN.timezone, now=NEXT_DAY + 40 * 86_400.0)


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


def test_no_receipt_no_buyer_and_no_money_is_of_fewer_than_k(db: Database) -> None:
    fill_receipts(db)
    told = sale_answers(db, K)
    assert min(max(by.values()) for by in told.values()) >= K, "there was something to attack"
    assert attack(told) == set()
    exact = attack(sale_answers(db, 1))
    assert {"receipts with tea-1 of two periods", "receipts with cup-1 less receipts with tea-1"} <= exact
    paid = {}
    for a, b in WINDOWS:
        within = {"from_t": clock(a), "to_t": clock(b), "k": K, "block_s": BLOCK_S, "now": NEXT_DAY}
        found = campaign_results(db, STORE, "tea-20", PLAN.timezone, **within).funnel
        paid[a, b] = (found.redeemed, found.cost_minor)
    assert max(cost for _, cost in paid.values()) > 0
    assert not money_attack(paid)
    scaled = {(a, b): spent(results_of(db, STORE, "tea-20", clock(a), clock(b), k=K).funnel) for a, b in WINDOWS}
    assert money_attack(scaled), "whose last use came after the twentieth was told by its money"


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
