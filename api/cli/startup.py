"""What `serve`, `engine`, `api` and `demo` do first: read everything, list every mistake, open the database."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.logging import RichHandler

from engine.config import Config, check_controller, check_worth, load_config
from engine.delivery.opening import agreed_by_nobody, list_unasked
from engine.errors import OperatorError, Problem, collect_problems
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.tls import tls_context
from engine.ingest.sources.declared import declare
from engine.offers.bought.rewards import check_rewards
from engine.offers.campaigns import CAMPAIGNS_FILE, Campaign, load_campaigns
from engine.offers.decide import worth_of
from engine.offers.law.rows import day_at
from engine.offers.lifecycle import NeedsSecond, needs_second
from engine.offers.segments.check import check_audiences, check_segments, say_undeclared
from engine.plan.load import load_plans, load_sound_plans, store_folders
from engine.plan.model import Plan
from engine.privacy.secrets import SECRETS_FILE, Secrets, load_secrets
from engine.runtime.memory import keep_few_arenas
from engine.storage.database import Database, ReadsOnly, open_database
from engine.storage.keys import add_first_keys, list_keys
from engine.storage.shards.shards import read_shards
from engine.storage.status import forget_stores
from engine.storage.upkeep.soundness import OTHER_KEY, RIGHT_KEY, code_fits, require_sound
from engine.storage.vouchers.campaign_files import compare_campaigns
from engine.storage.vouchers.campaigns import all_campaigns, seed_campaigns

log = logging.getLogger(__name__)
KEY_LOST = "RAYON_SITE_KEY_LOST"
LOOKED_AT_BYTES = 64 * 2**20  # of a database, at every start: half a second; `rayon doctor` looks at all of it


@dataclass(frozen=True)
class RunningSite:
    """A site ready to run: everything read and checked, the database open and seeded."""

    config: Config
    db: Database
    secrets: Secrets
    plans: Mapping[str, Plan]


def config_path(path: Path | None) -> Path | None:
    """The file that is read: `path`, else ./config.yaml where there is one, else none."""
    here = Path("config.yaml")
    return path if path is not None else here if here.is_file() else None


def read_config(path: Path | None) -> Config:
    """The configuration from `path`, else from ./config.yaml where there is one, else the embedded defaults."""
    return load_config(config_path(path))


def open_site(
    config: Config,
    *,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
    broker: bool = False,
    pages: bool = False,
) -> RunningSite:
    """Reads plans and campaigns (all mistakes at once), then opens the database. Raises OperatorError.

    `file` is where the configuration came from, for what is said of it. `broker` and `pages`: who calls goes on to
    connect, or to serve the HTTP side, so what either needs is looked at before anything is written.
    """
    keep_few_arenas()
    plans = read_plans(config)
    said_in = str(file or "config.yaml")
    drawn = store_folders(config.stores.floorplans_dir)
    ours = {*plans, *(config.stores.stores or drawn)}  # also those that wait for their plan to be mended
    whole = ours == plans.keys()
    with collect_problems() as collect:
        campaigns = collect.read(partial(_seeds, config, plans))
        collect.read(partial(declare, config.sources, plans, environ, said_in, drawn))
        tiers = {tier.name for tier in config.loyalty.tiers}
        collect.read(partial(check_segments, config.segments, plans, tiers, said_in, whole=whole))
        if broker or pages:
            collect.read(partial(check_controller, config, said_in))
        if broker:
            collect.read(partial(tls_context, Broker.from_config(config.mqtt, environ)))
        if pages:
            from api.server import check_pages

            currencies = {plan.currency for plan in plans.values()}
            collect.read(partial(check_worth, config.loyalty, currencies, said_in, whole=whole))
            collect.read(partial(check_rewards, config.loyalty, plans, said_in, whole=whole))
            collect.read(partial(check_pages, config, ours, environ, said_in))
            for key, lacking in list_unasked(config).items():
                log.warning("%s: privacy.asked: %s is not asked for, as %s is not set", said_in, key, lacking)
            for key, consent in agreed_by_nobody(config).items():
                log.warning("%s: %s: nothing goes there, as privacy.asked lacks %s", said_in, key, consent)
    kept = config.storage.data_dir / SECRETS_FILE
    made = not kept.exists()
    secrets = load_secrets(config.storage.data_dir, environ)
    db = open_database(environ.get("RAYON_DATABASE_URL", config.storage.url))
    require_sound(db, LOOKED_AT_BYTES)
    if not code_fits(db, secrets.site_key) and not environ.get(KEY_LOST):
        db.close()
        if made:
            kept.unlink(missing_ok=True)  # nobody needs a key that was made for no site
        raise OperatorError([_other_key("RAYON_SITE_KEY" if environ.get("RAYON_SITE_KEY") else str(kept))])
    if pages:
        _forget_words(config, db, {*ours, *drawn})
    for store, seeds in campaigns.items():
        second = asks_second(config, plans[store])
        seed_campaigns(db, store, seeds, time.time(), second)
        _say_differing(db, store, seeds, second)
    _say_undeclared(db, plans, {one.name for one in config.segments})
    return RunningSite(config, db, secrets, plans)


def _forget_words(config: Config, db: Database, known: set[str]) -> None:
    """Whoever says how stores are waits for no engine of one that the site has no more."""
    if config.cluster is not None:  # the keeper forgets those of which no node has the floor plan
        known |= {one.store for shard in read_shards(db).values() for one in shard.stores}
    try:
        for store in forget_stores(db, known, time.time()):
            log.info("%s has no floor plan any more: nobody waits for its engine", store)
    except ReadsOnly as error:  # for a while, as a rule: pages are served all the same
        log.warning("what engines said of stores without a floor plan stays until the next start: %s", error)


def read_plans(config: Config) -> dict[str, Plan]:
    """The site's floor plans. Raises OperatorError with all mistakes; in a cluster, where no plan is left. There one
    store's mistakes are said and keep no other from running."""
    folder, stores = config.stores.floorplans_dir, config.stores.stores
    if config.cluster is None:
        return load_plans(folder, stores)
    plans, faults = load_sound_plans(folder, stores)
    for store, problems in faults.items():
        for problem in problems:
            log.error("%s waits for its floor plan, and keeps no other store from running: %s", store, problem)
    return plans


def _other_key(place: str) -> Problem:
    """What a site with another key would say of all its phones and coupons: unknown."""
    fix = f"{RIGHT_KEY}. Where it is lost for good, {KEY_LOST}=1 goes on without coupons, sign-ins and phones so far"
    return Problem(place, "site_key", OTHER_KEY, fix)


def refuse_cluster(config: Config, file: Path | None) -> None:
    """One process does not run the stores of a cluster: its leases are the shards'. Raises OperatorError."""
    if config.cluster is not None:
        fix = "`rayon cluster up` runs them, and `rayon api` the pages; without `cluster` one process does"
        raise OperatorError([Problem(str(file or "config.yaml"), "cluster", "spreads the stores over machines", fix)])


def asks_second(config: Config, plan: Plan) -> NeedsSecond:
    """Which campaigns need a second person in the store of this plan."""
    above_minor = config.offers.four_eyes_above_minor
    return lambda campaign: needs_second(campaign, worth_of(campaign, plan), above_minor)


def _say_differing(db: Database, store: str, campaigns: list[Campaign], second: NeedsSecond) -> None:
    """The database's campaigns are what runs: managers edit them there. A file that says otherwise is not heeded."""
    differences = compare_campaigns(db, store, campaigns, second)
    if differences:
        named = ", ".join(f"{d.campaign_id} ({d.change})" for d in differences)
        log.warning(
            "%s: %s differs from the campaigns that run: %s. It is read for new campaigns only; "
            "`rayon campaigns apply` takes the rest, with --dry-run it says what that would change",
            store,
            CAMPAIGNS_FILE,
            named,
        )


def _say_undeclared(db: Database, stores: Collection[str], segments: Collection[str]) -> None:
    """A segment was taken out of the configuration, and campaigns that managers made are for it still."""
    for store in stores:
        for said in (say_undeclared(campaign, segments) for campaign in all_campaigns(db, store)):
            if said:
                log.warning("%s: %s. Declare it under segments, or change the campaign's audience", store, said)


def _seeds(config: Config, plans: Mapping[str, Plan]) -> dict[str, list[Campaign]]:
    """What the stores' files of campaigns say. Raises OperatorError with all mistakes, also of their audiences; in a
    cluster they are said, and keep nothing from running: of such a store runs what the database has."""
    folder, named = config.stores.floorplans_dir, {one.name for one in config.segments}
    found: dict[str, list[Campaign]] = {}
    with collect_problems() as collect:
        for store, plan in plans.items():
            try:
                read = read_campaign_files(folder, {store: plan})
                check_audiences(read, named, folder)
                found |= read
            except OperatorError as error:
                if config.cluster is None:
                    collect.problems += error.problems
                    continue
                for problem in error.problems:
                    log.error("%s: its campaigns stay as they are in the database: %s", store, problem)
    return found


def read_campaign_files(floorplans_dir: Path, plans: Mapping[str, Plan]) -> dict[str, list[Campaign]]:
    """The campaigns of every store that has a file of them. Raises OperatorError with all mistakes of all files."""
    found: dict[str, list[Campaign]] = {}
    with collect_problems() as collect:
        for store, plan in plans.items():
            path = floorplans_dir / store / CAMPAIGNS_FILE
            if path.is_file():
                found[store] = collect.read(partial(load_campaigns, path, plan, day_at(time.time(), plan.timezone)))
    return found


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: whoever called us may put another one there, and close it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def start_logging(*, verbose: bool = False) -> Console:
    """Logs to stderr, so that stdout is for results: for eyes in a terminal, else a whole line each with its day.
    Returns the console for messages and progress."""
    console = Console(stderr=True)
    if console.is_terminal:
        eyes = RichHandler(console=console, show_path=False, markup=False, rich_tracebacks=False)
        logging.basicConfig(level=logging.INFO, format="%(message)s", datefmt="%H:%M:%S", handlers=[eyes], force=True)
    else:
        whole = "%(asctime)s %(levelname)s %(message)s"
        logging.basicConfig(level=logging.INFO, format=whole, handlers=[_StandardError()], force=True)
    for name in ("uvicorn.access", "amqtt", "transitions", "httpx", "alembic", "fontTools"):
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    return console


def make_first_keys(site: RunningSite, stdout: TextIO = sys.stdout) -> None:
    """A new site's keys, made and shown this once: on standard output, which is no log. Does nothing for a site that
    has keys, or gets them from the environment. Called once the site listens: a start that fails has shown none."""
    has = {key.scope for key in list_keys(site.db)}
    has |= {"manager"} if site.secrets.manager_key else set()
    has |= {"till"} if site.secrets.till_key else set()
    if has:
        return
    made = add_first_keys(site.db, time.time())  # before anything is said: the database may take reads only
    print("This site's keys, shown only now (rayon keys makes others, per store, and ends these):", file=stdout)
    for scope, key in made.items():
        print(f"  {scope:8s} {key}", file=stdout)
    stdout.flush()


def print_links(
    console: Console, site: RunningSite, url: str, *, shopper_path: str | None = None, managers: str | None = None
) -> None:
    """One link per audience; `shopper_path` where it is not the first store's sign-in. No key is in any of them.

    `managers` is another address for managers: one that signs them in.
    """
    shopper_path = shopper_path or f"/w/{next(iter(site.plans))}"
    console.print(f"Managers   {managers or f'{url}/manage'}", soft_wrap=True, highlight=False)
    console.print(f"Shoppers   {url}{shopper_path}", soft_wrap=True, highlight=False)
    console.print(f"Tills      {url}/till", soft_wrap=True, highlight=False)
    console.print(f"Health     {url}/health", soft_wrap=True, highlight=False)
    console.print(f"Developers {url}/docs", soft_wrap=True, highlight=False)
