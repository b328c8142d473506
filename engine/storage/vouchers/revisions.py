"""The versions of campaigns: what each said, who wrote it, and who approved the terms that stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import CampaignState
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignRevisionTable, CampaignTable

FROM_FILE = "file"
"""Who wrote what came from `campaigns.yaml`: whoever may edit the site's files."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One version. `spec` is the campaign's JSON as it was written then; `by` is empty where nobody knows."""

    version: int
    state: CampaignState
    spec: str
    by: str
    at: float

    @property
    def terms(self) -> dict[str, Any]:
        """What it said, but for its state."""
        return {key: value for key, value in json.loads(self.spec).items() if key != "state"}


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who wrote the terms that stand, and who has approved them since."""

    author: str
    approvers: frozenset[str]

    @property
    def four_eyes(self) -> bool:
        """Whether somebody else than their author has approved them."""
        return bool(self.approvers - {self.author})


def note_revision(session: Session, row: CampaignTable, by: str) -> None:
    """Writes down the version that a campaign's row holds now."""
    session.add(
        CampaignRevisionTable(
            store=row.store,
            campaign_id=row.campaign_id,
            version=row.version,
            state=row.state,
            spec=row.spec,
            by=by,
            at=row.updated_at,
        )
    )


def revisions(db: Database, store: str, campaign_id: str, *, limit: int = 200) -> list[Revision]:
    """The newest versions of a campaign, newest first; none of one that does not exist."""
    table = CampaignRevisionTable
    with db.read() as session:
        rows = session.exec(
            select(table)
            .where(col(table.store) == store, col(table.campaign_id) == campaign_id)
            .order_by(col(table.version).desc())
            .limit(limit)
        )
        return [Revision(r.version, CampaignState(r.state), r.spec, r.by, r.at) for r in rows]


def signatures(found: list[Revision]) -> Signatures:
    """Of a campaign's versions, newest first, as `revisions` gives them."""
    if not found:
        return Signatures("", frozenset())
    terms = found[0].terms
    same = []
    for revision in found:
        if revision.terms != terms:
            break
        same.append(revision)
    approvers = frozenset(r.by for r in same if r.state is CampaignState.APPROVED)
    return Signatures(same[-1].by, approvers)


def term_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What differs between two campaigns as JSON, by key path: (key, before, after); None where there was nothing."""
    old, new = _flat(before), _flat(after)
    return [
        (key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]


def _flat(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in tree.items():
        out |= _flat(value, f"{at}{key}.") if isinstance(value, Mapping) else {f"{at}{key}": value}
    return out
