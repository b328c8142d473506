"""The report of ways between web and store against the truth of a drawn week: equal where it counts, covering where it
expects. Stops have chances as an engine would give them: right as often as they say, some of them of who passed by."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from engine.commerce.records import OrderLine, Purchase, ShopEvent
from engine.presence.ropo.blocks import ChanceSum
from engine.presence.ropo.journeys import RopoStep
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.told.ropo import ALL, ropo_figures
from engine.vocabulary import SalesChannel
from simulators.channels.ropo import Paths
from simulators.channels.week import Week
from tests.databases import new_sqlite
from tests.engine.storage.told.web_world import STORE, keep_stops_of, mailbox, person, view
from tests.simulators.channels.made import small_week

SEED = 5


def name_of(who: int) -> str:
    return f"s{who}"


def fill(db: Database, week: Week) -> None:
    """What shop systems told, of a card or account that is known; and stops, five in six of them true."""
    rng = np.random.default_rng(SEED)
    events: list[ShopEvent] = [view(name_of(v.who), v.sku, v.at) for v in week.views]
    paths = Paths(week)
    for (who, sku), sales in paths.bought.items():
        for at, channel, known in sales:
            store = STORE if channel is SalesChannel.STORE else ""
            line = (OrderLine("1", sku, 1000, 100),)
            customer = mailbox(name_of(who))
            made = Purchase("shop", f"{who}-{sku}-{at}", 1, at, channel, "EUR", 100, line, customer, store)
            events += [made] if known else []
    keep_events(db, events, week.span.end)
    true = [(who, sku, t) for (who, sku), stops in paths.stops.items() for t, known in stops if known]
    skus = sorted({sku for _, sku, _ in true})
    stops = [(name_of(who), sku, t, float(rng.beta(6, 1))) for who, sku, t in true]
    for who, sku, t in true:
        if rng.random() < 0.2:  # as many as these chances are wrong
            other = str(rng.choice([one for one in skus if one != sku]))
            stops.append((name_of(who), other, t + 90.0, float(rng.beta(5, 2))))
    keep_stops_of(db, stops)


def truth(week: Week) -> Counter[str]:
    """Of who is followed, by person and product: a week is one window."""
    paths, out = Paths(week), Counter[str]()
    for pair in {*paths.views, *paths.stops, *paths.bought}:
        views = paths.views.get(pair, [])
        here = [t for t, channel, known in paths.bought.get(pair, []) if channel is SalesChannel.STORE and known]
        online = [t for t, channel, _ in paths.bought.get(pair, []) if channel is SalesChannel.WEB]
        stops = sorted({*(t for t, known in paths.stops.get(pair, []) if known), *here})
        if views:
            out["viewed"] += 1
            after = [t for t in stops if t >= views[0]]
            out["stopped"] += bool(after)
            bought = any(t >= views[0] for t in here)
            out["bought_here"] += bought
            later = next((t for t in online if t >= views[0]), None)
            out["bought_online"] += not bought and later is not None and any(t < later for t in after)
        first = [t for t in stops if not views or t < views[0]]
        if first:
            out["stopped_first"] += 1
            out["viewed_after"] += bool(views)
            out["bought_after"] += any(t > first[0] for t in online)
    return out


def test_the_report_of_a_drawn_week_is_the_truth(tmp_path: Path) -> None:
    week = small_week()
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    with db.write() as session:
        for who in sorted({v.who for v in week.views} | {v.who for v in week.visits}):
            person(session, name_of(who))
    fill(db, week)
    given = {"from_t": week.span.start, "to_t": week.span.end, "k": 1, "window_days": 30, "now": week.span.end}
    found = ropo_figures(db, STORE, week.plan.product_by_sku, week.plan.timezone, **given)  # type: ignore[arg-type]
    db.close()
    true = truth(week)
    assert true["viewed"] == len(list(Paths(week).ropo())) > 20
    for step in (RopoStep.VIEWED, RopoStep.BOUGHT_HERE):
        assert found[ALL, step.value] == ChanceSum(true[step.value], 0.0)
    for step in RopoStep:
        interval = found.get((ALL, step.value), ChanceSum()).spread.figure()
        assert interval.low - 1e-9 <= true[step.value] <= interval.high + 1e-9, (step, true[step.value], interval)
