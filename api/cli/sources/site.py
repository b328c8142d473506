"""The declared sources and their stores, as a running site would read them; names of phones that mean nothing."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from api.cli.startup import config_path, read_config
from engine.config import Config, SourceConfig
from engine.errors import OperatorError, Problem
from engine.ingest.sources.declared import Source, Sources, declare
from engine.ingest.sources.naming import Naming
from engine.ingest.sources.shops import ShopSource, declare_shops
from engine.plan.load import load_plans, store_folders
from engine.plan.model import Plan
from engine.privacy.customers import customer_digest
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.secrets import Secrets


@dataclass(frozen=True)
class DeclaredSite:
    """What `sources:` says, with the plans that it is about."""

    config: Config
    plans: dict[str, Plan]
    sources: Sources

    @property
    def naming(self) -> Naming:
        """Names under a key that is thrown away: what is shown or recorded leads back to no phone, today or later."""
        return Naming(self.plans, self.pseudonyms())

    @property
    def shops(self) -> dict[str, ShopSource]:
        """The shop systems, customers under a key that is thrown away."""
        digest = customer_digest(Secrets(secrets.token_bytes(32)))
        return declare_shops(self.config.sources, self.plans, os.environ, digest)

    @property
    def left_out(self) -> tuple[SourceConfig, ...]:
        """The declared sources of which no store is served here: another process listens to them."""
        shops = self.shops
        return tuple(
            one for one in self.config.sources if self.sources.find(one.name) is None and one.name not in shops
        )

    def pseudonyms(self) -> dict[str, Pseudonyms]:
        """By store, the same for all of them."""
        key, now = secrets.token_bytes(32), time.time()
        return {store: Pseudonyms(key, now) for store in self.plans}


def read_site(path: Path | None) -> DeclaredSite:
    """Raises OperatorError with everything that is wrong, also where no source is declared."""
    config = read_config(path)
    plans = load_plans(config.stores.floorplans_dir, config.stores.stores)
    file = str(config_path(path) or "config.yaml")
    sources = declare(config.sources, plans, os.environ, file, store_folders(config.stores.floorplans_dir))
    if not config.sources:
        raise OperatorError([Problem(file, "sources", "none is declared", "see docs, sources")])
    return DeclaredSite(config, dict(plans), sources)


def source_of(site: DeclaredSite, name: str) -> Source:
    """Raises OperatorError with the names that there are."""
    found = site.sources.find(name)
    if found is None:
        known = ", ".join([*(source.name for source in site.sources), *site.shops])
        if name in [one.name for one in site.left_out]:
            fix = "run this where its stores are served, or add them to stores.stores"
            raise OperatorError([Problem("SOURCE", name, "is left out here: its stores are not served", fix)])
        raise OperatorError([Problem("SOURCE", name, "no such source is declared", f"one of {known}")])
    return found
