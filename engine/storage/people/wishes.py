"""What shoppers want less of: kept until they take it back, and read by every decision about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.offers.caps import WEEK_S
from engine.offers.hours import Hours
from engine.offers.wishes import NO_WISHES, Mute, Wishes
from engine.storage.database import Database
from engine.storage.models.shoppers import DeviceLinkTable, ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.models.wishes import MuteTable, WishTable
from engine.storage.upserts import table_of, upsert
from engine.storage.versions import bump
from engine.vocabulary import MuteKind

MOST_MUTES = 200  # of one shopper: every decision about them reads all


@dataclass(frozen=True, slots=True)
class KeptMute:
    """A mute, and since when (s UTC)."""

    mute: Mute
    at: float


def wishes_of(session: Session, shopper_ids: Collection[str]) -> dict[str, Wishes]:
    """The wishes of those who have any."""
    muted: dict[str, set[Mute]] = {}
    for mute in session.exec(select(MuteTable).where(col(MuteTable.shopper_id).in_(shopper_ids))):
        muted.setdefault(mute.shopper_id, set()).add(_mute(mute))
    found = {who: Wishes(frozenset(mutes)) for who, mutes in muted.items()}
    for row in session.exec(select(WishTable).where(col(WishTable.shopper_id).in_(shopper_ids))):
        mutes = found.get(row.shopper_id, NO_WISHES).mutes
        found[row.shopper_id] = Wishes(mutes, row.per_day, row.per_week, _quiet(row))
    return found


def get_wishes(db: Database, shopper_id: str) -> Wishes:
    """One shopper's."""
    with db.read() as session:
        return wishes_of(session, [shopper_id]).get(shopper_id, NO_WISHES)


def mutes_of(db: Database, shopper_id: str) -> list[KeptMute]:
    """What a shopper has muted, the latest first."""
    with db.read() as session:
        rows = session.exec(
            select(MuteTable)
            .where(col(MuteTable.shopper_id) == shopper_id)
            .order_by(col(MuteTable.at).desc(), col(MuteTable.kind), col(MuteTable.store), col(MuteTable.name))
        )
        return [KeptMute(_mute(row), row.at) for row in rows]


def put_mute(db: Database, shopper_id: str, mute: Mute, at: float) -> bool:
    """Mutes; whether it was not muted before. Raises NotFound for a shopper that was erased, BusinessRefusal where
    MOST_MUTES are kept."""
    with db.write() as session:
        _lock(session, shopper_id)
        key = {"shopper_id": shopper_id, "kind": mute.kind, "store": mute.store, "name": mute.name}
        if session.get(MuteTable, tuple(key.values())) is not None:
            return False
        if session.exec(select(func.count()).where(col(MuteTable.shopper_id) == shopper_id)).one() >= MOST_MUTES:
            raise BusinessRefusal(f"{MOST_MUTES} things are muted: mute the store, or take one back")
        session.add(MuteTable(**key, at=at))
        session.flush()
        _tell_engines(session, shopper_id)
        return True


def undo_mute(db: Database, shopper_id: str, mute: Mute) -> bool:
    """Takes a mute back; whether there was one."""
    with db.write() as session:
        table = table_of(MuteTable)
        gone = session.connection().execute(
            delete(table).where(
                table.c.shopper_id == shopper_id,
                table.c.kind == mute.kind,
                table.c.store == mute.store,
                table.c.name == mute.name,
            )
        )
        if gone.rowcount:
            _tell_engines(session, shopper_id)
        return bool(gone.rowcount)


def put_wishes(
    db: Database, shopper_id: str, per_day: int | None, per_week: int | None, quiet: Hours | None, at: float
) -> None:
    """How often at most, and when not. Raises NotFound for a shopper that was erased."""
    with db.write() as session:
        _lock(session, shopper_id)
        said = {
            "per_day": per_day,
            "per_week": per_week,
            "quiet_from": quiet.from_ if quiet else None,
            "quiet_to": quiet.to if quiet else None,
            "at": at,
        }
        upsert(session, WishTable, [{"shopper_id": shopper_id, **said}], replace=list(said))
        _tell_engines(session, shopper_id)


def messages_since(db: Database, shopper_id: str, since: float) -> int:
    """How many coupons reached the shopper, or are on their way, after `since` (s UTC)."""
    with db.read() as session:
        return int(
            session.exec(
                select(func.count())
                .select_from(VoucherTable)
                .where(
                    col(VoucherTable.shopper_id) == shopper_id,
                    col(VoucherTable.holds_slot),
                    col(VoucherTable.issued_at) > since,
                )
            ).one()
        )


def messages_of_week(db: Database, shopper_id: str, now: float) -> int:
    """The same in the last seven days: the window of the caps."""
    return messages_since(db, shopper_id, now - WEEK_S)


def forget_wishes(session: Session, shopper_id: str) -> None:
    """The shopper is erased."""
    for table in (table_of(MuteTable), table_of(WishTable)):
        session.connection().execute(delete(table).where(table.c.shopper_id == shopper_id))


def _lock(session: Session, shopper_id: str) -> None:
    if session.get(ShopperTable, shopper_id, with_for_update=True) is None:
        raise NotFound("no such shopper")


def _tell_engines(session: Session, shopper_id: str) -> None:
    """Engines take wishes over with the links, of which the version moves."""
    stores = session.exec(select(DeviceLinkTable.store).where(col(DeviceLinkTable.shopper_id) == shopper_id)).all()
    bump(session, set(stores), "links")


def _mute(row: MuteTable) -> Mute:
    return Mute(MuteKind(row.kind), row.store, row.name)


def _quiet(row: WishTable) -> Hours | None:
    if row.quiet_from is None or row.quiet_to is None:
        return None
    return Hours.model_validate({"from": row.quiet_from, "to": row.quiet_to})
