"""Which requests to the e-shop are under way, and which are equal: of two of one person one goes on.

Where two profiles that asked for the same become one, what the e-shop has goes on before what it has not, and of two on
their way the earlier. What the e-shop has is never withdrawn: it may be packing it. Should a withdrawn request turn out
to have reached it after all, its order says so. A split sends the other one, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from engine.storage.models.commerce import AskedOrderTable
from engine.vocabulary import AskedState

OVER = (AskedState.DONE, AskedState.REFUSED, AskedState.SENT, AskedState.WITHDRAWN)
"""What was sent is the last that many shop systems say of an order."""
STALE_S = 30 * 86_400.0
"""Of what no word has come for so long none is awaited: it keeps nobody from asking anew."""
_NOT_THERE = (AskedState.ASKED, AskedState.UNDELIVERED)

Wanted = tuple[str, str, str, str]
"""What is asked for, wherever its shopper stands: sku, variant, way, and the store where it is fetched."""


def is_open(now: float) -> ColumnElement[bool]:
    """Of a row: it is under way, and word of it is awaited."""
    table = AskedOrderTable
    return col(table.state).not_in(OVER) & (col(table.changed_at) > now - STALE_S)


def under_way(session: Session, person: Sequence[str], wanted: Wanted, now: float) -> AskedOrderTable | None:
    """A request for the same of any of these profiles, the earliest; locked."""
    table = AskedOrderTable
    sku, variant, way, to_store = wanted
    same = select(table).where(
        col(table.shopper_id).in_(person),
        col(table.sku) == sku,
        col(table.variant) == variant,
        col(table.way) == way,
        col(table.to_store) == to_store,
        is_open(now),
    )
    return session.exec(same.order_by(col(table.asked_at)).with_for_update()).first()


def fold_orders(session: Session, kept: str, now: float) -> list[AskedOrderTable]:
    """Withdraws what this profile asks for twice since another one's requests have become its own, and gives those."""
    table = AskedOrderTable
    mine = select(table).where(col(table.shopper_id) == kept, is_open(now))
    equal: dict[Wanted, list[AskedOrderTable]] = defaultdict(list)
    for row in session.exec(mine.order_by(col(table.asked_at), col(table.request_id)).with_for_update()):
        equal[_to_wanted(row)].append(row)
    over = []
    for same in equal.values():
        same.sort(key=lambda row: (row.state in _NOT_THERE, row.state == AskedState.UNDELIVERED))
        over += [row for row in same[1:] if row.state in _NOT_THERE]
    for row in over:
        row.state, row.changed_at = AskedState.WITHDRAWN, now
    session.flush()
    return over


def unfold_orders(
    session: Session, request_ids: Sequence[str], person_of: Callable[[str], Sequence[str]], now: float
) -> list[AskedOrderTable]:
    """After a split: those go on that nothing else of their person asks for meanwhile. One whose day is over is
    undelivered, so that its shopper sees it and may send it again."""
    back = []
    for request_id in sorted(request_ids):
        row = session.get(AskedOrderTable, request_id, with_for_update=True)
        if row is None or row.state != AskedState.WITHDRAWN:
            continue  # forgotten, or the e-shop had it after all
        session.flush()
        if under_way(session, person_of(row.shopper_id), _to_wanted(row), now) is None:
            row.state = AskedState.UNDELIVERED if row.expires_at <= now else AskedState.ASKED
            row.changed_at, row.not_before = now, now
            back.append(row)
    session.flush()
    return back


def _to_wanted(row: AskedOrderTable) -> Wanted:
    return row.sku, row.variant, row.way, row.to_store
