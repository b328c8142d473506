"""Two profiles that turned out to be one person's become one, and two again: on the record, and nothing is lost.

What moves to the profile that is kept: coupons, decisions and messages (so that the caps count the person), stays,
stops and which of their hot spots were erased, proved phones, identifiers, orders that were asked for, choices to be
recognised for this visit, browsers and where they are pushed to, and what friends opened. The points stay where the
ledger has them, under both members; a wallet adds up those of all its profiles. Of the consents an explicit no on
either side wins; a yes that the other side was never asked about stays a yes. Of limits the stricter side's win. Of two
equal requests to the e-shop one goes on. Points that one of the two brought to the other wait for a review. A split
puts back whatever the kept profile still has of it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, SQLModel, col, select

from engine.errors import NotFound
from engine.loyalty.humans import Signal
from engine.privacy.consent import ConsentChoice, allows_targeting
from engine.storage.commerce.accounts import return_accounts
from engine.storage.commerce.requests import fold_orders, unfold_orders
from engine.storage.database import Database, once_more
from engine.storage.facts.telling import agreed, tell_joined
from engine.storage.figures.segment_spans import leave_segments
from engine.storage.loyalty.friends import WAITING, friend_of
from engine.storage.loyalty.judging import note_signals
from engine.storage.loyalty.wallets import find_joined, living, lock_people, person_of
from engine.storage.models.commerce import AskedOrderTable
from engine.storage.models.identity import BrowserSessionTable, IdentifierTable, MergeLogTable, ProfileMergeTable
from engine.storage.models.ledger import HoldTable
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.sending.push import PushSubscriptionTable
from engine.storage.models.shoppers import (
    ConsentLogTable,
    ConsentTable,
    DeviceLinkTable,
    RecognitionTable,
    ShopperTable,
)
from engine.storage.models.visits import ErasedSpotTable, ProductStopTable, VisitTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, VoucherTable
from engine.storage.once.idempotency import forget_visitor
from engine.storage.people.bindings import drop_claims, lock_links
from engine.storage.people.limits import give_back_limits, take_limits
from engine.storage.people.shoppers import answer, grants_of, remove_links
from engine.storage.people.twins import part_twins, settle_twins
from engine.storage.upserts import table_of
from engine.storage.versions import bump
from engine.storage.wallet_changes import note_changes, note_order
from engine.vocabulary import Channel, IdentifierKind, Purpose, WalletChangeKind

Moved = dict[str, list[Any]]

_BY_ID: Mapping[str, tuple[type[SQLModel], str]] = {
    "vouchers": (VoucherTable, "voucher_id"),
    "deliveries": (DeliveryTable, "delivery_id"),
    "decisions": (DecisionTable, "decision_id"),
    "messages": (MessageTable, "message_id"),
    "visits": (VisitTable, "id"),
    "erased_spots": (ErasedSpotTable, "id"),
    "stops": (ProductStopTable, "id"),
    "sessions": (BrowserSessionTable, "session_id"),
    "push": (PushSubscriptionTable, "subscription_id"),
    "identifiers": (IdentifierTable, "digest"),
    "asked_orders": (AskedOrderTable, "request_id"),
    "recognitions": (RecognitionTable, "recognition_id"),
}
"""What moves by changing whose it is: the table, and the column that names the row."""


@dataclass(frozen=True, slots=True)
class ProfileMerge:
    """A merge: which profile was kept, which joined it, by which proof, when (s UTC), and when it was undone."""

    merge_id: str
    kept: str
    merged: str
    proof: IdentifierKind
    at: float
    split_at: float | None


def merge_in(session: Session, kept: str, merged: str, proof: IdentifierKind, now: float) -> str:
    """Moves everything of `merged` to `kept`, and returns the merge's id. Raises NotFound where either is gone, and
    ValueError where either has joined another profile: both are the ones that their people live on as."""
    lock_people(session)
    for who in (kept, merged):
        if living(session, who) != who:
            raise ValueError("a profile that has joined another does not join, and is not joined")
    _lock_both(session, kept, merged)
    merge_id = secrets.token_hex(12)
    phones, stores = _move_phones(session, merged, kept)
    twins, over = settle_twins(session, kept, merged)
    moved: Moved = {"twins": twins}
    moved |= {name: _move(session, name, merged, kept) for name in _BY_ID}
    folded = fold_orders(session, kept, now)
    moved["folded_orders"] = [row.request_id for row in folded]
    _end_second_choices(session, merged)
    moved["phones"], moved["friends"] = phones, _move_friends(session, merged, kept)
    limits, ended = take_limits(session, kept, merged, now)
    moved |= limits
    agreed_before = agreed(session, merged)
    moved["consents"] = _merge_consents(session, kept, merged, merge_id, now)
    drop_claims(session, merged)
    moved["own"] = _own_points(session, kept, merged)
    note_signals(session, moved["own"], Signal.ONE_PERSON, now)
    row = ProfileMergeTable(merge_id=merge_id, kept=kept, merged=merged, proof=proof, at=now, moved=json.dumps(moved))
    session.add(row)
    _write(session, row, "merge", moved, now)
    tell_joined(session, kept, merged, agreed_before, now)
    if not allows_targeting(grants_of(session, kept)):
        remove_links(session, kept)
    for voucher in over:
        session.refresh(voucher)  # whose it is has changed
    note_changes(session, [*over, *ended], WalletChangeKind.VOIDED, now)
    for request in folded:
        note_order(session, request, now)
    leave_segments(session, kept, merged)
    bump(session, stores, "links", "claims")
    return merge_id


@once_more
def split(db: Database, merge_id: str, kept: str, now: float) -> None:
    """Undoes a merge into this profile, once; again it changes nothing. Raises NotFound."""
    with db.write() as session:
        lock_people(session)
        row = session.get(ProfileMergeTable, merge_id, with_for_update=True)
        if row is None or row.kept != kept:
            raise NotFound("no such merge")
        if row.split_at is not None:
            return
        _lock_both(session, row.kept, row.merged)
        moved: Moved = json.loads(row.moved)
        back: Moved = {name: _move(session, name, row.kept, row.merged, moved.get(name, [])) for name in _BY_ID}
        return_accounts(session, back["identifiers"], row.kept, row.merged)
        part_twins(session, [v for v in moved.get("twins", []) if v in back["vouchers"]])
        give_back_limits(session, row.kept, moved)
        back["phones"], stores = _return_phones(session, row, moved["phones"])
        back["friends"] = _move_friends(session, row.kept, row.merged, moved["friends"])
        back["consents"] = _restore_consents(session, row, moved["consents"], now)
        note_signals(session, moved["own"], Signal.ONE_PERSON, now, present=False)
        row.split_at = now
        session.flush()
        unfolded = unfold_orders(session, moved.get("folded_orders", []), partial(person_of, session), now)
        back["folded_orders"] = [one.request_id for one in unfolded]
        _write(session, row, "split", back, now)
        for request in unfolded:
            note_order(session, request, now)
        leave_segments(session, row.kept, row.merged)
        bump(session, stores, "links")


def merges_of(db: Database, shopper_id: str) -> list[ProfileMerge]:
    """The merges into a profile that stand, newest first."""
    with db.read() as session:
        rows = select(ProfileMergeTable).where(
            col(ProfileMergeTable.kept) == shopper_id, col(ProfileMergeTable.split_at).is_(None)
        )
        return [
            ProfileMerge(r.merge_id, r.kept, r.merged, IdentifierKind(r.proof), r.at, r.split_at)
            for r in session.exec(rows.order_by(col(ProfileMergeTable.at).desc()))
        ]


def list_regrouped_after(db: Database, after_id: int, limit: int = 500) -> list[tuple[int, frozenset[str]]]:
    """Merges and splits since that one, in their order: its id, and the two profiles. As they are made one at a time,
    ids become visible in their order."""
    with db.read() as session:
        rows = select(MergeLogTable).where(col(MergeLogTable.id) > after_id).order_by(col(MergeLogTable.id))
        return [(row.id or 0, frozenset({row.kept, row.merged})) for row in session.exec(rows.limit(limit))]


def latest_regrouped(db: Database) -> int:
    """The id of the newest merge or split, 0 where there is none: where a reader begins."""
    with db.read() as session:
        return session.exec(select(func.max(MergeLogTable.id))).one() or 0


def forget_merges(session: Session, shopper_id: str) -> None:
    """The profile is erased: what was moved is said no more. Inside the caller's transaction."""
    table = table_of(ProfileMergeTable)
    mine = (table.c.kept == shopper_id) | (table.c.merged == shopper_id)
    session.connection().execute(delete(table).where(mine))


def _lock_both(session: Session, kept: str, merged: str) -> None:
    if kept == merged:
        raise ValueError("a profile does not join itself")
    for who in sorted((kept, merged)):
        if session.get(ShopperTable, who, with_for_update=True) is None:
            raise NotFound("no such shopper")


def _move(session: Session, name: str, source: str, target: str, only: Sequence[Any] | None = None) -> list[Any]:
    """Gives rows of `source` to `target`, those in `only` where it is given, and says which. A row that the target has
    already in another copy (the same stay of one visit) stays where it is."""
    model, key = _BY_ID[name]
    table = table_of(model)
    mine = table.c.shopper_id == source
    rows = session.connection().execute(table.select().where(mine)).mappings().all()
    wanted = [row for row in rows if only is None or row[key] in only]
    taken = _find_taken(session, name, target)
    free = [row for row in wanted if _unique(name, row) is None or _unique(name, row) not in taken]
    ids = [row[key] for row in free]
    if ids:
        session.connection().execute(update(table).where(mine, table.c[key].in_(ids)).values(shopper_id=target))
    return ids


_UNIQUE = {
    "recognitions": ("store",),
    "vouchers": ("store", "campaign_id", "visit_id"),
    "visits": ("store", "store_visit_id", "zone", "started_at"),
}


def _unique(name: str, row: Any) -> tuple[Any, ...] | None:
    return tuple(row[column] for column in _UNIQUE[name]) if name in _UNIQUE else None


def _find_taken(session: Session, name: str, owner: str) -> set[Any]:
    if name not in _UNIQUE:
        return set()
    table = table_of(_BY_ID[name][0])
    rows = session.connection().execute(table.select().where(table.c.shopper_id == owner)).mappings()
    return {_unique(name, row) for row in rows}


def _end_second_choices(session: Session, merged: str) -> None:
    """Who had chosen on both profiles to be recognised in one store is there once."""
    left = select(RecognitionTable).where(col(RecognitionTable.shopper_id) == merged)
    for row in session.exec(left).all():
        forget_visitor(session, row.recognition_id)
        session.delete(row)
    session.flush()


def _move_phones(session: Session, source: str, target: str) -> tuple[list[list[str]], set[str]]:
    links = lock_links(session, col(DeviceLinkTable.shopper_id) == source)
    for link in links:
        link.shopper_id = target
    session.flush()
    here = select(DeviceLinkTable.store).where(col(DeviceLinkTable.shopper_id) == target)
    return [[link.store, link.device] for link in links], set(session.exec(here))


def _return_phones(
    session: Session, row: ProfileMergeTable, moved: Sequence[Sequence[str]]
) -> tuple[list[list[str]], set[str]]:
    """A phone goes back where its profile still grants offers; else it is nobody's."""
    links = lock_links(session, col(DeviceLinkTable.shopper_id) == row.kept)
    theirs = [link for link in links if [link.store, link.device] in [list(pair) for pair in moved]]
    granted = allows_targeting(grants_of(session, row.merged))
    for link in theirs:
        if granted:
            link.shopper_id = row.merged
        else:
            session.delete(link)
    session.flush()
    return [[link.store, link.device] for link in theirs], {link.store for link in links}


def _move_friends(session: Session, source: str, target: str, only: Sequence[str] | None = None) -> list[str]:
    holds = select(HoldTable).where(col(HoldTable.friend) == friend_of(source, None)).with_for_update()
    moved = [hold for hold in session.exec(holds) if only is None or hold.key in only]
    for hold in moved:
        hold.friend = friend_of(target, None)
    session.flush()
    return [hold.key for hold in moved]


def _own_points(session: Session, kept: str, merged: str) -> list[str]:
    """The holds of points that this one person brought to themselves."""
    members = select(ShopperTable.member_id).where(
        col(ShopperTable.shopper_id).in_([kept, merged, *find_joined(session, kept)])
    )
    holds = select(HoldTable.key).where(
        col(HoldTable.member).in_(members),
        col(HoldTable.friend) == friend_of(kept, None),
        col(HoldTable.state).in_(WAITING),
    )
    return list(session.exec(holds))


def _merge_consents(session: Session, kept: str, merged: str, merge_id: str, now: float) -> list[list[Any]]:
    """Answers for the kept profile; returns (purpose, channel, what it had said before, or None) of what changed."""
    mine, theirs = _read_consents(session, kept), _read_consents(session, merged)
    changed: list[list[Any]] = []
    for (purpose, channel), granted in sorted(theirs.items()):
        before = mine.get((purpose, channel))
        after = granted if before is None else before and granted
        if after != before:
            version = _version_of(session, merged, purpose, channel)
            choice = ConsentChoice(Purpose(purpose), Channel(channel), after)
            answer(session, kept, [choice], version, f"merge:{merge_id}", now)
            changed.append([purpose, channel, before])
    return changed


def _restore_consents(
    session: Session, row: ProfileMergeTable, changed: Sequence[Sequence[Any]], now: float
) -> list[list[Any]]:
    """What the merge changed is as before, where nothing was answered since. A no given since holds for both."""
    back: list[list[Any]] = []
    for purpose, channel, before in changed:
        last = session.get(ConsentTable, (row.kept, purpose, channel))
        if last is not None and last.at == row.at:
            version = _version_of(session, row.kept, purpose, channel)
            choice = ConsentChoice(Purpose(purpose), Channel(channel), bool(before))
            answer(session, row.kept, [choice], version, f"split:{row.merge_id}", now)
            back.append([purpose, channel, before])
    for pair, granted in sorted(_read_consents(session, row.merged).items()):
        last = session.get(ConsentTable, (row.kept, *pair))
        if granted and last is not None and last.at > row.at and not last.granted and last.at < now:
            version = _version_of(session, row.kept, *pair)
            choice = ConsentChoice(Purpose(pair[0]), Channel(pair[1]), False)
            answer(session, row.merged, [choice], version, f"split:{row.merge_id}", now)
    return back


def _read_consents(session: Session, shopper_id: str) -> dict[tuple[str, str], bool]:
    rows = session.exec(select(ConsentTable).where(col(ConsentTable.shopper_id) == shopper_id))
    return {(row.purpose, row.channel): row.granted for row in rows}


def _version_of(session: Session, shopper_id: str, purpose: str, channel: str) -> str:
    """Of the text that the last answer was given to."""
    rows = select(ConsentLogTable.text_version).where(
        col(ConsentLogTable.shopper_id) == shopper_id,
        col(ConsentLogTable.purpose) == purpose,
        col(ConsentLogTable.channel) == channel,
    )
    return session.exec(rows.order_by(col(ConsentLogTable.id).desc())).first() or ""


def _write(session: Session, row: ProfileMergeTable, change: str, moved: Moved, now: float) -> None:
    session.add(
        MergeLogTable(
            merge_id=row.merge_id,
            change=change,
            kept=row.kept,
            merged=row.merged,
            proof=row.proof,
            moved=json.dumps({name: len(items) for name, items in moved.items()}),
            at=now,
        )
    )
    session.flush()
