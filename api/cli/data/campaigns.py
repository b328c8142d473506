"""`rayon campaigns apply`: the stores' files against what runs, and taking them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.engine import CONFIG_OPTION
from api.cli.startup import asks_second, read_campaign_files, read_config
from engine.config import Config, StoresConfig
from engine.errors import OperatorError, Problem
from engine.offers.hq.campaigns import load_hq_campaigns
from engine.offers.law.rows import day_at
from engine.offers.lifecycle import FROM_FILE
from engine.plan.load import PLAN_FILE, load_plans
from engine.storage.accounts.audit import Actor
from engine.storage.database import open_database
from engine.storage.upkeep.copies import require_database
from engine.storage.vouchers.campaign_files import apply_campaigns, compare_campaigns
from engine.storage.vouchers.hq.giving import HqStore, compare_hq_campaign, give_hq_campaign

campaigns_app = typer.Typer(
    name="campaigns", help="Campaigns of the stores' files.", no_args_is_help=True, rich_markup_mode="rich"
)


def register(app: typer.Typer) -> None:
    """Adds `campaigns` and its command."""
    app.add_typer(campaigns_app)


@campaigns_app.callback()
def _campaigns() -> None:
    """Campaigns of the stores' files."""


@campaigns_app.command("apply")
def apply(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="One store's folder; without it, all stores of the site.")
    ] = None,
    hq: Annotated[
        Path | None, typer.Option("--hq", metavar="FILE", help="HQ's file of campaigns for several stores instead.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Take over edited campaigns.yaml files: what is new, what changed and what ended, each with its keys.

    A running engine follows within a second. Vouchers that were issued keep their terms, what was spent stays spent,
    and a campaign that a manager has paused stays paused unless the file names a state. Campaigns that managers made
    themselves are left alone. What may spend more than offers.four_eyes_above_minor comes as a draft, which another
    person has to approve in the console.

    With --hq FILE the campaigns of HQ are given to the stores they name: who gets it, who cannot have it and why, and
    what each store keeps of its own.

    Example: rayon campaigns apply floorplans/boutique --dry-run
    """
    site = read_config(config)
    if hq is not None:
        _apply_hq(hq, folder, site, dry_run=dry_run)
        return
    url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
    require_database(url)
    home = site.stores.floorplans_dir if folder is None else folder.resolve().parent
    if folder is not None:
        _require_served(folder, site.stores)
    plans = load_plans(home, site.stores.stores if folder is None else [folder.resolve().name])
    files = read_campaign_files(home, plans)
    if not files:
        raise OperatorError([Problem(str(folder or home), "campaigns.yaml", "there is none", "write one first")])
    db = open_database(url)
    try:
        for store, campaigns in files.items():
            second = asks_second(site, plans[store])
            found = (
                compare_campaigns(db, store, campaigns, second)
                if dry_run
                else apply_campaigns(db, store, campaigns, time.time(), second)
            )
            for difference in found:
                print(f"{store}: {difference}")
            said = "would change" if dry_run else "changed"
            print(f"{store}: {len(found)} of {len(campaigns)} {said}" if found else f"{store}: runs as its file says")
    finally:
        db.close()


def _apply_hq(file: Path, folder: Path | None, site: Config, *, dry_run: bool) -> None:
    """Gives HQ's campaigns to the stores of the site. Raises OperatorError."""
    if folder is not None:
        raise OperatorError([Problem(str(folder), "DIR", "does not go with --hq", "leave one of them out")])
    url = os.environ.get("RAYON_DATABASE_URL", site.storage.url)
    require_database(url)
    campaigns = load_hq_campaigns(file, [segment.name for segment in site.segments])
    plans = load_plans(site.stores.floorplans_dir, site.stores.stores)
    now, above_minor = time.time(), site.offers.four_eyes_above_minor
    stores = {name: HqStore(plan, day_at(now, plan.timezone), asks_second(site, plan)) for name, plan in plans.items()}
    db = open_database(url)
    try:
        for campaign in campaigns:
            if dry_run:
                given = compare_hq_campaign(db, campaign, stores, above_minor=above_minor)
            else:
                given = give_hq_campaign(db, campaign, stores, now, by=Actor(FROM_FILE), above_minor=above_minor)
            print(f"{campaign.id}: version {given.version}" + (" if it were applied" if dry_run else ""))
            for outcome in given.stores:
                print(f"  {outcome}")
    finally:
        db.close()


def _require_served(folder: Path, stores: StoresConfig) -> None:
    """Campaigns of a store that no engine runs would lie in the database unseen. Raises OperatorError."""
    name, home = folder.resolve().name, stores.floorplans_dir
    served = stores.stores or sorted(path.parent.name for path in home.glob(f"*/{PLAN_FILE}"))
    if name in served:
        return
    there = f"one of {', '.join(served)}" if served else f"{home} holds no store"
    reason = f"this site does not serve the store {name!r}: nothing would run its campaigns"
    fix = f"{there}; or add it to stores.stores and {home}, or give its site's --config"
    raise OperatorError([Problem(str(folder), "(store)", reason, fix)])
