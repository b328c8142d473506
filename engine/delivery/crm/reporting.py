"""How customer files do, for the health page and for Prometheus: what waits, since when, and what is dead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.storage.crm.receivers import ReceiverState, receiver_states
from engine.storage.database import Database
from engine.storage.status import CRM, EVERY_STORE, put_status

DEAF_S = 600.0
"""A receiver for which something has waited this long is deaf, and that is shown."""


def report_receivers(db: Database, now: float) -> int:
    """Writes the status of all receivers; 1 where any is deaf or has dead letters."""
    states = receiver_states(db)
    put_status(db, EVERY_STORE, CRM, crm_values(states, now), now)
    return int(any(is_deaf(state, now) or state.dead for state in states))


def crm_values(states: Sequence[ReceiverState], now: float) -> dict[str, Any]:
    """Figures by receiver. `deaf` are seconds since the oldest event that waits, of those that are; `trouble` is
    why, where the receiver itself said."""
    return {
        "waiting": {state.name: state.waiting for state in states},
        "oldest_s": {state.name: round(_age_s(state, now), 1) for state in states},
        "dead": {state.name: state.dead for state in states},
        "deaf_s": {state.name: round(_age_s(state, now), 1) for state in states if is_deaf(state, now)},
        "trouble": {state.name: str(state.trouble) for state in states if state.trouble is not None},
    }


def is_deaf(state: ReceiverState, now: float) -> bool:
    """Whether a receiver takes nothing of what it should have by now."""
    return state.waiting > 0 and _age_s(state, now) >= DEAF_S


def _age_s(state: ReceiverState, now: float) -> float:
    return 0.0 if state.oldest_at is None else max(0.0, now - state.oldest_at)
