"""HQ's campaign is written: every store of it gets its own, and what stores have changed stays where it may."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from sqlmodel import Session, col, select

from engine.errors import Problem
from engine.offers.campaigns import Campaign, CampaignState
from engine.offers.hq.campaigns import HqCampaign
from engine.offers.hq.spread import LocalTerms, local_terms, require_one_currency, store_findings
from engine.offers.hq.terms import terms_of
from engine.offers.hq.together import together_need_second
from engine.offers.lifecycle import SPEAKS, NeedsSecond, as_draft_if, state_after_edit
from engine.plan.model import Plan
from engine.storage.accounts.audit import Actor, note
from engine.storage.database import Database
from engine.storage.models.vouchers import CampaignTable, HqCampaignTable, HqInstanceTable, HqRevisionTable
from engine.storage.upserts import named_lock, upsert
from engine.storage.versions import bump
from engine.storage.vouchers.rows.revisions import signatures_in
from engine.storage.vouchers.rows.specs import read_spec
from engine.storage.vouchers.rows.writing import CampaignChanged, put_values
from engine.vocabulary import AuditAction
from engine.wording import MistakeCode


class StoreChange(StrEnum):
    """What HQ's version comes to in a store."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    LEFT_OUT = "left_out"  # it cannot have the campaign
    ENDED = "ended"  # it had it, and cannot any more or is no longer among the stores


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """One store: what is changed there; why it is left out; the keys that it keeps of its own, and those of them that
    are outside HQ's limits by now. `waits`: it is a draft there until a second person approves it. `campaign` is what
    the store would have, where that was only looked at; None where it has none."""

    store: str
    change: StoreChange
    why: tuple[Problem, ...] = ()
    kept: tuple[str, ...] = ()
    lost: tuple[Problem, ...] = ()
    waits: bool = False
    campaign: Campaign | None = None

    def __str__(self) -> str:
        said = [f"{self.store}: {self.change.value.replace('_', ' ')}"]
        said += [f"{p.place} {p.reason}" + (f" ({p.fix})" if p.fix else "") for p in self.why]
        said += [f"keeps its own {', '.join(self.kept)}"] if self.kept else []
        said += [f"loses its own: {p.place} {p.reason}" + (f" ({p.fix})" if p.fix else "") for p in self.lost]
        said += ["a draft: its budget asks for a second person"] if self.waits else []
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class HqStore:
    """A store of the site: its plan, the day whose law it is held to, and which campaigns need a second person."""

    plan: Plan
    on: dt.date | None
    second: NeedsSecond


@dataclass(frozen=True, slots=True)
class GivenOut:
    """HQ's campaign in its version, and what that comes to in each store."""

    version: int
    stores: tuple[StoreOutcome, ...]
    waits: bool = False  # for a second person, who approves it for all its stores


def compare_hq_campaign(
    db: Database,
    hq: HqCampaign,
    stores: Mapping[str, HqStore],
    *,
    above_minor: int | None = None,
    drafts: bool = False,
) -> GivenOut:
    """What giving it out would do. All else is as in `give_hq_campaign`."""
    with db.read() as session:
        row = session.get(HqCampaignTable, hq.id)
        waits = _waits(row, hq, stores, above_minor)
        found = [
            replace(outcome, campaign=None if outcome.change is StoreChange.ENDED else campaign)
            for outcome, campaign in _outcomes(session, hq, stores, waits=waits, drafts=drafts, lock=False)
        ]
        return GivenOut(_next_version(row, hq), tuple(found), waits)


def give_hq_campaign(
    db: Database,
    hq: HqCampaign,
    stores: Mapping[str, HqStore],
    now: float,
    *,
    by: Actor,
    expected: int | None = None,
    above_minor: int | None = None,
    drafts: bool = False,
) -> GivenOut:
    """Writes HQ's campaign and gives it to its stores, in one transaction. `stores` are all of the site.

    Each store has a campaign of its own under the same id, with its own budget, state and history; what it has spent
    stays spent, and its state stays unless HQ's names one. Terms that need a second person come as drafts. A store that
    lacks what the campaign names, or has one of its own under this id, is left out and named. What all stores may spend
    together needs a second person above `above_minor` (None: nothing does): a new version waits for one, and is a draft
    in every store until then. With `drafts` stores that are new to it get a draft, as by a form. `expected` is the
    version that HQ had read, 0 for none: raises CampaignChanged where there is another by now, and OperatorError where
    stores of several currencies would share an amount.
    """
    with db.write() as session:
        named_lock(session, "hq_campaigns")  # before the stores' rows; claims take those first, and HQ's row after them
        row = session.get(HqCampaignTable, hq.id)
        if expected is not None and expected != (0 if row is None else row.version):
            raise CampaignChanged("HQ's campaign has another version by now: read it again")
        version, outcomes = _next_version(row, hq), []
        waits = _waits(row, hq, stores, above_minor)
        for outcome, campaign in _outcomes(session, hq, stores, waits=waits, drafts=drafts, lock=True):
            outcomes.append(outcome)
            _write(session, hq, outcome, campaign, version, now, by.name)
        if row is None or row.version != version:
            session.add(HqRevisionTable(campaign_id=hq.id, version=version, spec=_spec(hq), by=by.name, at=now))
        values = {"version": version, "spec": _spec(hq), "budgeted": hq.is_budgeted, "by": by.name, "at": now}
        values |= {"waits": waits}
        upsert(session, HqCampaignTable, [{"campaign_id": hq.id, **values}], replace=tuple(values))
        changed = [o.store for o in outcomes if o.change not in (StoreChange.SAME, StoreChange.LEFT_OUT)]
        if changed:
            bump(session, changed, "campaigns")
        for outcome in outcomes:
            said = {"change": outcome.change.value, "version": str(version)}
            note(session, by, AuditAction.HQ_CAMPAIGN_WRITTEN, now, store=outcome.store, subject=hq.id, **said)
        return GivenOut(version, tuple(outcomes), waits)


def _waits(row: HqCampaignTable | None, hq: HqCampaign, stores: Mapping[str, HqStore], above_minor: int | None) -> bool:
    """Whether this version waits for a second person: what was approved as it is does not."""
    sites = [stores[store] for store in hq.of(stores) if store in stores]
    plans = [site.plan for site in sites if not store_findings(hq, site.plan, site.on)]
    if not together_need_second(hq, plans, above_minor):
        return False
    return row is None or row.waits or row.spec != _spec(hq)


def _next_version(row: HqCampaignTable | None, hq: HqCampaign) -> int:
    return 1 if row is None else row.version + (row.spec != _spec(hq))


def _spec(hq: HqCampaign) -> str:
    return hq.model_dump_json(by_alias=True)


def _outcomes(
    session: Session, hq: HqCampaign, stores: Mapping[str, HqStore], *, waits: bool, drafts: bool, lock: bool
) -> Iterator[tuple[StoreOutcome, Campaign | None]]:
    """Every store that has it or is to have it, by id, with what is to be written there; None: nothing."""
    links = {
        link.store: link
        for link in session.exec(select(HqInstanceTable).where(col(HqInstanceTable.campaign_id) == hq.id))
    }
    wanted = hq.of(stores)
    require_one_currency(hq, [stores[store].plan for store in wanted if store in stores])
    for store in sorted({*wanted, *links}):
        row = session.get(CampaignTable, (store, hq.id), with_for_update=lock, populate_existing=True)
        site = stores.get(store) if store in wanted else None
        why = _check_left_out(hq, site, links.get(store), row) if store in wanted else ()
        if site is None or why:
            yield _without(store, row if store in links else None, why)
        else:
            outcome, campaign = _hold_back(_with(session, hq, site, links.get(store), row), row, waits)
            yield outcome, as_draft_if(campaign, drafts and outcome.change is StoreChange.NEW)


def _check_left_out(
    hq: HqCampaign, site: HqStore | None, link: HqInstanceTable | None, row: CampaignTable | None
) -> tuple[Problem, ...]:
    if site is None:
        return (Problem("", "stores", "the site has no such store", "use the name of its folder"),)
    if row is not None and link is None:
        reason, fix = "the store has a campaign of its own of this id", "give one of them another id"
        return (Problem("", "id", reason, fix, code=MistakeCode.HQ_OWN_CAMPAIGN),)
    return tuple(store_findings(hq, site.plan, site.on))


def _without(store: str, row: CampaignTable | None, why: tuple[Problem, ...]) -> tuple[StoreOutcome, Campaign | None]:
    """A store that does not have it, or no longer: what it had is ended."""
    runs = None if row is None else read_spec(row.spec).campaign
    if runs is None or runs.state is CampaignState.ENDED:
        return StoreOutcome(store, StoreChange.LEFT_OUT, why), None
    return StoreOutcome(store, StoreChange.ENDED, why), runs.model_copy(update={"state": CampaignState.ENDED})


def _with(
    session: Session, hq: HqCampaign, site: HqStore, link: HqInstanceTable | None, row: CampaignTable | None
) -> tuple[StoreOutcome, Campaign]:
    runs = None if row is None else read_spec(row.spec).campaign
    outcome = partial(StoreOutcome, site.plan.store)
    if link is None or runs is None:
        waits = hq.campaign.state in SPEAKS and site.second(hq.campaign)
        return outcome(StoreChange.NEW, waits=waits), as_draft_if(hq.campaign, waits)
    local = local_terms(hq, site.plan, json.loads(link.given), runs, site.on)
    wanted, waits = _in_state(session, hq, site, local, runs)
    change = StoreChange.SAME if wanted == runs else StoreChange.CHANGED
    return outcome(change, kept=local.kept, lost=local.lost, waits=waits), wanted


def _hold_back(
    found: tuple[StoreOutcome, Campaign], row: CampaignTable | None, waits: bool
) -> tuple[StoreOutcome, Campaign]:
    """A store's campaign as it may be while HQ's version waits for a second person: it speaks nowhere."""
    outcome, wanted = found
    if not waits:
        return found
    draft = as_draft_if(wanted, wanted.state in SPEAKS)
    if outcome.change is not StoreChange.NEW:
        runs = None if row is None else read_spec(row.spec).campaign
        outcome = replace(outcome, change=StoreChange.SAME if draft == runs else StoreChange.CHANGED)
    return replace(outcome, waits=outcome.waits or draft.state is CampaignState.DRAFT), draft


def _in_state(
    session: Session, hq: HqCampaign, site: HqStore, local: LocalTerms, runs: Campaign
) -> tuple[Campaign, bool]:
    """The store's campaign in the state that it is to have, and whether it waits for a second person."""
    wanted, second = local.campaign, site.second(local.campaign)
    is_new = terms_of(wanted) != terms_of(runs)
    if "state" in hq.campaign.model_fields_set:
        state = hq.campaign.state
    else:
        state = state_after_edit(runs.state, second=second, terms_changed=is_new and second)
    waits = second and is_new and state in SPEAKS
    if second and not is_new and state in SPEAKS and runs.state is not state:
        waits = not signatures_in(session, site.plan.store, runs.id).four_eyes
    waits = waits or (second and is_new and state is CampaignState.DRAFT)
    return as_draft_if(wanted.model_copy(update={"state": state}), waits), waits


def _write(
    session: Session,
    hq: HqCampaign,
    outcome: StoreOutcome,
    campaign: Campaign | None,
    version: int,
    now: float,
    by: str,
) -> None:
    if campaign is None:
        return
    if outcome.change is not StoreChange.SAME:
        put_values(session, outcome.store, campaign, now, by=by)
    if outcome.change is not StoreChange.ENDED:
        given = json.dumps(hq.store_terms(), ensure_ascii=False)
        values = {"store": outcome.store, "campaign_id": hq.id, "version": version, "given": given}
        upsert(session, HqInstanceTable, [values], replace=("version", "given"))
