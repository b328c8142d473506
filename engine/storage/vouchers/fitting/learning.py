"""The store's own model of next best offer: learnt each night of its coupons and their uses, kept, asked at a trigger.

What a shopper bought and viewed is looked at only where they agreed that the shop's customer file is used for offers
(`crm`). Of all others the model sees the place, and what people like.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from sqlmodel import Session, col, or_, select

from engine.offers.next_best.model import NextBest, RankedOffer, SentOffer, learn, read_model
from engine.offers.next_best.moments import KnownShopper, OfferedGoods
from engine.plan.model import Plan
from engine.privacy.consent import allows
from engine.storage.commerce.events import is_named_by
from engine.storage.database import Database
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import NextBestTable, VoucherTable
from engine.storage.people.shoppers import grants_of
from engine.storage.upserts import upsert
from engine.storage.versions import bump
from engine.vocabulary import Channel, Purpose, ShopEventKind

DAY_S = 86_400.0
LOOK_S = 180 * DAY_S
LEAST_SENT, LEAST_USED = 300, 20
"""Fewer coupons than that, or fewer that were used, teach nothing: campaigns then keep the chance they state."""
MOST_SENT, MOST_EVENTS = 20_000, 300
NIGHTLY_S = 0.9 * DAY_S


def learn_store(db: Database, plan: Plan, now: float) -> bool:
    """Learns the store's model anew where that was last done a day ago. Whether there is a new one."""
    with db.read() as session:
        row = session.get(NextBestTable, plan.store)
        if row is not None and now - row.learnt_at < NIGHTLY_S:
            return False
        goods = goods_of_plan(plan)
        sent, histories = _read_sent(session, plan.store, goods, now)
    if len(sent) < LEAST_SENT or sum(one.used for one in sent) < LEAST_USED:
        return False
    model = learn(goods, histories, sent)
    with db.write() as session:
        said = {"learnt_at": now, "messages": model.messages, "model": model.as_json()}
        upsert(session, NextBestTable, [{"store": plan.store} | said], replace=list(said))
        bump(session, [plan.store], "campaigns")
    return True


def model_of(db: Database, store: str) -> NextBest | None:
    """The store's model; None where nothing was learnt yet."""
    with db.read() as session:
        row = session.get(NextBestTable, store)
        return None if row is None else read_model(row.model, f"next_best of {store}")


def fits_of(
    db: Database,
    model: NextBest,
    wanted: Mapping[str, Collection[str]],
    near: Mapping[str, Collection[str]],
    now: float,
) -> dict[tuple[str, str], RankedOffer]:
    """(shopper, sku) to how an offer of it fits, for the products `wanted` of each shopper; `near` are those that they
    stand at."""
    fits: dict[tuple[str, str], RankedOffer] = {}
    with db.read() as session:
        for who, skus in wanted.items():
            known = read_known(session, who, now, dict.fromkeys(near.get(who, ()), 0.0))
            for ranked in model.rank(known, sorted(skus), {}, now):
                fits[who, ranked.sku] = ranked
    return fits


def read_known(session: Session, shopper_id: str, now: float, away_m: Mapping[str, float]) -> KnownShopper:
    """What may be known of a shopper: purchases and views where they agreed to it, the place in any case."""
    shopper = session.get(ShopperTable, shopper_id)
    if shopper is None or shopper.restricted_at is not None:
        return KnownShopper(away_m=away_m)
    if not allows(grants_of(session, shopper_id), Purpose.CRM, Channel.ANY):
        return KnownShopper(away_m=away_m)
    event = ShopEventTable
    mine = select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id).in_(person_of(session, shopper_id)))
    digests = list(session.exec(mine))
    rows = (
        session.exec(
            select(event.kind, event.at, event.form)
            .where(
                col(event.kind).in_([ShopEventKind.PURCHASE, ShopEventKind.PRODUCT_VIEW]),
                is_named_by(digests),
                col(event.at) > now - LOOK_S,
                col(event.at) <= now,
            )
            .order_by(col(event.at).desc())
            .limit(MOST_EVENTS)
        ).all()
        if digests
        else []
    )
    bought, viewed = list[tuple[str, float]](), list[tuple[str, float]]()
    for kind, at, form in reversed(rows):
        said = json.loads(form)
        if kind == ShopEventKind.PRODUCT_VIEW:
            viewed.append((said["sku"], at))
        elif not said["voided"]:
            bought += [(line["sku"], at) for line in said["lines"]]
    return KnownShopper(bought, viewed, {}, away_m)


def goods_of_plan(plan: Plan) -> OfferedGoods:
    """The products of a plan."""
    products = plan.products
    prices = np.array([float(p.price_minor) for p in products])
    return OfferedGoods(tuple(p.sku for p in products), tuple(p.category for p in products), prices)


def _read_sent(
    session: Session, store: str, goods: OfferedGoods, now: float
) -> tuple[list[SentOffer], list[Sequence[tuple[str, float]]]]:
    """Coupons for a product that reached somebody and whose time is over or that were used, with what was known when
    they were issued; and what each of their shoppers bought."""
    voucher = VoucherTable
    rows = session.exec(
        select(voucher)
        .where(
            col(voucher.store) == store,
            col(voucher.issued_at) > now - LOOK_S,
            col(voucher.holds_slot),
            or_(col(voucher.uses) > 0, col(voucher.expires_at) <= now),
        )
        .order_by(col(voucher.issued_at).desc())
        .limit(MOST_SENT)
    ).all()
    found, people = [], dict[str, KnownShopper]()
    for row in rows:
        sku = json.loads(row.offer).get("sku")
        if sku not in goods.index:
            continue
        if row.shopper_id not in people:
            people[row.shopper_id] = read_known(session, row.shopper_id, now, {})
        known = people[row.shopper_id]
        then = KnownShopper(
            [b for b in known.bought if b[1] < row.issued_at],
            [v for v in known.viewed if v[1] < row.issued_at],
            {},
            {sku: 0.0},
        )
        found.append(SentOffer(then, sku, row.issued_at, row.uses > 0))
    return found, [known.bought for known in people.values()]
