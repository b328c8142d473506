"""What of a shopper's points is worth telling: that some end soon, that a reward can be had, that a friend came.

Each is an occasion of its own, decided once; whether anything is said is `engine.offers.messages.choose`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from engine.loyalty.ledger import PROGRAMME
from engine.offers.bought.rewards import Reward
from engine.offers.messages.choose import Occasion
from engine.storage.database import Database
from engine.storage.messages.decisions import Telling, decide_in, skip_decided
from engine.storage.models.ledger import HoldState, HoldTable, LedgerEntryTable, LedgerPostingTable
from engine.storage.models.shoppers import ShopperTable
from engine.vocabulary import Account, MessageKind

DAY_S = 86_400.0
ENDING_S = 14 * DAY_S
"""So long before their end points are worth a message; a day before it is the last moment to say so."""
NEWLY_S = 2 * DAY_S
"""Only what was earned so lately brings a reward into reach."""
FRIEND_S = DAY_S
MOST = 500  # that are decided in one run


@dataclass(frozen=True, slots=True)
class _Worth:
    """Something about a member's points."""

    name: str
    kind: MessageKind
    member: str
    until: float
    words: Mapping[str, Any]


def tell_of_points(db: Database, telling: Telling, rewards: Sequence[Reward], now: float) -> int:
    """Decides of points that end and of rewards in reach, for every member. How many were decided."""
    return _decide(db, telling, [*_ending(db, now), *_in_reach(db, rewards, now)], now)


def tell_of_friends(db: Database, telling: Telling, now: float) -> int:
    """Decides of points that came before their time, since a friend used what was shared."""
    hold = HoldTable
    with db.read() as session:
        rows = session.exec(
            select(hold.key, hold.member, hold.points)
            .where(col(hold.released_by).is_not(None), col(hold.state) == HoldState.RELEASED)
            .order_by(col(hold.release_at).desc(), col(hold.key))
        ).all()
    found = [_Worth(key, MessageKind.FRIEND_CAME, who, now + FRIEND_S, {"points": n}) for key, who, n in rows]
    return _decide(db, telling, found, now)


def _ending(db: Database, now: float) -> Iterable[_Worth]:
    """Of each member what ends next."""
    posting, entry = LedgerPostingTable, LedgerEntryTable
    with db.read() as session:
        rows = session.exec(
            select(col(posting.member), col(entry.expires_at), func.sum(posting.amount))
            .join(entry, (col(entry.programme) == col(posting.programme)) & (col(entry.key) == col(posting.lot)))
            .where(
                col(posting.programme) == PROGRAMME,
                col(posting.account) == Account.AVAILABLE,
                col(entry.expires_at) > now + DAY_S,
                col(entry.expires_at) <= now + ENDING_S,
            )
            .group_by(col(posting.member), col(entry.expires_at))
            .having(func.sum(posting.amount) > 0)
            .order_by(col(entry.expires_at), col(posting.member))
        ).all()
    first: dict[str, _Worth] = {}
    for member, ends_at, points in rows:
        assert ends_at is not None  # as was asked for
        said = {"points": int(points), "ends_at": ends_at}
        worth = _Worth(f"{member}|{ends_at}", MessageKind.POINTS_ENDING, member, ends_at - DAY_S, said)
        first.setdefault(member, worth)
    return first.values()


def _in_reach(db: Database, rewards: Sequence[Reward], now: float) -> Iterable[_Worth]:
    """Of each member who earned lately the dearest reward that their points buy."""
    if not rewards:
        return []
    posting, entry = LedgerPostingTable, LedgerEntryTable
    lately = (
        select(posting.member)
        .join(entry, col(entry.id) == col(posting.entry_id))
        .where(col(entry.at) > now - NEWLY_S, col(posting.account) == Account.AVAILABLE, col(posting.amount) > 0)
    )
    with db.read() as session:
        rows = session.exec(
            select(col(posting.member), func.sum(posting.amount))
            .where(
                col(posting.programme) == PROGRAMME,
                col(posting.account) == Account.AVAILABLE,
                col(posting.member).in_(lately),
            )
            .group_by(col(posting.member))
            .having(func.sum(posting.amount) >= min(r.points for r in rewards))
            .order_by(col(posting.member))
        ).all()
    found = []
    for member, points in rows:
        best = max((r for r in rewards if r.points <= points), key=lambda r: (r.points, r.id))
        said = {"points": int(points), "reward": {"fr": best.texts.fr.title, "en": best.texts.en.title}}
        found.append(_Worth(f"{member}|{best.id}", MessageKind.REWARD_NEAR, member, now + 7 * DAY_S, said))
    return found


def _decide(db: Database, telling: Telling, found: Iterable[_Worth], now: float) -> int:
    """In a transaction each: one member's caps are no concern of another's."""
    done = 0
    for worth in skip_decided(db, found, lambda worth: (worth.kind, worth.name)):
        if done == MOST:
            break
        with db.write() as session:
            mine = select(ShopperTable.shopper_id, ShopperTable.store).where(
                col(ShopperTable.member_id) == worth.member
            )
            owner = session.exec(mine).first()
            if owner is None:
                continue  # erased: the ledger keeps the points under a name that leads nowhere
            occasion = Occasion(worth.name, worth.kind, owner[0], owner[1], now, worth.until)
            done += decide_in(session, occasion, telling, now, worth.words) is not None
    return done
