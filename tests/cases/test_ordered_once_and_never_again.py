"""A shopper whose parcel had come could not order the same again, and after ten parcels nothing at all.

Input: Shopify says `fulfilled` of an order for home, and no more; another e-shop takes requests and never answers.
Wrong: the same request for ever, and `too_many_orders` after ten. Right: what was sent is over, and what nobody has
said a word of for a month is waited for no more.
"""

from __future__ import annotations

import pytest

from engine.commerce.stock import Article
from engine.storage.commerce.requests import OVER, STALE_S
from engine.storage.database import Database
from engine.storage.ordering.asked import MOST_OPEN, OrderWish, ask_order, orders_of
from engine.storage.ordering.outbox import mark_taken
from engine.vocabulary import AskedState, OrderState, OrderWay
from tests.engine.storage.ordering.test_asked import HOME, answer, known, refused, told
from tests.engine.storage.scenes import NOW, STORE

SOON, LATER = NOW + 60, NOW + STALE_S + 60


@pytest.mark.parametrize("answers", [True, False])
def test_what_is_over_makes_room(db: Database, answers: bool) -> None:
    who = known(db)
    wishes = [HOME, *(OrderWish(STORE, Article(f"S{n}"), OrderWay.HOME) for n in range(1, MOST_OPEN))]
    asked = [ask_order(db, who, wish, NOW) for wish in wishes]
    more = OrderWish(STORE, Article("MORE"), OrderWay.HOME)
    assert refused(lambda: ask_order(db, who, more, NOW)) == "too_many_orders"
    for n, one in enumerate(asked):
        mark_taken(db, one.request_id, NOW)
        if answers:
            told(db, answer(one, OrderState.PAID, 1, str(n)), answer(one, OrderState.SENT, 2, str(n)), at=NOW + 1)
    assert (ask_order(db, who, HOME, SOON).request_id == asked[0].request_id) is not answers
    assert ask_order(db, who, HOME, LATER).request_id != asked[0].request_id
    assert ask_order(db, who, more, LATER).state is AskedState.ASKED
    assert all(one.state not in OVER for one in orders_of(db, who, LATER)), "what ended long ago is not shown"
