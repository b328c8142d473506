"""What shops say of whose an account is, as it comes: any event that names one beside a proved mailbox or card."""

from __future__ import annotations

from engine.storage.commerce.accounts import bind_account
from engine.storage.commerce.readings import note_read, unread_events
from engine.storage.database import Database, once_more
from engine.storage.figures.segment_spans import look_again
from engine.storage.loyalty.waiting import release_by_account
from engine.storage.loyalty.wallets import lock_people
from engine.storage.models.identity import IdentifierTable
from engine.vocabulary import IdentifierKind, ShopEventKind

ACCOUNT = IdentifierKind.ACCOUNT
READER = "accounts"
KINDS = (ShopEventKind.ORDER, ShopEventKind.PURCHASE, ShopEventKind.BASKET, ShopEventKind.PRODUCT_VIEW)
BATCH = 200
MOST = 2_000
"""Of one run: other work of the process is not kept waiting for longer."""


def know_accounts(db: Database, now: float, most: int = MOST) -> int:
    """Looks at events that nobody has looked at for this, the oldest first. How many."""
    done = 0
    while done < most:
        looked = _look(db, now)
        done += looked
        if looked < BATCH:
            break
    return done


@once_more
def _look(db: Database, now: float) -> int:
    with db.read() as session:  # most runs find nothing, and then keep no writer waiting
        if not unread_events(session, READER, KINDS, now, most=1):
            return 0
    with db.write() as session:
        lock_people(session)
        read = unread_events(session, READER, KINDS, now, BATCH)
        for _, event in read:
            who = getattr(event, "customer", None)
            if who is not None and bind_account(session, who.account, who.card, who.email, event.at):
                release_by_account(session, who.account)
                look_again(session, [session.get_one(IdentifierTable, (ACCOUNT, who.account)).shopper_id])
        note_read(session, READER, read, now)
        return len(read)
