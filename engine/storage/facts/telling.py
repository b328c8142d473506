"""What is told to customer files (CRM), inside the transaction that makes it so: one event a fact, or none.

Nothing is written where no receiver is declared, nor of anybody who does not agree to it at this moment. Whoever is
told of for the first time gets a name of chance, by which alone customer files know them, and is introduced. The same
consent is looked at again before anything is sent.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, delete, insert
from sqlmodel import Session, col, select

from engine.privacy.consent import Grants
from engine.storage.models.identity import ProfileMergeTable
from engine.storage.models.sending.crm import CrmEventTable, CrmReceiverTable, CrmSendingTable, CrmSubjectTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.upserts import table_of, upsert
from engine.vocabulary import CRM_PURPOSES, CrmKind, Purpose

CRM = frozenset({Purpose.CRM, Purpose.CRM_SHOPPING})
"""The purposes under which something of a shopper may go to a customer file."""

Said = Mapping[str, Any]


def tell(
    session: Session, shopper_id: str, kind: CrmKind, at: float, said: Said | Callable[[], Said], store: str = ""
) -> bool:
    """Writes an event down where this shopper agrees that it leaves. Whether it did.

    `said` goes out as it is, so nothing in it may lead to a phone; as a function it is asked only where it is needed.
    """
    if not _is_told(session):
        return False
    person = _living(session, shopper_id)
    if not agreed(session, person) & set(CRM_PURPOSES[kind]):
        return False
    ref = _ref(session, person, at)
    if ref is None:
        return False
    _write(session, ref, kind, at, said() if callable(said) else said, store)
    return True


def tell_member(
    session: Session, member_id: str, kind: CrmKind, at: float, said: Said | Callable[[], Said], store: str = ""
) -> bool:
    """The same of whom the ledger knows by this name."""
    if not _is_told(session):
        return False
    found = session.exec(select(ShopperTable.shopper_id).where(col(ShopperTable.member_id) == member_id)).first()
    return found is not None and tell(session, found, kind, at, said, store)


def tell_profile(session: Session, shopper_id: str, at: float, joined: Collection[str] = ()) -> bool:
    """How the profile is now. `joined` are profiles that have become part of it, by their names in customer files."""
    row = session.get(ShopperTable, shopper_id)
    if row is None:
        return False
    said = {**_profile(row), "joined": sorted(joined)} if joined else _profile(row)
    return tell(session, shopper_id, CrmKind.PROFILE, at, said, row.store)


def agreed(session: Session, shopper_id: str) -> frozenset[Purpose]:
    """Which of the purposes of customer files this shopper agrees to; none where their data is restricted."""
    free = select(ShopperTable.shopper_id).where(
        col(ShopperTable.shopper_id) == shopper_id, col(ShopperTable.restricted_at).is_(None)
    )
    return _read_granted(session, col(ConsentTable.shopper_id).in_(free))


def find_answered(session: Session, shopper_id: str) -> frozenset[Purpose]:
    """The same of what they have said, also while their data is restricted: what they take back then is taken back."""
    return _read_granted(session, col(ConsentTable.shopper_id) == shopper_id)


def _read_granted(session: Session, whose: ColumnElement[bool]) -> frozenset[Purpose]:
    rows = session.exec(
        select(ConsentTable.purpose).where(
            whose,
            col(ConsentTable.purpose).in_([str(purpose) for purpose in CRM]),
            col(ConsentTable.granted),
        )
    )
    return frozenset(Purpose(purpose) for purpose in rows)


def tell_answers(
    session: Session, shopper_id: str, was: frozenset[Purpose], grants: Grants, text_version: str, at: float
) -> None:
    """What changed since they had `answered` so, after the answers are written that make it `grants`. What was not sent
    yet of a purpose that was taken back is forgotten now, and customer files are told; the shopper's row is locked."""
    now = CRM & {purpose for purpose, _ in grants}
    for purpose in sorted(now - was):
        tell(session, shopper_id, CrmKind.CONSENT, at, _answer(purpose, True, text_version))
    taken = was - now
    for who in _person(session, shopper_id) if taken else []:
        # a profile that has joined this one is a contact of its own there, for what it had agreed to itself
        theirs = taken if who == shopper_id else taken & find_answered(session, who)
        _take_back(session, who, theirs, now, text_version, at)


def tell_joined(session: Session, kept: str, merged: str, was: frozenset[Purpose], at: float) -> None:
    """Two profiles are one, and their consents were put together; `was` is what the joining one had agreed to."""
    ref = ref_of(session, merged)
    if ref is None:
        return
    left = agreed(session, kept)
    if left:
        tell_profile(session, kept, at, joined=[ref])
    _take_back(session, merged, was - left, left, "", at)


def tell_erased(session: Session, shopper_id: str, at: float) -> None:
    """Forgets all that was told or was to be told of a shopper but that it ends, which goes out as the last."""
    ref = ref_of(session, shopper_id)
    if ref is None:
        return
    forget_events(session, ref, frozenset(CrmKind))
    _write(session, ref, CrmKind.ERASURE, at, {}, "")
    subjects = table_of(CrmSubjectTable)
    session.connection().execute(delete(subjects).where(subjects.c.shopper_id == shopper_id))


def ref_of(session: Session, shopper_id: str) -> str | None:
    """By what name customer files know a shopper; None where they were never told of them."""
    row = session.get(CrmSubjectTable, shopper_id)
    return None if row is None else row.crm_ref


def forget_events(session: Session, ref: str, kinds: Collection[CrmKind], before: int | None = None) -> int:
    """Drops a shopper's events of these kinds from the log and from what waits; with `before`, those of lower ids, and
    else what has no number yet too. Who sends moves up the rest of the line. How many."""
    events, sending = table_of(CrmEventTable), table_of(CrmSendingTable)
    theirs = (events.c.crm_ref == ref) & events.c.kind.in_([str(kind) for kind in kinds])
    if before is not None:
        theirs &= events.c.id < before
    gone = session.connection().execute(delete(events).where(theirs).returning(events.c.number)).scalars().all()
    numbers = [number for number in gone if number is not None]
    if numbers:
        waiting = (sending.c.crm_ref == ref) & sending.c.number.in_(numbers)
        session.connection().execute(delete(sending).where(waiting))
    return len(gone)


def kinds_without(left: Collection[Purpose]) -> frozenset[CrmKind]:
    """The kinds that go where only these purposes are agreed to. Not what was said of consent: who was told of a yes is
    told of the no."""
    stays = {CrmKind.ERASURE, CrmKind.CONSENT}
    return frozenset(kind for kind, needed in CRM_PURPOSES.items() if kind not in stays and not set(needed) & set(left))


def _take_back(
    session: Session,
    shopper_id: str,
    taken: Collection[Purpose],
    left: Collection[Purpose],
    text_version: str,
    at: float,
) -> None:
    ref = ref_of(session, shopper_id)
    if ref is None or not taken:
        return
    forget_events(session, ref, kinds_without(left))
    for purpose in sorted(taken):
        _write(session, ref, CrmKind.CONSENT, at, _answer(purpose, False, text_version), "")


def _answer(purpose: Purpose, granted: bool, text_version: str) -> Said:
    return {"purpose": str(purpose), "granted": granted, "text_version": text_version}


_KNOWN_S = 5.0
_known: WeakKeyDictionary[Engine, tuple[float, bool]] = WeakKeyDictionary()


def look_anew(engine: Engine) -> None:
    """Receivers were declared: this process knows of it at once, others within seconds."""
    _known.pop(engine, None)


def _is_told(session: Session) -> bool:
    """Whether any receiver is declared. Remembered for a while: a ledger that nobody is told of asks no question more
    for every entry."""
    engine, now = session.get_bind().engine, time.monotonic()
    until, told = _known.get(engine, (0.0, False))
    if now >= until:
        declared = select(CrmReceiverTable.name).where(col(CrmReceiverTable.declared)).limit(1)
        told = session.exec(declared).first() is not None
        _known[engine] = (now + _KNOWN_S, told)
    return told


def _living(session: Session, shopper_id: str) -> str:
    """The profile that this one has joined in the end. Two that have joined each other go round once."""
    seen = [shopper_id]
    while True:
        rows = select(ProfileMergeTable.kept).where(
            col(ProfileMergeTable.merged) == seen[-1], col(ProfileMergeTable.split_at).is_(None)
        )
        kept = session.exec(rows.order_by(col(ProfileMergeTable.at).desc())).first()
        if kept is None or kept in seen:
            return seen[-1]
        seen.append(kept)


def _person(session: Session, shopper_id: str) -> list[str]:
    """The profile, and all that have joined it."""
    found = [shopper_id]
    for kept in found:
        rows = select(ProfileMergeTable.merged).where(
            col(ProfileMergeTable.kept) == kept, col(ProfileMergeTable.split_at).is_(None)
        )
        found += [who for who in sorted(set(session.exec(rows))) if who not in found]
    return found


def _ref(session: Session, shopper_id: str, at: float) -> str | None:
    """The shopper's name in customer files, made now where they have none; None for one who was erased meanwhile."""
    known = ref_of(session, shopper_id)
    if known is not None:
        return known
    # Shared lock: an erasure running now either waits for this transaction, or is done and the profile is gone.
    mine = select(ShopperTable).where(col(ShopperTable.shopper_id) == shopper_id).with_for_update(read=True)
    row = session.exec(mine).first()
    if row is None:
        return None
    fresh = {"shopper_id": shopper_id, "crm_ref": secrets.token_hex(12), "at": at}
    upsert(session, CrmSubjectTable, [fresh])
    subjects = table_of(CrmSubjectTable)
    named = select(subjects.c.crm_ref).where(subjects.c.shopper_id == shopper_id)
    ref = str(session.connection().execute(named).scalar_one())
    if ref == fresh["crm_ref"]:
        _write(session, ref, CrmKind.PROFILE, at, _profile(row), row.store)
    return ref


def _profile(row: ShopperTable) -> Said:
    """Without a mailbox: one that is proved is read when it is sent, and one that is not is nobody's."""
    return {"display_name": row.display_name or "", "locale": row.locale, "created_at": row.created_at}


def _write(session: Session, ref: str, kind: CrmKind, at: float, said: Said, store: str) -> None:
    values = {
        "message_id": f"msg_{secrets.token_hex(12)}",
        "kind": str(kind),
        "crm_ref": ref,
        "store": store,
        "at": at,
        "data": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
    }
    session.flush()
    session.connection().execute(insert(table_of(CrmEventTable)), values)
