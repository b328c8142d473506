"""Whether anything is to be told, of all that leaves by another way than a page: in one look.

A site looks five times a second, and mostly there is nothing: a look at each of them in a transaction of its own, with
a statement put together anew, took four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, literal_column, or_, select

from engine.storage.clerks.pickups import is_untold
from engine.storage.database import Database
from engine.storage.messages.decisions import waits_no_longer
from engine.storage.messages.outgoing import is_to_be_sent
from engine.storage.vouchers.channels import is_on_its_way, is_to_be_taken_back


@dataclass(frozen=True, slots=True)
class DueWork:
    """What there is at least one of: shoppers who came for an order and are to be told, messages that waited for their
    time, messages to be sent, coupons on their way or to be taken back."""

    arrived: bool
    waited: bool
    messages: bool
    coupons: bool


def look_for_due(db: Database, now: float, *, wait_s: float) -> DueWork:
    """What is due at `now` (s UTC), of orders for those who came in `wait_s` ago. Raises StorageUnavailable."""
    with db.read() as session:
        found = session.connection().execute(_look(), {"at": now, "arrived_by": now - wait_s}).one()
    return DueWork(*map(bool, found))


@cache
def _look() -> Any:
    """The statement, built once: that takes longer than what it does."""
    at: BindParameter[float] = bindparam("at")
    arrived_by: BindParameter[float] = bindparam("arrived_by")
    one: Any = literal_column("1")
    coupons = [exists(select(one).where(*is_on_its_way(at))), exists(select(one).where(is_to_be_taken_back()))]
    return select(
        exists(select(one).where(*is_untold(arrived_by))),
        exists(select(one).where(*waits_no_longer(at))),
        exists(select(one).where(*is_to_be_sent(at))),
        or_(*coupons),
    )
