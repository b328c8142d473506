"""The stores of the site as HQ's campaigns are given to them, by a caller who may edit campaigns there."""

from __future__ import annotations

import time
from functools import partial

from api.campaigns.desk import needs_four_eyes
from api.context import AppContext
from api.keyring import Grant
from engine.errors import OperatorError, Problem
from engine.offers.hq.campaigns import HqCampaign
from engine.offers.law.rows import day_at
from engine.plan.load import store_folders
from engine.storage.vouchers.hq.giving import GivenOut, HqStore, compare_hq_campaign, give_hq_campaign
from engine.storage.vouchers.hq.listed import hq_stores
from engine.vocabulary import Right


def stores_of(ctx: AppContext, grant: Grant) -> list[str]:
    """The stores in which the caller may edit campaigns, by id."""
    return [store for store in sorted(ctx.plans) if grant.may(Right.EDIT_CAMPAIGNS, store)]


def look_hq(ctx: AppContext, grant: Grant, found: HqCampaign, *, drafts: bool = False) -> GivenOut:
    """What giving it out would come to in each store. Raises OperatorError."""
    _require_plans(ctx, found)
    above = ctx.config.offers.four_eyes_above_minor
    return compare_hq_campaign(ctx.db, found, _sites(ctx, grant), above_minor=above, drafts=drafts)


def give_hq(ctx: AppContext, grant: Grant, found: HqCampaign, version: int | None, *, drafts: bool = False) -> GivenOut:
    """Writes it and gives it out; `version` is what the caller had read. Raises CampaignChanged, OperatorError."""
    _require_plans(ctx, found)
    return give_hq_campaign(
        ctx.db,
        found,
        _sites(ctx, grant),
        time.time(),
        by=grant.actor,
        expected=version,
        above_minor=ctx.config.offers.four_eyes_above_minor,
        drafts=drafts,
    )


def _require_plans(ctx: AppContext, found: HqCampaign) -> None:
    """Pages of a cluster run beside a floor plan with a mistake: what its store has of HQ would be ended there, as in a
    store that is no more. Raises OperatorError."""
    ours = ctx.config.stores
    waiting = set(ours.stores or store_folders(ours.floorplans_dir)) - ctx.plans.keys()
    kept = hq_stores(ctx.db, found.id) & waiting & set(found.of({*ctx.plans, *waiting})) if waiting else ()
    fix = "mend it and start the pages anew, or leave the store out"
    problems = [Problem("", "stores", f"{store} waits for its floor plan to be mended", fix) for store in sorted(kept)]
    if problems:
        raise OperatorError(problems)


def _sites(ctx: AppContext, grant: Grant) -> dict[str, HqStore]:
    now, plans = time.time(), {store: ctx.plans[store] for store in stores_of(ctx, grant)}
    return {
        store: HqStore(plan, day_at(now, plan.timezone), partial(needs_four_eyes, ctx, store))
        for store, plan in plans.items()
    }
