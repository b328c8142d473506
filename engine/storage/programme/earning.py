"""What shops tell comes to the ledger: purchases earn, returns take back, corrections post the difference.

One transaction for each event, with its ledger entry: several processes may run it at once, and one that is killed
leaves an event done or not begun. What cannot be posted yet is set aside with its reason; it is looked at again as soon
as what was missing comes, and given up after the programme's time for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from sqlmodel import Session

from engine.commerce.records import Customer, Purchase, Return
from engine.loyalty.earning import Bought, EarnTerms
from engine.loyalty.shopped import back_of, ledger_name, to_bought
from engine.storage.commerce.events import (
    category_in,
    find_event,
    find_named_with,
    lock_event,
    take_events,
    waiting_names,
)
from engine.storage.database import Database, once_more
from engine.storage.loyalty.corrections import correct_purchase_in, correct_return_in, move_purchase_in
from engine.storage.loyalty.ledger import EntryConflict
from engine.storage.loyalty.purchases import ReturnTooLarge, earn_purchase_in, return_goods_in
from engine.storage.loyalty.standing import PurchaseStanding, standing_of
from engine.storage.loyalty.waiting import (
    LOOK_S,
    EventName,
    due_waits,
    is_due,
    is_waiting,
    lock_waits,
    release_by_account,
    release_by_purchase,
    set_aside,
    wait_no_more,
)
from engine.storage.loyalty.wallets import living, same_person
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ShopperTable
from engine.vocabulary import EarnWait, IdentifierKind, ShopEventKind

KINDS = (ShopEventKind.PURCHASE, ShopEventKind.RETURN)
BATCH = 100
MOST = 2_000
"""Of one run: other work of the process is not kept waiting for longer."""


def _no_category(store: str, sku: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Programme:
    """What a site's programme goes by: its terms, how long a purchase waits for its buyer (s), the stores' time zones,
    that of purchases on the web, and the category of a product in a store's plan."""

    terms: EarnTerms
    claim_s: float = 30 * 86_400.0
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    web_zone: tzinfo = UTC
    category_of: Callable[[str, str], str] = _no_category
    visit_min_s: float = 0.0

    def zone_of(self, store: str) -> tzinfo:
        """The time zone that rules of this store go by."""
        return self.zones.get(store, self.web_zone)


def earn_from_shops(db: Database, programme: Programme, now: float, most: int = MOST) -> int:
    """Brings what waits to the ledger, the oldest first. How many events were looked at."""
    done = 0
    while done < most:
        with db.read() as session:
            names = waiting_names(session, KINDS, BATCH)
            names += due_waits(session, now, BATCH)
        looked = sum(_take_one(db, programme, name, now) for name in dict.fromkeys(names))
        done += looked
        if not looked:
            break
    return done


def member_of(session: Session, source: str, who: Customer) -> str | None:
    """Under which name the ledger knows this customer: by the card, else by the mailbox, else by the account, else by
    what the source named beside it. None where none of them is proved."""
    for one in (who, *(find_named_with(session, source, who.account) if who.account else ())):
        kinds = IdentifierKind
        for kind, digest in ((kinds.CARD, one.card), (kinds.EMAIL, one.email), (kinds.ACCOUNT, one.account)):
            row = session.get(IdentifierTable, (kind, digest)) if digest else None
            profile = row and session.get(ShopperTable, living(session, row.shopper_id))
            if profile:
                return profile.member_id
    return None


@once_more
def _take_one(db: Database, programme: Programme, name: EventName, now: float) -> bool:
    """Looks at one event, unless somebody else has by now. Whether it did."""
    source, kind, event_id = name
    with db.write() as session:
        found = lock_event(session, source, ShopEventKind(kind), event_id)
        if found is None:
            wait_no_more(session, name)
            return True
        event, taken = found
        if taken and not is_due(session, name, now):
            return False
        reason = _act(session, programme, event, now)
        take_events(session, [event])
        until = min(event.at, now) + programme.claim_s
        if reason is None or now >= until:
            wait_no_more(session, name)
        else:
            lock_waits(session)
            has_come = reason in BROUGHT and _has_come(session, event)
            set_aside(session, name, reason, now if has_come else now + LOOK_S, until)
        return True


BROUGHT = (EarnWait.NO_MEMBER, EarnWait.NO_PURCHASE)
"""What others bring, while nobody holds a lock on the event."""


def _has_come(session: Session, event: object) -> bool:
    """Whether what it waits for has come since it was looked at. Writes nothing."""
    if isinstance(event, Purchase):
        return member_of(session, event.source, event.customer) is not None
    assert isinstance(event, Return)
    purchase = find_event(session, event.source, ShopEventKind.PURCHASE, event.purchase_id)
    earned = standing_of(session, ledger_name(event.source, event.purchase_id)) is not None
    return earned and isinstance(purchase, Purchase) and not purchase.voided


def _act(session: Session, programme: Programme, event: object, now: float) -> EarnWait | None:
    """What the event brings about; why it has to wait, or None. A refusal comes before anything is written."""
    try:
        if isinstance(event, Purchase):
            return _earn_bought(session, programme, event, now)
        assert isinstance(event, Return)
        return _back(session, programme, event, now)
    except ReturnTooLarge:
        return EarnWait.RETURN_TOO_LARGE
    except EntryConflict:
        return EarnWait.CONFLICT


def _earn_bought(session: Session, programme: Programme, purchase: Purchase, now: float) -> EarnWait | None:
    def category(sku: str) -> str:
        in_plan = programme.category_of(purchase.store, sku) if purchase.store else ""
        return in_plan or category_in(session, purchase.source, sku)

    bought = to_bought(purchase, category)
    zone = programme.zone_of(purchase.store)
    standing = standing_of(session, bought.purchase_id)
    if standing is not None:
        return _anew(session, programme, purchase, bought, standing, now)
    if purchase.voided or not purchase.customer.is_known:
        return None
    member = member_of(session, purchase.source, purchase.customer)
    if member is None:
        return EarnWait.NO_MEMBER
    earn_purchase_in(session, member, bought, programme.terms, zone, now, version=purchase.version)
    release_by_purchase(session, purchase.source, purchase.id)
    if purchase.customer.card or purchase.customer.email:
        release_by_account(session, purchase.customer.account)
    return None


def _anew(
    session: Session, programme: Programme, purchase: Purchase, bought: Bought, standing: PurchaseStanding, now: float
) -> EarnWait | None:
    """A newer version. Where it names somebody else, the points move to them: at once, or when they have proved what it
    names, until when they stay where they are. One that names nobody leaves them there, too."""
    terms, version, moved, waits = programme.terms, purchase.version, False, None
    if purchase.customer.is_known and version > standing.named_at:
        named = member_of(session, purchase.source, purchase.customer)
        if named is None:
            waits = EarnWait.NO_MEMBER
        elif not same_person(session, standing.member, named):
            moved = move_purchase_in(session, bought.purchase_id, named, version, terms, now)
    zone = programme.zone_of(purchase.store)
    correct_purchase_in(session, bought, version, terms, zone, now, moved=moved)
    release_by_purchase(session, purchase.source, purchase.id)
    return waits


def _back(session: Session, programme: Programme, told: Return, now: float) -> EarnWait | None:
    # Locked, so that a purchase that another process is about to post is seen either way.
    found = lock_event(session, told.source, ShopEventKind.PURCHASE, told.purchase_id)
    if found is None:
        return EarnWait.NO_PURCHASE
    purchase, taken = found
    assert isinstance(purchase, Purchase)
    standing = standing_of(session, ledger_name(told.source, told.purchase_id))
    if standing is None:
        waits = not taken or is_waiting(session, (told.source, str(ShopEventKind.PURCHASE), told.purchase_id))
        return EarnWait.NO_PURCHASE if waits else EarnWait.NO_MEMBER  # a newer version may still say who bought
    if purchase.voided:  # unless a newer version says otherwise
        return EarnWait.NO_PURCHASE
    if told.currency != purchase.currency or told.total_minor > purchase.total_minor:
        return EarnWait.RETURN_TOO_LARGE
    back = back_of(told)
    if any(row.return_id == back.return_id for row in standing.returns):
        correct_return_in(session, back, told.version, programme.terms, now)
        release_by_purchase(session, told.source, told.purchase_id)  # another return may have room now
    else:
        return_goods_in(session, back, now)
    return None
