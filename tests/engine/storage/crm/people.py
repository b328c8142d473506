"""Shoppers who agree to customer files, and receivers that write down what they get."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from engine.privacy.consent import ConsentChoice
from engine.storage.crm.lines import CrmEvent, DueEvent, note_taken, take_due
from engine.storage.crm.numbers import number_events
from engine.storage.crm.receivers import ReceiverSpec, declare_receivers
from engine.storage.database import Database
from engine.storage.facts.telling import tell
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, set_consents, sign_in
from engine.vocabulary import Channel, CrmForm, CrmKind, Purpose
from tests.engine.storage.scenes import NOW, STORE

BUSY_S = 30.0
ALL = tuple(kind for kind in CrmKind if kind is not CrmKind.ERASURE)


def declare(db: Database, *names: str, form: CrmForm = CrmForm.EVENTS, stores: tuple[str, ...] = ()) -> None:
    """These receivers of everything, and no others."""
    declare_receivers(db, [ReceiverSpec(name, form, ALL, stores) for name in names], NOW)


def choice(purpose: Purpose, granted: bool = True) -> ConsentChoice:
    """An answer."""
    return ConsentChoice(purpose, Channel.ANY, granted)


def shopper(db: Database, *purposes: Purpose, name: str = "Ada") -> str:
    """A new profile that agrees to these purposes."""
    request = SignIn(STORE, PhoneClaim(), None, name, None, "fr", [choice(p) for p in purposes], "v", NOW)
    return sign_in(db, request).shopper_id


def answer(db: Database, who: str, purpose: Purpose, granted: bool, at: float = NOW) -> None:
    """She answers anew."""
    set_consents(db, who, [choice(purpose, granted)], "v", "page", at)


def tell_visits(db: Database, who: str, zones: Iterable[str], at: float = NOW) -> None:
    """A stay in each of these zones."""
    for zone in zones:
        with db.write() as session:
            tell(session, who, CrmKind.VISIT, at, {"zone": zone}, STORE)


def deliver(db: Database, receiver: str, now: float = NOW, most: int = 50) -> list[CrmEvent]:
    """Everything that can go, taken at once; in the order of delivery."""
    got: list[CrmEvent] = []
    while number_events(db, now):
        pass
    while due := take_due(db, receiver, now, most, BUSY_S):
        for one in due:
            note_taken(db, one, now)
            got.append(one.event)
    return got


def said(events: Sequence[CrmEvent | DueEvent]) -> list[tuple[str, str]]:
    """Kind of each, and what tells it from others of its kind."""
    out = []
    for one in events:
        event = one.event if isinstance(one, DueEvent) else one
        data = json.loads(event.data)
        what = data.get("zone") or data.get("display_name") or data.get("purpose") or ""
        out.append((str(event.kind), f"{what}{'' if data.get('granted', True) else ' no'}"))
    return out
