"""What is sold and given at products: receipts of the shop's systems, coupons of campaigns, who bought after a stop.

Receipts are the shop's own and name nobody. Whether somebody bought what they stopped at is asked of shoppers only who
agreed to statistics, whose trigger at a product says that they stopped, and whose receipt is known.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from engine.indicators.counts import Counts
from engine.offers.measured.purchases import WITHIN_S
from engine.storage.database import Database
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.vouchers import (
    CampaignTable,
    DecisionTable,
    RedemptionTable,
    VoucherTable,
)
from engine.vocabulary import IdentifierKind, Purpose, SalesChannel, ShopEventKind


class _Sold(msgspec.Struct):
    sku: str


class _Receipt(msgspec.Struct):
    """What is read of a stored receipt."""

    channel: SalesChannel
    lines: tuple[_Sold, ...] = ()
    voided: bool = False


_decode = msgspec.json.Decoder(_Receipt).decode
Stops = Sequence[tuple[str, str, float]]
"""(SKU, shopper, time)."""
Purchases = Mapping[str, list[tuple[float, frozenset[str]]]]
"""What each shopper bought: (time, SKUs)."""


@dataclass(frozen=True, slots=True)
class Sold:
    """Receipts of a store over a period: how many there were, and on how many each product stood. `told` is whether any
    shop system has ever told of one: else nobody knows."""

    told: bool
    receipts: int
    by_product: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ProductCoupons:
    """Coupons of the campaigns at a product: given in a period, and used in it. None of either: none, or not told."""

    issued: int | None = None
    redeemed: int | None = None


@dataclass(frozen=True, slots=True)
class SoldTogether:
    """The products of one receipt of a till. `who` is whom it names, else the receipt itself."""

    at: float
    who: str
    skus: frozenset[str]


def read_receipts(session: Session, store: str, from_t: float, to_t: float) -> Iterator[SoldTogether]:
    """What tills of the store sold in [from_t, to_t), without what was voided."""
    table = ShopEventTable
    named = (col(table.email), col(table.card), col(table.account), col(table.source), col(table.id))
    query = (
        select_columns(col(table.at), col(table.form), *named)
        .where(col(table.kind) == str(ShopEventKind.PURCHASE), col(table.store) == store)
        .where(col(table.at) >= from_t, col(table.at) < to_t)
    )
    for at, form, email, card, account, source, name in session.connection().execute(query):
        receipt = _decode(form)
        if not receipt.voided and receipt.channel == SalesChannel.STORE:
            who = email or card or account or f"{source}|{name}"
            yield SoldTogether(float(at), str(who), frozenset(line.sku for line in receipt.lines))


def count_sold(db: Database, store: str, *, from_t: float, to_t: float) -> Sold:
    """The same counted, exactly: for a k of 1 alone."""
    receipts, by_product = 0, Counter[str]()
    with db.read() as session:
        for receipt in read_receipts(session, store, from_t, to_t):
            receipts += 1
            by_product.update(receipt.skus)
    return Sold(bool(receipts) or is_told_of(db, store), receipts, dict(by_product))


def is_told_of(db: Database, store: str) -> bool:
    """Whether any shop system has ever told of a sale in the store."""
    table = ShopEventTable
    ours = (col(table.kind) == str(ShopEventKind.PURCHASE), col(table.store) == store)
    with db.read() as session:
        return session.connection().execute(select_columns(col(table.id)).where(*ours).limit(1)).first() is not None


def coupons_by_product(db: Database, store: str, *, from_t: float, to_t: float) -> dict[str, ProductCoupons]:
    """By SKU, of campaigns that stand at a product, exactly: for a k of 1 alone."""
    with db.read() as session:
        places = campaign_products(session, store)
        issued = _tally(
            session,
            select_columns(col(VoucherTable.campaign_id), func.count())
            .where(col(VoucherTable.store) == store)
            .where(col(VoucherTable.issued_at) >= from_t, col(VoucherTable.issued_at) < to_t)
            .group_by(col(VoucherTable.campaign_id)),
        )
        used = RedemptionTable
        redeemed = _tally(
            session,
            select_columns(col(VoucherTable.campaign_id), func.count())
            .select_from(used)
            .select_from(used)
            .join(VoucherTable, col(VoucherTable.voucher_id) == col(used.voucher_id))
            .where(col(used.store) == store, col(used.voided_at).is_(None))
            .where(col(used.redeemed_at) >= from_t, col(used.redeemed_at) < to_t)
            .group_by(col(VoucherTable.campaign_id)),
        )
    out: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for i, counted in enumerate((issued, redeemed)):
        for campaign, n in counted.items():
            if campaign in places:
                out[places[campaign]][i] += n
    return {sku: ProductCoupons(*both) for sku, both in out.items()}


def campaign_places(db: Database, store: str) -> dict[str, str]:
    """The product at which each campaign of the store stands, by the campaign's id."""
    with db.read() as session:
        return campaign_products(session, store)


def campaign_products(session: Session, store: str) -> dict[str, str]:
    """The same in a caller's transaction."""
    query = select_columns(col(CampaignTable.campaign_id), col(CampaignTable.spec)).where(
        col(CampaignTable.store) == store
    )
    found = {name: json.loads(spec).get("place") or {} for name, spec in session.connection().execute(query)}
    return {name: place["product"] for name, place in found.items() if place.get("product")}


def buyers_of_month(db: Database, store: str, year: int, month: int, timezone: str, *, now: float) -> dict[str, Counts]:
    """`stop_shoppers` and `stop_buyers` by SKU, of a calendar month that is over, exactly: for a k of 1 alone."""
    zone = ZoneInfo(timezone)
    from_t = dt.datetime(year, month, 1, tzinfo=zone).timestamp()
    to_t = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone).timestamp()
    if to_t > now:
        return {}
    with db.read() as session:
        stops, bought = stops_and_purchases(session, store, from_t, to_t, WITHIN_S)
    known, buyers = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for sku, who, _, has_bought in outcomes_of(stops, bought):
        known[sku].add(who)
        if has_bought:
            buyers[sku].add(who)
    return {sku: Counts(stop_shoppers=len(who), stop_buyers=len(buyers[sku])) for sku, who in known.items()}


def stops_and_purchases(
    session: Session, store: str, from_t: float, to_t: float, within_s: float
) -> tuple[Stops, Purchases]:
    """The stops of [from_t, to_t), and what who stopped bought then and `within_s` after."""
    places = campaign_products(session, store)
    stops = _stops(session, store, places, from_t, to_t)
    return stops, _read_bought(session, store, {who for _, who, _ in stops}, places, from_t, to_t + within_s)


def outcomes_of(stops: Stops, bought: Purchases) -> list[tuple[str, str, float, bool]]:
    """(SKU, shopper, time of the stop, whether it was bought), of stops that a receipt of the same shopper follows."""
    out = []
    for sku, who, at in stops:
        after = [skus for t, skus in bought.get(who, ()) if at <= t < at + WITHIN_S]
        if after:
            out.append((sku, who, at, any(sku in skus for skus in after)))
    return out


def _tally(session: Session, query: object) -> dict[str, int]:
    return {str(name): int(n) for name, n in session.connection().execute(query)}  # type: ignore[call-overload]


def _stops(
    session: Session, store: str, places: Mapping[str, str], from_t: float, to_t: float
) -> list[tuple[str, str, float]]:
    """Triggers at products, of shoppers who agreed to statistics: each says that somebody stopped, whatever came of
    it."""
    agreed = (
        select_columns(col(ConsentTable.shopper_id))
        .where(col(ConsentTable.purpose) == Purpose.STATISTICS, col(ConsentTable.granted))
        .distinct()
    )
    made = DecisionTable
    query = (
        select_columns(col(made.campaign_id), col(made.shopper_id), col(made.at))
        .join(ShopperTable, col(ShopperTable.shopper_id) == col(made.shopper_id))
        .where(col(made.store) == store, col(made.shopper_id).in_(agreed))
        .where(col(made.at) >= from_t, col(made.at) < to_t)
        .where(col(ShopperTable.objected_at).is_(None), col(ShopperTable.restricted_at).is_(None))
    )
    rows = session.connection().execute(query)
    return [(places[c], str(who), float(at)) for c, who, at in rows if c in places]


def _read_bought(
    session: Session, store: str, shoppers: set[str], places: Mapping[str, str], from_t: float, to_t: float
) -> dict[str, list[tuple[float, frozenset[str]]]]:
    """What each of these shoppers bought: receipts that name them, and coupons that they used."""
    out: dict[str, list[tuple[float, frozenset[str]]]] = defaultdict(list)
    used = RedemptionTable
    query = (
        select_columns(col(VoucherTable.shopper_id), col(VoucherTable.campaign_id), col(used.redeemed_at))
        .select_from(used)
        .join(VoucherTable, col(VoucherTable.voucher_id) == col(used.voucher_id))
        .where(col(used.store) == store, col(used.voided_at).is_(None))
        .where(col(used.redeemed_at) >= from_t, col(used.redeemed_at) < to_t)
    )
    for who, campaign, t in session.connection().execute(query):
        if who in shoppers:
            out[who].append((float(t), frozenset({places[campaign]} if campaign in places else ())))
    owners = _owners(session, shoppers)
    table = ShopEventTable
    receipts = (
        select_columns(col(table.email), col(table.card), col(table.account), col(table.at), col(table.form))
        .where(col(table.kind) == str(ShopEventKind.PURCHASE), col(table.store) == store)
        .where(col(table.at) >= from_t, col(table.at) < to_t)
        .where((col(table.email) != "") | (col(table.card) != "") | (col(table.account) != ""))
    )
    for email, card, account, at, form in session.connection().execute(receipts):
        kinds = IdentifierKind
        said = ((kinds.EMAIL, email), (kinds.CARD, card), (kinds.ACCOUNT, account))
        owner = next((owners[one] for one in said if one in owners), None)
        if owner is not None and not (receipt := _decode(form)).voided:
            out[owner].append((float(at), frozenset(line.sku for line in receipt.lines)))
    return out


def _owners(session: Session, shoppers: set[str]) -> dict[tuple[str, str], str]:
    """The shopper of each verified identifier."""
    table, out = IdentifierTable, dict[tuple[str, str], str]()
    names = sorted(shoppers)
    for start in range(0, len(names), 500):
        query = select_columns(col(table.kind), col(table.digest), col(table.shopper_id))
        rows = session.connection().execute(query.where(col(table.shopper_id).in_(names[start : start + 500])))
        out |= {(str(kind), str(digest)): str(who) for kind, digest, who in rows}
    return out
