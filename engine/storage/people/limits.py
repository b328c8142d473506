"""What a person wants less of, where two of their profiles become one: the stricter side wins, and a split gives back.

The profile that joins keeps its own rows as they were; what the kept profile takes over is noted, with what it had.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from engine.offers.hours import Hours
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.models.wishes import MuteTable, WishTable
from engine.storage.people.shoppers import end_messages
from engine.storage.upserts import table_of, upsert

Limits = dict[str, list[Any]]
_WISHES = ("per_day", "per_week", "quiet_from", "quiet_to")


def take_limits(session: Session, kept: str, merged: str, now: float) -> tuple[Limits, list[VoucherTable]]:
    """Gives the kept profile the other's restriction, objection, mutes, caps and quiet hours, and its e-mail address
    where it has none itself. Says what changed, and which coupons a restriction ended. Both profiles are locked."""
    ours, theirs = session.get_one(ShopperTable, kept), session.get_one(ShopperTable, merged)
    wish = _take_wish(session, kept, merged, now)
    said: Limits = {"profile": [], "mutes": _take_mutes(session, kept, merged), "wish": wish}
    for column in ("restricted_at", "objected_at", "email"):
        if getattr(ours, column) is None and getattr(theirs, column) is not None:
            setattr(ours, column, getattr(theirs, column))
            said["profile"].append([column, None, getattr(theirs, column)])
    session.flush()
    ended = end_messages(session, kept, frozenset(), now) if ours.restricted_at is not None else []
    return said, ended


def give_back_limits(session: Session, kept: str, said: Limits) -> None:
    """The kept profile has again what it had, but for what was changed since."""
    ours = session.get_one(ShopperTable, kept)
    for column, before, after in said.get("profile", []):
        if getattr(ours, column) == after:
            setattr(ours, column, before)
    for kind, store, name in said.get("mutes", []):
        table = table_of(MuteTable)
        mine = (table.c.shopper_id == kept) & (table.c.kind == kind) & (table.c.store == store) & (table.c.name == name)
        session.connection().execute(delete(table).where(mine))
    for before, after in said.get("wish", []):
        row = session.get(WishTable, kept)
        if row is not None and _wish(row) == after:
            session.delete(row)
            session.flush()
            if before is not None:
                session.add(WishTable(shopper_id=kept, **before))
    session.flush()


def _take_mutes(session: Session, kept: str, merged: str) -> list[list[str]]:
    mine, theirs = _mutes(session, kept), _mutes(session, merged)
    new = sorted(set(theirs) - set(mine))
    rows = [{"shopper_id": kept, "kind": k, "store": s, "name": n, "at": theirs[k, s, n]} for k, s, n in new]
    upsert(session, MuteTable, rows)
    return [list(key) for key in new]


def _mutes(session: Session, shopper_id: str) -> dict[tuple[str, str, str], float]:
    rows = session.exec(select(MuteTable).where(col(MuteTable.shopper_id) == shopper_id))
    return {(row.kind, row.store, row.name): row.at for row in rows}


def _take_wish(session: Session, kept: str, merged: str, now: float) -> list[list[Any]]:
    """What the kept profile had, or None, and has now; empty where nothing changed."""
    ours, theirs = session.get(WishTable, kept), session.get(WishTable, merged)
    if theirs is None:
        return []
    before = None if ours is None else _wish(ours)
    stricter = _stricter(before or dict.fromkeys(_WISHES), _wish(theirs))
    if before is not None and all(before[name] == stricter[name] for name in _WISHES):
        return []
    after = stricter | {"at": now}
    upsert(session, WishTable, [{"shopper_id": kept, **after}], replace=list(after))
    if ours is not None:
        session.refresh(ours)
    return [[before, after]]


def _wish(row: WishTable) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*_WISHES, "at")}


def _stricter(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The smaller of two caps, and the shortest time of quiet that has both."""
    caps = {
        name: min((w[name] for w in (one, other) if w[name] is not None), default=None)
        for name in ("per_day", "per_week")
    }
    quiet = [
        Hours.model_validate({"from": w["quiet_from"], "to": w["quiet_to"]})
        for w in (one, other)
        if w["quiet_from"] is not None and w["quiet_to"] is not None
    ]
    if not quiet:
        return caps | {"quiet_from": None, "quiet_to": None}
    both = quiet[0].spanning(quiet[-1])
    return caps | {"quiet_from": both.from_, "quiet_to": both.to}
