"""Which zones a store's figures are of, and since when: figures before a change of plan are of the zones of then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from engine.plan.model import Plan
from engine.storage.database import Database
from engine.storage.figures.stamps import move_stamp
from engine.storage.models.visits import PlanVersionTable
from engine.storage.upserts import named_lock

DIGEST_CHARS = 16


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan's zones by their ids, found so at `since` (s UTC); `digest` is of their shapes and levels."""

    since: float
    digest: str
    zones: tuple[str, ...]


def plan_digest(plan: Plan) -> str:
    """What figures depend on: zones and levels by id and shape. Names, products, shelves may change without it."""
    parts = [f"{lv.id}|{lv.polygon.normalize().wkt}" for lv in plan.levels]
    parts += [f"{z.id}|{z.level}|{z.polygon.normalize().wkt}" for z in plan.zones]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:DIGEST_CHARS]


def note_plans(db: Database, plans: Iterable[Plan], now: float) -> int:
    """Writes down the plans that are not those of the last note, as of `now`. How many were."""
    noted = 0
    for plan in plans:
        digest = plan_digest(plan)
        with db.write() as session:
            named_lock(session, f"plan_version.{plan.store}")
            last = _last(session, plan.store)
            if last is None or (last.digest != digest and last.since < now):
                zones = json.dumps([zone.id for zone in plan.zones])
                session.add(PlanVersionTable(store=plan.store, since=now, digest=digest, zones=zones))
                move_stamp(session, plan.store)  # what is said beside the figures
                noted += 1
    return noted


def plan_versions(db: Database, store: str) -> list[PlanVersion]:
    """All that were noted, oldest first."""
    with db.read() as session:
        rows = session.exec(
            select(PlanVersionTable).where(col(PlanVersionTable.store) == store).order_by(col(PlanVersionTable.since))
        )
        return [PlanVersion(r.since, r.digest, tuple(json.loads(r.zones))) for r in rows]


def _last(session: Session, store: str) -> PlanVersionTable | None:
    return session.exec(
        select(PlanVersionTable)
        .where(col(PlanVersionTable.store) == store)
        .order_by(col(PlanVersionTable.since).desc())
        .limit(1)
    ).first()
