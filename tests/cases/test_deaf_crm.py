"""A customer file is away, and what happened meanwhile is gone, or comes out of order.

Elsewhere: webhooks that are given up after a few tries and switched off (Shopify after eight failures in four hours,
Stripe after three days), so that a day's maintenance loses what happened in it; events retried side by side, so that an
old profile overwrites a newer one, and a contact comes back after it was erased.

Input: a receiver that is away for a day, while a shopper visits, withdraws and another is erased. Right: it gets all
that may still leave, each shopper's in order, and ends as the last of theirs; nothing of who withdrew or was erased.
"""

from __future__ import annotations

from engine.storage.crm.lines import note_failed, take_due
from engine.storage.crm.numbers import number_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.vocabulary import CrmTrouble, Purpose
from tests.engine.storage.crm.people import BUSY_S, answer, declare, deliver, said, shopper, tell_visits
from tests.engine.storage.scenes import NOW

HOUR_S = 3_600.0


def test_a_day_away_loses_nothing_and_turns_nothing_round(db: Database) -> None:
    declare(db, "crm")
    stays, leaves, gone = (shopper(db, Purpose.CRM, name=name) for name in ("Ada", "Bob", "Cyd"))
    deliver(db, "crm")
    for hour in range(24):
        now = NOW + hour * HOUR_S
        for who in (stays, leaves, gone):
            if not (who == leaves and hour > 12) and not (who == gone and hour > 18):
                tell_visits(db, who, [f"zone {hour}"], now)
        if hour == 12:
            answer(db, leaves, Purpose.CRM, False, now)
        if hour == 18:
            erase_shopper(db, gone, now)
        number_events(db, now)
        for due in take_due(db, "crm", now, 9, BUSY_S):
            note_failed(db, due, now, CrmTrouble.UNREACHABLE, 0)
    told = deliver(db, "crm", NOW + 48 * HOUR_S)
    by_shopper: dict[str, list[tuple[str, str]]] = {}
    for event in told:
        by_shopper.setdefault(event.ref, []).extend(said([event]))
    assert sorted(by_shopper.values()) == [
        [("consent", "crm no")],
        [("erasure", "")],
        [("visit", f"zone {hour}") for hour in range(24)],
    ]
