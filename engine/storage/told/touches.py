"""What shoppers did about products, on the web and in a store, read out of what shop systems told and what was kept.

Only of shoppers who agreed to statistics over time *and* to their visits being put beside what the shop knows of them
(`engine.privacy.consent.JOINED`), who have not objected, and whose data is not at rest. An event belongs to a shopper
by its verified mailbox or card, or by the shop's own account where the shop has named either beside it. Whoever cannot
be told is nobody: views without a customer, of erased profiles, of products that the plan does not have.

Which system told of an event, and whether the site still has it as a source, is no matter: what it told was so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from engine.offers.audience import LinkedShopper
from engine.offers.interests.condition import DAY_S, Interested, ProductInterest, ShopperTouches, may_be_asked
from engine.presence.expected.stops import LikelyStop
from engine.presence.ropo.journeys import ProductTouches
from engine.privacy.consent import JOINED
from engine.storage.commerce.events import is_named_by
from engine.storage.database import Database
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.visits import ProductStopTable
from engine.vocabulary import IdentifierKind, Purpose, SalesChannel, ShopEventKind

MOST_NAMED = 500  # in one statement

Touches = Mapping[tuple[str, str], ProductTouches]
"""By shopper and product."""


class _BoughtLine(msgspec.Struct):
    sku: str


class _Bought(msgspec.Struct):
    """What is read of a stored purchase."""

    channel: SalesChannel
    lines: tuple[_BoughtLine, ...] = ()
    voided: bool = False


_decode = msgspec.json.Decoder(_Bought).decode


def willing_shoppers(session: Session) -> dict[str, str]:
    """Whoever may be followed between web and store over time, with the store of their profile."""
    joined = aliased(ConsentTable)
    counted = ConsentTable
    query = (
        select_columns(col(ShopperTable.shopper_id), col(ShopperTable.store))
        .join(counted, col(counted.shopper_id) == col(ShopperTable.shopper_id))
        .join(joined, col(joined.shopper_id) == col(ShopperTable.shopper_id))
        .where(col(counted.purpose) == Purpose.STATISTICS, col(counted.granted))
        .where(col(joined.purpose) == JOINED, col(joined.granted))
        .where(col(ShopperTable.objected_at).is_(None), col(ShopperTable.restricted_at).is_(None))
    )
    return {str(who): str(store) for who, store in session.connection().execute(query)}


def product_touches(
    session: Session,
    store: str,
    products: Collection[str],
    shoppers: Mapping[str, str],
    *,
    since: float,
    until: float,
) -> Touches:
    """What these shoppers did about these products in [since, until), as far as it has to do with the store: of who has
    only been on the web, where their profile is of this store. `shoppers` are with the store of their profile."""
    owners = _owners(session, shoppers)
    views: dict[tuple[str, str], list[float]] = defaultdict(list)
    here: dict[tuple[str, str], list[float]] = defaultdict(list)
    online: dict[tuple[str, str], list[float]] = defaultdict(list)
    stops: dict[tuple[str, str], list[LikelyStop]] = defaultdict(list)
    for who, at, sku, _ in _events(session, owners, ShopEventKind.PRODUCT_VIEW, store, since, until):
        views[who, sku].append(at)
    for who, at, _, form in _events(session, owners, ShopEventKind.PURCHASE, store, since, until):
        bought = _decode(form)
        into = here if bought.channel == SalesChannel.STORE else online
        for sku in {line.sku for line in bought.lines} if not bought.voided else ():
            into[who, sku].append(at)
    for who, sku, at, chance in _stops(session, store, since, until):
        if who in shoppers:
            stops[who, sku].append(LikelyStop(at, chance))
    known = {who for who, _ in (*stops, *here)} | {who for who, home in shoppers.items() if home == store}
    keys = {key for part in (views, here, online, stops) for key in part if key[1] in products and key[0] in known}
    return {
        key: ProductTouches(views.get(key, ()), stops.get(key, ()), here.get(key, ()), online.get(key, ()))
        for key in sorted(keys)
    }


def _stops(session: Session, store: str, since: float, until: float) -> Iterable[Any]:
    table = ProductStopTable
    query = select_columns(col(table.shopper_id), col(table.sku), col(table.at), col(table.chance)).where(
        col(table.store) == store, col(table.at) >= since, col(table.at) < until
    )
    return session.connection().execute(query)


def _events(
    session: Session,
    owners: Mapping[tuple[str, str], str],
    kind: ShopEventKind,
    store: str,
    since: float,
    until: float,
) -> list[tuple[str, float, str, str]]:
    """(shopper, time, what it is of, form) of the events of one kind that are of this store or of the web, and
    anybody's."""
    table = ShopEventTable
    named = (col(table.email), col(table.card), col(table.source), col(table.account))
    form = [] if kind is ShopEventKind.PRODUCT_VIEW else [col(table.form)]
    query = (
        select_columns(col(table.at), col(table.of), *named, *form)
        .where(col(table.kind) == str(kind), col(table.at) >= since, col(table.at) < until)
        .where(col(table.store).in_([store, ""]))
        .where((col(table.email) != "") | (col(table.card) != "") | (col(table.account) != ""))
    )
    rows = session.connection().execute(query).all()
    direct = [owner_of_event(owners, row[2], row[3]) for row in rows]
    accounts = {(row[4], row[5]) for row, who in zip(rows, direct, strict=True) if who is None and row[5]}
    by_account = _find_named_beside(session, accounts, owners) if accounts else {}
    whose = [who or by_account.get((row[4], row[5])) for row, who in zip(rows, direct, strict=True)]
    pairs = zip(rows, whose, strict=True)
    return [(who, float(row[0]), str(row[1]), row[6] if form else "") for row, who in pairs if who is not None]


def owner_of_event(owners: Mapping[tuple[str, str], str], email: str, card: str) -> str | None:
    """Whose an event is by its mailbox or card."""
    return owners.get((IdentifierKind.EMAIL, email)) or owners.get((IdentifierKind.CARD, card))


def interests_of(
    session: Session, shopper_id: str, products: Mapping[str, str], *, since: float, until: float
) -> ShopperTouches:
    """What one shopper did about these products (their categories by SKU) in [since, until), in any store and online.
    A handful of statements by index. Whether it may be used is the caller's to ask (`may_be_asked`)."""
    table = ShopEventTable
    mine = select_columns(col(IdentifierTable.digest)).where(col(IdentifierTable.shopper_id) == shopper_id)
    digests = list(session.connection().execute(mine).scalars())
    others = select_columns(col(IdentifierTable.digest)).where(
        col(IdentifierTable.kind) == IdentifierKind.ACCOUNT, col(IdentifierTable.shopper_id) != shopper_id
    )
    beside = select_columns(col(table.account)).where(
        is_named_by(digests), col(table.account) != "", col(table.account).not_in(others)
    )
    accounts = [*digests, *session.connection().execute(beside.distinct()).scalars()] if digests else []
    events = (
        select_columns(col(table.kind), col(table.at), col(table.of), col(table.form))
        .where(is_named_by(accounts))
        .where(col(table.kind).in_([str(ShopEventKind.PRODUCT_VIEW), str(ShopEventKind.PURCHASE)]))
        .where(col(table.at) >= since, col(table.at) < until)
    )
    views, bought = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for kind, at, of, form in session.connection().execute(events) if accounts else ():
        if kind == ShopEventKind.PRODUCT_VIEW:
            views[of].append(float(at))
        elif not (said := _decode(form)).voided:
            for line in said.lines:
                bought[line.sku].append(float(at))
    stops = defaultdict[str, list[LikelyStop]](list)
    stopped = ProductStopTable
    query = select_columns(col(stopped.sku), col(stopped.at), col(stopped.chance)).where(
        col(stopped.shopper_id) == shopper_id, col(stopped.at) >= since, col(stopped.at) < until
    )
    for sku, at, chance in session.connection().execute(query):
        stops[str(sku)].append(LikelyStop(float(at), float(chance)))
    known = sorted({*views, *bought, *stops} & products.keys())
    return ShopperTouches(
        tuple(
            ProductInterest(sku, products[sku], tuple(views[sku]), tuple(stops[sku]), tuple(bought[sku]))
            for sku in known
        )
    )


def with_touches(
    db: Database, shopper: LinkedShopper, asked: Collection[Interested], products: Mapping[str, str], now: float
) -> LinkedShopper:
    """The shopper with what these conditions ask for; as they are where nothing may be looked up, or need be."""
    if not asked or not may_be_asked(shopper.consents):
        return shopper
    about = {sku: of for sku, of in products.items() if any(one.is_about(sku, of) for one in asked)}
    since = now - DAY_S * max(one.within_days for one in asked)
    with db.read() as session:
        touches = interests_of(session, shopper.shopper_id, about, since=since, until=now + 1.0)
    return replace(shopper, touches=touches)


def _find_named_beside(
    session: Session, accounts: Collection[tuple[str, str]], owners: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """The shopper of each (source, account) that its source has named a mailbox or card beside; the newest holds."""
    table, out = ShopEventTable, dict[tuple[str, str], str]()
    names = sorted({account for _, account in accounts})
    for start in range(0, len(names), MOST_NAMED):
        query = (
            select_columns(col(table.source), col(table.account), col(table.email), col(table.card))
            .where(col(table.account).in_(names[start : start + MOST_NAMED]))
            .where((col(table.email) != "") | (col(table.card) != ""))
            .order_by(col(table.at))
        )
        for source, account, email, card in session.connection().execute(query):
            who = owner_of_event(owners, email, card)
            if who is not None:
                out[str(source), str(account)] = who
    return out


def _owners(session: Session, shoppers: Collection[str]) -> dict[tuple[str, str], str]:
    """The shopper of each verified identifier."""
    table = IdentifierTable
    query = select_columns(col(table.kind), col(table.digest), col(table.shopper_id))
    rows = session.connection().execute(query)
    return {(str(kind), str(digest)): str(who) for kind, digest, who in rows if who in shoppers}
