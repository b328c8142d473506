"""What a person bought, in the shop and on the web, as shop systems told it."""

from __future__ import annotations

import json

from sqlmodel import Session, col, select

from engine.storage.commerce.events import is_named_by
from engine.storage.loyalty.wallets import person_of
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.vocabulary import ShopEventKind

MOST = 200  # purchases that are looked at, the newest


def find_bought_since(session: Session, shopper_id: str, since: float) -> frozenset[str]:
    """The products (sku) of this person's purchases after a time (s UTC): found by proved card, mailbox and account of
    the e-shop, not voided. One statement for who has proved neither."""
    mine = select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id).in_(person_of(session, shopper_id)))
    digests = list(session.exec(mine))
    if not digests:
        return frozenset()
    event = ShopEventTable
    purchases = (
        select(event.form)
        .where(
            col(event.kind) == ShopEventKind.PURCHASE,
            is_named_by(digests),
            col(event.at) > since,
        )
        .order_by(col(event.at).desc())
        .limit(MOST)
    )
    forms = [json.loads(form) for form in session.exec(purchases)]
    return frozenset(line["sku"] for form in forms if not form["voided"] for line in form["lines"])
