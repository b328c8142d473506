"""What is asked in which order. Each step looks at what is there, so that a second call goes on where one ended."""

from __future__ import annotations

import logging
import os
import secrets as randomness
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli.setup.asking import ask_yes, say
from api.cli.setup.broker import configure
from api.cli.setup.files import CONFIG, ENV, EnvFile
from api.cli.setup.heard import Arrivals, hear, tell_points, tell_result
from api.cli.setup.points import place_points
from api.cli.setup.service import UNIT, write_services
from api.cli.setup.source import choose_source
from api.cli.setup.store import choose_store, make_plan
from api.cli.sources.site import DeclaredSite
from engine.config import Config, load_config
from engine.errors import OperatorError
from engine.ingest.sources.declared import Source, Sources
from engine.plan.model import Plan
from engine.privacy.proofs import secret_variable
from engine.privacy.secrets import SECRETS_FILE


def run_steps(folder: Path, listen_s: float) -> None:
    """From nothing to a site that runs, or from where an earlier call ended. Raises OperatorError for files that are
    there and wrong, typer.Abort where it is stopped."""
    with _quiet("rayon.mqtt", "engine.ingest.pollers"):  # what goes wrong is said in the answers
        _run_steps(folder, listen_s)


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _run_steps(folder: Path, listen_s: float) -> None:
    path = folder / CONFIG
    floorplans = folder / load_config(path if path.exists() else None).stores.floorplans_dir
    env = EnvFile(folder / ENV)
    say("Enter takes what stands in brackets.\n\n-- Store and plan")
    store = choose_store(floorplans)
    plan = make_plan(floorplans / store, store)
    say("\n-- Broker and pages")
    config = configure(folder, env)
    if config.stores.stores and store not in config.stores.stores:
        say(f"{path} serves {', '.join(config.stores.stores)} only: add {store} to stores.stores.")
    make_secrets(folder / config.storage.data_dir, store, env)
    say("\n-- Source")
    source = choose_source(folder, config, plan, env)
    say("\n-- Access points, and what arrives")
    _listen(folder, floorplans / store, config, plan, source, env, listen_s)
    say("\n-- Services")
    write_services(folder, config)
    _tell_next(folder, store, config)


def make_secrets(data_dir: Path, store: str, env: EnvFile) -> None:
    """The site's own secrets that are missing. A site key that is in use stays: codes and pseudonyms hang on it."""
    wanted = ["RAYON_MANAGER_KEY", "RAYON_TILL_KEY", secret_variable(store)]
    if not (data_dir / SECRETS_FILE).exists():
        wanted.insert(0, "RAYON_SITE_KEY")
    made = env.add({name: randomness.token_hex(32) for name in wanted})
    if made:
        say(f"{env.path}: {', '.join(made)} made. Only its owner can read it; no key is shown here.")


def _listen(
    folder: Path, plan_folder: Path, config: Config, plan: Plan, source: Source, env: EnvFile, listen_s: float
) -> None:
    """Listens, has access points placed, and listens again, for as long as somebody wants."""
    if source.config.receiver:
        say("Posts come through the running site. In another terminal, and behind your proxy:")
        say(_run_line(folder))
    again = ask_yes("Listen now", default=True)
    while again:
        site = DeclaredSite(config, {plan.store: plan}, Sources([source]))
        heard = _listen_for(site, source, env, listen_s)
        if heard is None:
            again = ask_yes("Listen again", default=False)
            continue
        tell_points(heard, plan)
        tell_result(heard, plan)
        placed = place_points(plan_folder, plan, heard)
        changed, plan = placed is not plan, placed
        again = ask_yes("Listen again", default=changed)


def _listen_for(site: DeclaredSite, source: Source, env: EnvFile, listen_s: float) -> Arrivals | None:
    try:
        return hear(site, source, {**os.environ, **env.values}, listen_s)
    except OperatorError as error:
        for problem in error.problems:
            say(f"  {problem}")
        return None


def _run_line(folder: Path) -> str:
    return f"  cd {folder.resolve()} && set -a && . ./{ENV} && set +a && rayon serve --config {CONFIG}"


def _tell_next(folder: Path, store: str, config: Config) -> None:
    url = config.api.public_url or f"http://{config.api.host}:{config.api.port}"
    say("\n-- Done. The site runs with")
    say(_run_line(folder))
    say(f"or as a service: the first lines of {folder / UNIT} say how. Then")
    say(f"  {url}/manage opens with RAYON_MANAGER_KEY of {folder / ENV}, {url}/till with RAYON_TILL_KEY;")
    say(f"  {url}/w/{store} is where the captive portal sends phones;")
    say(f"  {url}/health/sources/{store} shows what arrives.")
    say("Coupons need a campaigns.yaml beside the plan, and a proof of whose phone it is (operations/phones).")
