"""Whatever the e-shop: what its webhooks say, checked and decoded as they come in, is what truly happened."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from standardwebhooks.webhooks import Webhook

from engine.commerce.records import OnlineBasket, Order, ProductView, Purchase, Return
from simulators.channels.telling import changes_of, say_week
from simulators.shops.play import Disorder, disturb, postings_of, postpone
from simulators.shops.posting import Kind, ShopPosting, amount, headers_of
from tests.simulators.channels.made import small_week
from tests.simulators.shops.told import SECRET, WIRES, Heard, digest, hear

NOW = 1_796_000_000.0
PARIS = ZoneInfo("Europe/Paris")
SAYS: dict[Kind, dict[str, str]] = {
    "shop": {},
    "shopify": {"collected": "sent"},  # both are fulfilled
    "woocommerce": {"collected": "completed", "sent": "completed"},
    "prestashop": {"collected": "completed"},
}
"""What an e-shop calls other states than the truth does."""


def sent(wire: Kind) -> list[ShopPosting]:
    return postings_of(say_week(small_week()), wire, PARIS)


@pytest.fixture(scope="module", params=WIRES)
def wire(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(scope="module")
def heard(wire: Kind) -> Heard:
    return hear(wire, sent(wire), NOW)


def test_nothing_is_refused_or_ignored(heard: Heard) -> None:
    assert (heard.refused, heard.ignored) == ([], 0)


def test_orders_stand_where_they_truly_do(wire: Kind, heard: Heard) -> None:
    week = small_week()
    found = {
        e.id: (str(e.state), e.total_minor, e.store, e.customer.account)
        for e in heard.of("order")
        if isinstance(e, Order)
    }
    truth = {}
    all_back = {b.purchase for b in week.returns if b.web and len(b.lines) == len(order_lines(b.purchase))}
    for order in week.orders:
        state = str(changes_of(order)[-1][0])
        account = digest("eshop", "account", week.customers.account_of(order.who))
        said = "returned" if wire != "shop" and order.name in all_back else SAYS[wire].get(state, state)
        truth[order.name] = (said, order.total_minor, "small" if order.collect else "", account)
    assert found == truth
    assert {state for state, *_ in found.values()} >= {"cancelled", "ready"}


def order_lines(name: str) -> tuple[object, ...]:
    return next(order.lines for order in small_week().orders if order.name == name)


def test_purchases_are_those_that_were_paid(wire: Kind, heard: Heard) -> None:
    week = small_week()
    found = {
        e.id: (e.total_minor, [(ln.sku, ln.quantity_milli, ln.amount_minor) for ln in e.lines], e.customer)
        for e in heard.of("purchase")
        if isinstance(e, Purchase) and not e.voided
    }
    c = week.customers
    truth = {}
    for receipt in week.receipts:
        lines = [(ln.sku, 1000 * ln.pieces, ln.amount_minor) for ln in receipt.lines]
        card = digest("till", "card", c.card_of(receipt.who)) if receipt.shown else ""
        truth[receipt.name] = (receipt.total_minor, lines, ("", card, ""))
    for order in week.orders:
        if order.paid_at is not None and (order.cancelled_at is None or wire == "shopify"):
            lines = [(ln.sku, 1000 * ln.pieces, ln.amount_minor) for ln in order.lines]
            email = digest("eshop", "email", c.email_of(order.who))
            who = (email, "", digest("eshop", "account", c.account_of(order.who)))
            truth[order.name] = (order.total_minor, lines, who)
    assert {k: (t, ln, (w.email, w.card, w.account)) for k, (t, ln, w) in found.items()} == truth


def test_returns_are_what_came_back(wire: Kind, heard: Heard) -> None:
    week = small_week()
    found = sorted((e.purchase_id, e.total_minor) for e in heard.of("return") if isinstance(e, Return))
    truth = [(back.purchase, back.total_minor) for back in week.returns]
    if wire == "shopify":  # a cancelled order is refunded whole
        cancelled = [o for o in week.orders if o.paid_at is not None and o.cancelled_at is not None]
        truth += [(order.name, order.total_minor) for order in cancelled]
    assert found == sorted(truth)
    named = [e for e in heard.of("return") if isinstance(e, Return) and e.source == "eshop" and e.lines]
    assert bool(named) is (wire != "woocommerce")  # which tells sums only
    lines = {e.id: {ln.id for ln in e.lines} for e in heard.of("purchase") if isinstance(e, Purchase)}
    assert all({ln.id for ln in e.lines} <= lines[e.purchase_id] for e in named)


def test_views_and_baskets_come_from_pages_and_app(heard: Heard) -> None:
    week = small_week()
    viewed = Counter((e.source, e.sku, e.at) for e in heard.of("product_view") if isinstance(e, ProductView))
    assert viewed == Counter(("app" if v.app else "pages", v.sku, v.at) for v in week.views)
    baskets = [e for e in heard.of("basket") if isinstance(e, OnlineBasket)]
    left = [b for b in week.baskets if b.ordered_at is None or not week.span.holds(b.ordered_at)]
    assert sum(bool(basket.lines) for basket in baskets) == len(left)
    assert len(baskets) == len(week.baskets)


def test_twice_and_out_of_order_comes_to_the_same(wire: Kind, heard: Heard) -> None:
    arriving = disturb(sent(wire), Disorder(0.3, 0.5, 20_000.0), np.random.default_rng(5))
    assert len(arriving) > len(sent(wire))
    assert [p.at for p in arriving] != sorted(p.at for p in arriving)
    assert hear(wire, arriving, NOW).events == heard.events


def test_our_own_signature_is_that_of_standard_webhooks() -> None:
    (posting,) = [p for p in sent("shop") if p.source == "till"][:1]
    now = datetime.now(UTC).timestamp()  # their library looks at the clock itself
    assert Webhook(SECRET).verify(posting.body, headers_of(posting, SECRET, now)) == json.loads(posting.body)


def test_a_week_moved_to_another_time_is_the_same_week() -> None:
    events = say_week(small_week())
    later = postpone(events, 86_400.0)
    assert [b.at - a.at for a, b in zip(events, later, strict=True)] == [86_400.0] * len(events)
    a, b = (hear("shop", postings_of(said, "shop", PARIS), NOW) for said in (events, later))
    assert a.events.keys() == b.events.keys()
    assert {k: e.at + 86_400.0 for k, e in a.events.items()} == {k: e.at for k, e in b.events.items()}


@pytest.mark.parametrize(
    ("minor", "currency", "places", "said"),
    [
        (1205, "EUR", None, "12.05"),
        (-5, "EUR", None, "-0.05"),
        (500, "JPY", None, "500"),
        (500, "JPY", 6, "500.000000"),
        (1234, "KWD", None, "1.234"),
        (1205, "EUR", 6, "12.050000"),
    ],
)
def test_amounts_as_text(minor: int, currency: str, places: int | None, said: str) -> None:
    assert amount(minor, currency, places) == said
