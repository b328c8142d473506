"""The outbox: what is due reaches the right shopper once, and no cursor skips a message."""

from __future__ import annotations

import threading

from engine.storage.database import Database, open_database
from engine.storage.upserts import named_lock
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.outbox import acknowledge, pending, pending_for
from engine.storage.vouchers.vouchers import expire_undelivered, voucher_of
from tests.databases import Postgres
from tests.engine.storage.scenes import NOW, STORE, at_once, campaign, issue, shopper, voucher


def test_an_acknowledgement_is_the_owners_and_in_time(db: Database) -> None:
    who, voucher_id, _ = voucher(db, ttl_s=60.0)
    stranger = shopper(db).shopper_id
    [row] = pending(db, "page", NOW)
    number = row.delivery.delivery_id
    assert not acknowledge(db, number, stranger, NOW + 1)
    assert not acknowledge(db, number + 1000, who.shopper_id, NOW + 1)
    assert acknowledge(db, number, who.shopper_id, NOW + 1)
    assert acknowledge(db, number, who.shopper_id, NOW + 500)  # said again: still true
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == "delivered"
    assert pending(db, "page", NOW + 1) == []


def test_too_late_is_too_late_even_before_the_sweep(db: Database) -> None:
    who, voucher_id, _ = voucher(db, ttl_s=60.0)
    [row] = pending(db, "page", NOW)
    assert pending(db, "page", NOW + 60) == []
    assert not acknowledge(db, row.delivery.delivery_id, who.shopper_id, NOW + 60)
    expire_undelivered(db, NOW + 60)
    assert not acknowledge(db, row.delivery.delivery_id, who.shopper_id, NOW + 1)
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == "expired"


def test_each_page_gets_its_own(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    a, b = shopper(db).shopper_id, shopper(db).shopper_id
    mine = issue(db, a, name="d1")
    issue(db, b, name="d2")
    assert [r.delivery.voucher_id for r in pending_for(db, a, "page", NOW)] == [mine]
    assert pending_for(db, a, "sms", NOW) == []
    both = pending(db, "page", NOW)
    assert len(both) == 2
    assert pending(db, "page", NOW, after_id=both[0].delivery.delivery_id) == both[1:]
    assert pending(db, "page", NOW, limit=1) == both[:1]


def test_messages_are_numbered_one_transaction_at_a_time(postgres: Postgres) -> None:
    """PostgreSQL gives numbers out before the commit. So whoever writes waits for whoever is about to commit."""
    db = open_database(postgres.fresh())
    try:
        put_campaign(db, STORE, campaign())
        who = shopper(db).shopper_id
        writer = threading.Thread(target=issue, args=(db, who))
        with db.write() as another:
            named_lock(another, "outbox")
            writer.start()
            writer.join(0.5)
            assert writer.is_alive()
        writer.join(60)
        assert len(pending(db, "page", NOW)) == 1
    finally:
        db.close()


def test_a_reader_that_follows_ids_misses_nothing_while_many_write(db: Database) -> None:
    """Ids must become visible in their order: a cursor that has passed 8 can never see a 7 committed later."""
    put_campaign(db, STORE, campaign())
    who = [shopper(db).shopper_id for _ in range(40)]
    seen: list[int] = []

    def work(i: int) -> str:
        if i < 40:
            return issue(db, who[i], name=f"d{i}")[:0]
        last = 0
        for _ in range(400):
            for row in pending(db, "page", NOW, after_id=last):
                last = row.delivery.delivery_id
                seen.append(last)
            if len(seen) == 40:
                break
        return ""

    assert at_once(41, work) == {"": 41}
    last = max(seen, default=0)
    seen += [row.delivery.delivery_id for row in pending(db, "page", NOW, after_id=last)]
    assert len(seen) == 40
    assert seen == sorted(seen)
