"""Which of a site's processes does what has to be done once."""

from __future__ import annotations

import hashlib
import secrets
from functools import partial

from api.context import AppContext
from engine.delivery.housekeeping import Turn
from engine.storage.once.turns import take_turn


def turn_of(ctx: AppContext, name: str, every_s: float) -> Turn | None:
    """Asks for the turn of a group of jobs, every `every_s` of all processes that serve these stores; None on SQLite,
    where one process serves them. Who serves other stores on the same database has turns of its own."""
    if ctx.db.dialect == "sqlite":
        return None
    stores = hashlib.sha256("\n".join(sorted(ctx.plans)).encode()).hexdigest()[:16]
    return partial(take_turn, ctx.db, f"{name} {stores}", secrets.token_hex(8), every_s)
