"""What names the state that a report is made of, so that who has it already is told so before anything is added up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from api.managers.console.figures.asked import AskedPage, View
from api.managers.spans.days import DaySpan
from api.managers.spans.prints import PlanPrints
from engine import __version__
from engine.config import Config
from engine.plan.model import Plan
from engine.storage.database import Database
from engine.storage.figures.stamps import figures_stamp

STAMPED = frozenset((View.HEAT, View.ZONES, View.FLOWS, View.HOURS, View.TREND, View.QUEUE))
"""Pages of figures alone. The others show coupons and sales too, which change with every shopper and leave no stamp."""
RUNNING_S = 20.0
"""Figures of a day that is not over follow the clock in steps of this length."""
TAG_CHARS = 32


@dataclass(frozen=True, slots=True)
class Stamp:
    """`changes`: how often the store's figures have changed; `plan`: which plan is read with them."""

    changes: int
    plan: str


def read_stamp(db: Database, prints: PlanPrints, plan: Plan) -> Stamp:
    """As of now: one look at one row."""
    return Stamp(figures_stamp(db, plan.store), prints.of(plan))


def is_over(span: DaySpan) -> bool:
    """Whether its last day has ended."""
    return span.to_t >= span.end_t


def report_tag(config: Config, store: str, stamp: Stamp, asked: AskedPage, *form: object) -> str | None:
    """The ETag of a `form` of the report: another one as soon as any figure, name or remark of it may be another. None
    of pages that show more than figures."""
    if asked.view not in STAMPED:
        return None
    span = asked.span
    step = None if is_over(span) else int((span.until or 0.0) // RUNNING_S)
    notes = [(note.code.value, sorted(map(str, note.values.values()))) for note in asked.notes]
    privacy = config.privacy
    parts = (__version__, stamp.changes, stamp.plan, privacy.k, privacy.demo, config.presence.heat_cell_m)
    said = (store, asked.view.value, asked.query(), step, notes)
    return f'"{hashlib.sha256(repr((parts, said, form)).encode()).hexdigest()[:TAG_CHARS]}"'
