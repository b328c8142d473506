"""A week of the same people on the web and in the shop, through the real intake: every counted number is the truth's.

Each of the four e-shops posts its own webhooks, in order, and once more with doubles and messages hours late.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import typer
from sqlmodel import select
from typer.testing import CliRunner

from engine.commerce.records import Order, ProductView, Purchase, Return
from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.experiments import place_in_experiment
from engine.privacy.customers import customer_digest
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.database import open_database
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, DecisionReason, PickupState, SalesChannel, ShopEventKind
from simulators.channels.messages import Fate, SayMoment
from simulators.channels.recording import record_week
from simulators.channels.ropo import Paths
from simulators.channels.telling import say_week
from simulators.channels.week import Week
from simulators.shops.cli import register_shops
from simulators.shops.play import Disorder, disturb, postings_of
from simulators.shops.posting import Kind, ShopPosting
from tests.api.site import SECRETS
from tests.databases import new_sqlite
from tests.e2e.canal import Canal, known_people, listening
from tests.engine.storage.scenes import SECRET as SECRET_KEY
from tests.engine.storage.scenes import campaign
from tests.simulators.channels.made import small_week
from tests.simulators.shops.told import VARIABLE, WIRES

pytestmark = pytest.mark.e2e
DAY_S = 86_400.0
DISORDER = Disorder(twice_share=0.2, late_share=0.3, late_s=6 * 3600.0)


def sent(wire: Kind) -> list[ShopPosting]:
    return postings_of(say_week(small_week()), wire, ZoneInfo("Europe/Paris"), DAY_S / 2)


@pytest.mark.parametrize("wire", WIRES)
def test_a_week_in_order_is_the_truth(wire: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    week = small_week()
    with listening(tmp_path, wire, week, monkeypatch) as canal:
        canal.play(sent(wire), week, arrivals=True)
        assert set(canal.sender.answers) == {"200"}
        check_events(canal, week)
        check_points(canal, week)
        check_points_in_order(canal, week)
        check_arrivals(canal, week)
        check_ropo(canal, week)


@pytest.mark.parametrize("wire", ["woocommerce", "prestashop"])  # Shopify by command, below
def test_twice_and_late_it_is_the_same(wire: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    week = small_week()
    arriving = disturb(sent(wire), DISORDER, np.random.default_rng(7))
    with listening(tmp_path, wire, week, monkeypatch) as canal:
        canal.play(arriving, week, arrivals=False)
        assert canal.sender.answers["200"] == len(arriving) > len(sent(wire))
        check_events(canal, week)
        check_points(canal, week)
        waiting = {name for name, row in canal.pickups().items() if row.state != PickupState.GONE}
        assert waiting == {name for name, state in at_the_end(week).items() if state is not PickupState.GONE}


def test_a_week_is_played_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    week = small_week()
    record_week(week, tmp_path)
    app = typer.Typer()
    register_shops(app)
    app.callback()(lambda: None)
    with listening(tmp_path / "site", "shopify", week, monkeypatch) as canal:
        play = ["shops", "play", str(tmp_path), "--url", canal.url, "--secret-env", VARIABLE, "--json"]
        play += ["--twice", "0.2", "--late", "0.3"]
        result = CliRunner().invoke(app, play, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        said = json.loads(result.stdout)
        assert said["answers"] == {"200": said["messages"]}
        newest = [event.at for event in canal.events(*ShopEventKind)]
        assert len(newest) > 300
        check_events(canal, week)
        canal.earn(time.time())
        check_points(canal, week)
    assert abs(max(newest) - time.time()) < 7 * DAY_S  # in the week that ends now, not in the scenario's


def test_messages_are_those_that_the_caps_leave(tmp_path: Path) -> None:
    """The engine's claims, by page and by mail, asked at every moment of the week that has something to say."""
    week = small_week()
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    people = known_people(db, week.customers, week.span.start)
    moments = [m for m in week.messages if m.moment.who in people]
    for about in sorted({m.moment.about for m in moments}):
        put_campaign(db, "small", campaign(about), week.span.start)
    rules = week.config.messages
    limits = Limits(rules.per_visit, rules.per_day, rules.per_week)
    sent: Counter[tuple[int, str]] = Counter()
    ghosts = 0
    for k, message in enumerate(moments):
        shopper_id, about = people[message.moment.who].shopper_id, message.moment.about
        if message.fate is Fate.HELD_OUT:
            about = f"{about}-{k}"
            put_campaign(db, "small", holding_out(about, shopper_id), week.span.start)
        asked = candidate_of(message.moment, about, shopper_id, f"d{k}")
        found = claim(db, [asked], limits, SECRET_KEY, message.moment.at)
        ghosts += found.decisions[0].reason is DecisionReason.HOLDOUT
        sent[message.moment.who, str(message.moment.way)] += len(found.issued)
    truth = Counter((m.moment.who, str(m.moment.way)) for m in moments if m.fate is Fate.SENT)
    assert +sent == truth
    assert {way for _, way in truth} == {"page", "email", "push"}
    assert ghosts == sum(m.fate is Fate.HELD_OUT for m in moments) > 5, "a ghost takes the place of its message"
    with db.read() as session:
        rows = session.exec(select(DeliveryTable.shopper_id, DeliveryTable.channel)).all()
    ids = {profile.shopper_id: who for who, profile in people.items()}
    assert Counter((ids[who], channel) for who, channel in rows) == truth
    db.close()


def candidate_of(moment: SayMoment, about: str, shopper_id: str, name: str) -> Candidate:
    trigger = Trigger(f"t-{name}", about, DeviceId(1), moment.visit, moment.at - 5, moment.at, 0.9, moment.at)
    return Candidate(name, trigger, shopper_id, "small", "EUR", Channel(moment.way), 24.0, 50, 50)


def holding_out(about: str, shopper_id: str) -> Campaign:
    """A campaign whose experiment has this shopper in its control group."""
    names = (f"drawn-{k}" for k in count())
    experiment = next(name for name in names if place_in_experiment(name, shopper_id) < 0.5)
    return campaign(about, holdout_share=0.5, experiment=experiment)


def check_events(canal: Canal, week: Week) -> None:
    """Purchases, returns, orders and views, counted and added up as a report would."""
    bought = [e for e in canal.events(ShopEventKind.PURCHASE) if isinstance(e, Purchase) and not e.voided]
    kept_anyway = canal.wire == "shopify"  # an order that is cancelled there is refunded, and was a purchase
    orders = [o for o in week.orders if o.paid_at is not None and (o.cancelled_at is None or kept_anyway)]
    sums = {"store": [r.total_minor for r in week.receipts], "web": [o.total_minor for o in orders]}
    found = {c: sorted(e.total_minor for e in bought if str(e.channel) == c) for c in ("store", "web")}
    assert found == {channel: sorted(totals) for channel, totals in sums.items()}

    back = Counter((e.purchase_id, e.total_minor) for e in canal.events(ShopEventKind.RETURN) if isinstance(e, Return))
    truth = Counter((b.purchase, b.total_minor) for b in week.returns)
    truth += Counter((o.name, o.total_minor) for o in orders if o.cancelled_at is not None)
    assert back == truth

    assert {e.id for e in canal.events(ShopEventKind.ORDER) if isinstance(e, Order)} == {o.name for o in week.orders}

    digest = customer_digest(SECRETS)
    views = [e for e in canal.events(ShopEventKind.PRODUCT_VIEW) if isinstance(e, ProductView)]
    seen = Counter((e.source, e.customer.email, e.sku) for e in views)
    emails = [digest("any", "email", week.customers.email_of(v.who)) for v in week.views]
    named = zip(week.views, emails, strict=True)
    assert seen == Counter(("app" if v.app else "pages", email, v.sku) for v, email in named)


def check_points(canal: Canal, week: Week) -> None:
    """What every member holds in the end."""
    sums = canal.wire == "woocommerce"
    held = {who: (b.available, b.pending, b.owed) for who, b in canal.balances().items()}
    assert held == {who: (p.kept_of_sums if sums else p.kept, 0, 0) for who, p in week.points.items()}
    assert any(available for available, *_ in held.values())


def check_points_in_order(canal: Canal, week: Week) -> None:
    """What was earned, and what of it returns took back."""
    member = {who: profile.member_id for who, profile in canal.people.items()}
    earned, taken = canal.earned(), canal.taken_back()
    for who, points in week.points.items():
        back = points.taken_back_of_sums if canal.wire == "woocommerce" else points.taken_back
        back += points.cancelled if canal.wire == "shopify" else 0
        assert taken[member[who]] == back
        assert points.earned - points.cancelled <= earned[member[who]] <= points.earned  # cancelled the same day


def at_the_end(week: Week) -> dict[str, PickupState]:
    """Orders that nobody fetched wait; the others are gone."""
    ready = [o for o in week.orders if o.ready_at is not None]
    return {o.name: PickupState.GONE for o in ready if o.collected_at is not None} | {
        o.name: PickupState.WAITING for o in ready if o.came_at is None
    }


def check_arrivals(canal: Canal, week: Week) -> None:
    """Everybody who agreed and came for an order was called when they came, and nobody else."""
    found = canal.pickups()
    ready = {o.name: o for o in week.orders if o.ready_at is not None}
    assert found.keys() == ready.keys()
    called = {name: row.arrived_at for name, row in found.items() if row.arrived_at is not None}
    came = {o.name: o.came_at for o in ready.values() if o.came_at and week.customers.called[o.who]}
    assert called == came
    assert len(came) > 3
    assert {name: row.state for name, row in found.items()}.items() >= at_the_end(week).items()


def check_ropo(canal: Canal, week: Week) -> None:
    """Viewed online, then stopped, then bought here or online: of stops and purchases that the site can know."""
    canal.keep_stops(week)
    paths = Paths(week)
    if canal.wire == "shopify":  # what is cancelled there was bought, and refunded
        for order in week.orders:
            if order.cancelled_at is not None and order.paid_at is not None:
                for line in order.lines:
                    paths.bought[order.who, line.sku].append((order.paid_at, SalesChannel.WEB, True))
    truth: Counter[str] = Counter()
    for pair, views in paths.views.items():
        bought = [(at, channel) for at, channel, known in paths.bought.get(pair, ()) if known and at >= views[0]]
        here = sorted(at for at, channel in bought if channel is SalesChannel.STORE)
        online = sorted(at for at, channel in bought if channel is SalesChannel.WEB)
        stops = [at for at, followed in paths.stops.get(pair, ()) if followed and at >= views[0]] + here
        truth["viewed"] += 1
        truth["stopped"] += bool(stops)
        truth["bought_here"] += bool(here)
        truth["bought_online"] += bool(not here and online and stops and min(stops) < online[0])
    found = canal.ropo(week)
    assert {step: found.get(step, 0.0) for step in truth} == dict(truth)
    assert min(truth.values()) > 0
