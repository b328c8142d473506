"""What became of every voucher, out of the database and off the screens, and what of it is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, DeliveryTable, VoucherTable
from engine.vocabulary import DeliveryState, VoucherState
from tests.delivered.crowd import Seen


@dataclass
class Account:
    """By kind of phone how vouchers ended; `faults` are the sentences that should not be there."""

    ends: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def over(db: Database, vouchers: set[str]) -> bool:
    """Whether no message waits any more."""
    with db.read() as session:
        waiting = session.exec(select(DeliveryTable.voucher_id).where(DeliveryTable.state == DeliveryState.PENDING))
        return vouchers.isdisjoint(waiting)


def account(db: Database, kinds: dict[str, str], seen: Seen, campaign_id: str) -> Account:
    """`kinds`: voucher id -> the kind of its phone. Every one is delivered once, or given back with a reason."""
    told = Account()
    with db.read() as session:
        rows = {r.voucher_id: r for r in session.exec(select(DeliveryTable))}
        states = {v.voucher_id: (v.state, v.holds_slot) for v in session.exec(select(VoucherTable))}
        used = session.exec(select(CampaignTable.vouchers_used).where(col(CampaignTable.campaign_id) == campaign_id))
        spent = used.one()
    for voucher, kind in kinds.items():
        row, (state, holds_slot), screens = rows[voucher], states[voucher], seen.screens.get(voucher, set())
        if len(screens) > 1:
            told.faults.append(f"{voucher} was on two screens: {sorted(screens)}")
        if screens:
            told.ends[kind, "delivered", row.channel] += 1
            whole = state == VoucherState.DELIVERED and holds_slot and row.state == DeliveryState.ACKNOWLEDGED
        else:
            told.ends[kind, f"given back: {row.reason}", row.channel] += 1
            whole = state == VoucherState.EXPIRED and not holds_slot and row.state == DeliveryState.EXPIRED
            whole = whole and bool(row.reason)
        if not whole or (screens and screens != {row.channel}):
            told.faults.append(f"{voucher} of a phone that is {kind}: {state}, {row.state} {row.reason!r}, {screens}")
    delivered = sum(bool(seen.screens.get(voucher)) for voucher in kinds)
    if spent != delivered:
        told.faults.append(f"the budget says {spent} were delivered, the screens {delivered}")
    return told


def quantiles(took_s: list[float]) -> str:
    """Median, 95 of 100 and the longest."""
    if not took_s:
        return "none"
    median, p95, longest = np.quantile(took_s, [0.5, 0.95, 1.0])
    return f"{len(took_s)} in {median:.2f} s (median), {p95:.2f} s (95 of 100), {longest:.2f} s at most"
