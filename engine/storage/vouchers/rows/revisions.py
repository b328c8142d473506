"""The versions of campaigns: what each said, who wrote it, and who approved the terms that stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import CampaignState
from engine.offers.hq.terms import term_changes as term_changes
from engine.offers.lifecycle import FROM_FILE as FROM_FILE
from engine.offers.lifecycle import is_second_person
from engine.storage.database import Database
from engine.storage.keys import key_holders
from engine.storage.models.vouchers import CampaignRevisionTable, CampaignTable


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
        return _terms(self.spec)


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who wrote the terms that stand, and who has approved them since."""

    author: str
    approvers: frozenset[str]
    holders: Mapping[str, str] = field(default_factory=dict)  # accounts that have keys, by fingerprint

    @property
    def four_eyes(self) -> bool:
        """Whether somebody else than their author has approved them."""
        return any(is_second_person(by, self.author, self.holders) for by in self.approvers)


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


def signatures(db: Database, store: str, campaign_id: str) -> Signatures:
    """Who wrote the terms that stand and who approved them, however often the campaign was moved on since.

    Reads back to the version that said something else, a few rows at a time: a move is no authorship, and a version
    that finds the campaign approved is no approval. Nobody of a campaign that does not exist.
    """
    with db.read() as session:
        return signatures_in(session, store, campaign_id)


def signatures_in(session: Session, store: str, campaign_id: str) -> Signatures:
    """The same within the caller's transaction."""
    table = CampaignRevisionTable
    newest_first = (
        select(table.state, table.spec, table.by)
        .where(col(table.store) == store, col(table.campaign_id) == campaign_id)
        .order_by(col(table.version).desc())
        .execution_options(yield_per=100)
    )
    author, approvers, later, spec = "", set(), "", ""
    terms: dict[str, Any] | None = None
    with closing(session.exec(newest_first)) as rows:
        for state, said, by in rows:
            if said != spec:
                spec, read = said, _terms(said)
                if terms is not None and read != terms:
                    break
                terms = read
            if later == CampaignState.APPROVED and state != CampaignState.APPROVED:
                approvers.add(author)
            author, later = by, state
        if later == CampaignState.APPROVED:
            approvers.add(author)
    return Signatures(author, frozenset(approvers), key_holders(session))


def _terms(spec: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(spec).items() if key != "state"}
